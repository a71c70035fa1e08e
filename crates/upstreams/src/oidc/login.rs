//! A login through the provider (connectors-protocol spec, 7.3 and 7.4).

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dex_connector::{Arrival, Departure, Finish, RedirectLogin, Redirection, Start, UpstreamError};
use dex_upstream_client::{AuthorizationUrl, Metadata, Pkce, expect_callback, returned_code};

use super::data::Pending;
use super::{Oidc, data, identity, logout};

#[async_trait]
impl RedirectLogin for Oidc {
    async fn start(&self, login: &Start<'_>) -> Result<Redirection, UpstreamError> {
        let rules = &self.rules;
        expect_callback(&rules.redirect_uri, login.callback)?;
        let upstream = self.client.login(self.upstream()).await?;
        let endpoint = &upstream.provider.metadata.authorization_endpoint;
        let mut url = AuthorizationUrl::new(endpoint, &rules.client_id, login.state)
            .redirect_uri(&rules.redirect_uri)
            .scopes(&rules.scopes);
        if login.wanted.offline_access {
            url = url.set("access_type", "offline");
        }
        let prompt = if login.wanted.offline_access { rules.prompt.as_str() } else { "" };
        for (name, value) in
            [("acr_values", rules.acr_values.as_str()), ("prompt", prompt), ("login_hint", login.login_hint)]
        {
            if !value.is_empty() {
                url = url.set(name, value);
            }
        }
        let mut pending = Pending::default();
        if rules.sends_nonce {
            pending.nonce = URL_SAFE_NO_PAD.encode(dex_jose::random_bytes::<16>());
            url = url.set("nonce", &pending.nonce);
        }
        if let Some(method) = upstream.pkce {
            let pkce = Pkce::generate(method);
            url = pkce.announce(url);
            pending.code_challenge_method = method.as_str().to_owned();
            pending.code_challenge = pkce.verifier;
        }
        Ok(Redirection { to: Departure::Get(url.build()), data: pending.write() })
    }

    async fn finish(&self, login: &Finish<'_>) -> Result<Arrival, UpstreamError> {
        let code = returned_code(login.parameters)?;
        let pending = Pending::read(login.data)?;
        self.client
            .login(async {
                let upstream = self.upstream().await?;
                self.expect_issuer(login.parameters.get("iss"), &upstream.provider.metadata)?;
                let redirect_uri = Some(self.rules.redirect_uri.as_str());
                let redeemed = upstream.tokens.exchange_code(&self.client, code, redirect_uri, pending.verifier());
                let answer = redeemed.await?;
                let Some(id_token) = &answer.id_token else {
                    return Err(UpstreamError::Unacceptable("oidc: no id_token in token response".into()));
                };
                let claims = self.claims(&upstream, &answer, pending.nonce()).await?;
                let mut identity = identity::of(&claims, &self.rules)?;
                identity.connector_data = data::write(answer.refresh_token.as_ref());
                Ok(Arrival { identity, once: None, logout: logout::kept(id_token.expose()) })
            })
            .await
    }
}

impl Oidc {
    /// Whoever answers must be who was asked: they say so if they name themselves, which those who can always do (RFC 9207
    /// §2.4).
    fn expect_issuer(&self, named: &str, metadata: &Metadata) -> Result<(), UpstreamError> {
        let text = match named {
            "" if metadata.names_itself => {
                "oidc: the browser came back without the issuer, which the provider always names"
            }
            "" => return Ok(()),
            named if named == metadata.issuer || self.rules.issuer_alias.is_some() => return Ok(()),
            _ => "oidc: the browser came back from another issuer",
        };
        Err(UpstreamError::Unacceptable(text.into()))
    }
}
