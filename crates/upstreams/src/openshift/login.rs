//! Logins and refreshes with the accounts of a cluster (connectors-platform spec, 8.3 to 8.6).

use async_trait::async_trait;
use dex_connector::{
    Arrival, Departure, Finish, Identity, RedirectLogin, Redirection, Refresh, Start, UpstreamError, Wanted,
};
use dex_oidc::CodeChallengeMethod;
use dex_upstream_client::{AuthorizationUrl, Pkce, expect_callback, returned_code};

use super::OpenShift;
use super::held::Held;
use crate::forge::told;

/// The scope that lets us ask who the user is.
const SCOPE: &str = "user:info";

#[async_trait]
impl RedirectLogin for OpenShift {
    async fn start(&self, login: &Start<'_>) -> Result<Redirection, UpstreamError> {
        let rules = &self.rules;
        expect_callback(&rules.redirect_uri, login.callback)?;
        let upstream = self.client.login(self.upstream()).await?;
        let url = AuthorizationUrl::new(&upstream.authorize, &rules.client_id, login.state)
            .redirect_uri(&rules.redirect_uri)
            .set("scope", SCOPE);
        let pkce = upstream.pkce.then(|| Pkce::generate(CodeChallengeMethod::S256));
        let url = pkce.iter().fold(url, |url, pkce| pkce.announce(url)).build();
        let data = pkce.map(|pkce| pkce.verifier.into_bytes()).unwrap_or_default();
        Ok(Redirection { to: Departure::Get(url), data })
    }

    async fn finish(&self, login: &Finish<'_>) -> Result<Arrival, UpstreamError> {
        let code = returned_code(login.parameters)?;
        let verifier = std::str::from_utf8(login.data).ok().filter(|verifier| !verifier.is_empty());
        let work = async {
            let upstream = self.upstream().await?;
            let redirect_uri = Some(self.rules.redirect_uri.as_str());
            let granted = upstream.tokens.exchange_code(&self.client, code, redirect_uri, verifier).await;
            let granted = granted.map_err(|error| told("openshift: failed to get token", error))?;
            let held = Held::granted(granted, self.clock.now());
            let mut identity = self.identity(&held).await?;
            if login.wanted.offline_access {
                identity.connector_data = held.write();
            }
            Ok(identity.into())
        };
        self.client.login(work).await
    }
}

#[async_trait]
impl Refresh for OpenShift {
    /// The tokens are stored whatever was asked for, for they may be new ones.
    async fn refresh(&self, _: Wanted, known: Identity) -> Result<Identity, UpstreamError> {
        let held = Held::read(&known.connector_data)?;
        let work = async {
            let held = if held.works(self.clock.now()) { held } else { self.renewed(&held).await? };
            let mut identity = self.identity(&held).await?;
            identity.connector_data = held.write();
            Ok(identity)
        };
        self.client.login(work).await
    }
}

impl OpenShift {
    /// New tokens for the refresh token, which OpenShift's own OAuth server does not give.
    async fn renewed(&self, held: &Held) -> Result<Held, UpstreamError> {
        let upstream = self.upstream().await?;
        let granted = upstream.tokens.refresh(&self.client, held.refresh_token.expose()).await;
        let granted = granted.map_err(|error| told("openshift: get user", error))?;
        Ok(Held::granted(granted, self.clock.now()))
    }
}
