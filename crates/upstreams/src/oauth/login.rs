//! A login through the provider.

use async_trait::async_trait;
use dex_connector::{Arrival, Departure, Finish, RedirectLogin, Redirection, Start, UpstreamError};
use dex_upstream_client::{
    Auth, AuthorizationUrl, Call, CallError, Claims, TokenAnswer, expect_callback, returned_code,
};
use http::header;

use super::{OAuth, identity};

#[async_trait]
impl RedirectLogin for OAuth {
    async fn start(&self, login: &Start<'_>) -> Result<Redirection, UpstreamError> {
        let rules = &self.rules;
        expect_callback(&rules.redirect_uri, login.callback)?;
        let url = AuthorizationUrl::new(&rules.authorization_url, &rules.client_id, login.state)
            .redirect_uri(&rules.redirect_uri)
            .scopes(&rules.scopes)
            .build();
        Ok(Redirection { to: Departure::Get(url), data: Vec::new() })
    }

    async fn finish(&self, login: &Finish<'_>) -> Result<Arrival, UpstreamError> {
        let code = returned_code(login.parameters)?;
        self.client
            .login(async {
                let redirect_uri = Some(self.rules.redirect_uri.as_str());
                let answer = self.tokens.exchange_code(&self.client, code, redirect_uri, None).await?;
                let claims = self.userinfo(&answer).await?;
                let (rules, token) = (&self.rules.claims, answer.access_token.expose());
                Ok(identity::of(&claims, rules, token, login.wanted.groups)?.into())
            })
            .await
    }
}

impl OAuth {
    async fn userinfo(&self, answer: &TokenAnswer) -> Result<Claims, CallError> {
        let auth = Auth::Scheme(&answer.token_type, answer.access_token.expose());
        let call = Call::get(&self.rules.user_info_url).auth(auth).header(header::ACCEPT, "application/json");
        self.client.call(call).await?.success()?.json()
    }
}
