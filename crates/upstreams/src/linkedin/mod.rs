//! `linkedin`: logins with LinkedIn accounts (connectors-platform spec, 6).
//!
//! Owned here: the user, as LinkedIn's OpenID Connect endpoint tells, or its older profile API where an application still has
//! that. Not owned: HTTP and the token endpoint, which are `dex-upstream-client`'s. There are no groups.
//!
//! Control leaves to LinkedIn at the callback and at a refresh, and comes back with an identity or an [`UpstreamError`].

mod api;
mod config;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{
    Arrival, Clock, Connector, Departure, Finish, Identity, LoginMethod, Opening, RedirectLogin, Redirection, Refresh,
    Start, UpstreamError, Wanted,
};
use dex_upstream_client::{
    AuthorizationUrl, Client, ClientAuth, ClientOptions, TokenEndpoint, expect_callback, read_config, returned_code,
};

use self::config::{Config, Rules};
use crate::forge::{Held, Layout, told};

/// The connector.
struct LinkedIn {
    rules: Rules,
    client: Client,
    clock: Clock,
    tokens: TokenEndpoint,
}

/// Opens the connector.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] for roots that are no URLs.
pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    let config: Config = read_config(opening.config)?;
    let (rules, token_url, secret) = Rules::of(config)?;
    // LinkedIn takes the secret in the body only.
    let tokens = TokenEndpoint::new(token_url, &rules.client_id, secret, ClientAuth::Post);
    let client = Client::open(ClientOptions::new(opening.id))?;
    Ok(Arc::new(LinkedIn { rules, client, clock: opening.clock.clone(), tokens }))
}

impl Connector for LinkedIn {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Redirect(self)
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }
}

#[async_trait]
impl RedirectLogin for LinkedIn {
    async fn start(&self, login: &Start<'_>) -> Result<Redirection, UpstreamError> {
        let rules = &self.rules;
        expect_callback(&rules.redirect_uri, login.callback)?;
        let url = AuthorizationUrl::new(&rules.authorize, &rules.client_id, login.state)
            .redirect_uri(&rules.redirect_uri)
            .scopes(&rules.scopes)
            .build();
        Ok(Redirection { to: Departure::Get(url), data: Vec::new() })
    }

    async fn finish(&self, login: &Finish<'_>) -> Result<Arrival, UpstreamError> {
        let code = returned_code(login.parameters)?;
        let work = async {
            let redirect_uri = Some(self.rules.redirect_uri.as_str());
            let granted = self.tokens.exchange_code(&self.client, code, redirect_uri, None).await;
            let granted = granted.map_err(|error| told("linkedin: get token", error))?;
            let held = Held::granted(granted, self.clock.now());
            let mut identity = self.identity(&held.access_token).await?;
            if login.wanted.offline_access {
                identity.connector_data = held.write(Layout::LinkedIn);
            }
            Ok(identity.into())
        };
        self.client.login(work).await
    }
}

#[async_trait]
impl Refresh for LinkedIn {
    /// There is nothing to renew: LinkedIn is asked with the access token of the login, which lives for sixty days.
    async fn refresh(&self, _: Wanted, known: Identity) -> Result<Identity, UpstreamError> {
        let held = Held::read(&known.connector_data, "linkedin")?;
        if held.access_token.is_empty() {
            return Err(UpstreamError::Denied("linkedin: no upstream access token found".into()));
        }
        let fresh = self.client.login(self.identity(&held.access_token)).await?;
        // A preferred username and groups were never told.
        Ok(Identity { connector_data: held.write(Layout::LinkedIn), ..fresh })
    }
}
