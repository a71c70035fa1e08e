//! `oauth`: any OAuth 2.0 provider that tells by a userinfo endpoint who somebody is (connectors-protocol spec, 8).
//!
//! Owned here: what the connector's keys mean, and how that answer becomes a user. Not owned: the token endpoint, which is
//! `dex-upstream-client`'s. It cannot refresh: there is nothing standard to ask. Control leaves to the provider at the callback
//! and comes back with an identity or an [`UpstreamError`].

mod config;
mod identity;
mod login;
mod number;

use std::sync::Arc;

use dex_connector::{Connector, LoginMethod, Opening, UpstreamError};
use dex_upstream_client::{Client, ClientAuth, ClientOptions, TokenEndpoint, read_config};

use config::{Config, Rules};

/// How many redirects of the userinfo endpoint are followed, at its own origin.
const REDIRECTS_MAX: usize = 10;

/// The connector.
struct OAuth {
    rules: Rules,
    client: Client,
    tokens: TokenEndpoint,
}

/// Opens the connector.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] for endpoints that are no URLs and certificates that cannot be read.
pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    let config: Config = read_config(opening.config)?;
    let client = Client::open(ClientOptions {
        root_cas: config.root_cas.clone(),
        insecure_skip_verify: config.insecure_skip_verify,
        redirects_max: REDIRECTS_MAX,
        ..ClientOptions::new(opening.id)
    })?;
    let (rules, token_url, secret) = Rules::of(config)?;
    let tokens = TokenEndpoint::new(token_url, &rules.client_id, secret, ClientAuth::Detect);
    Ok(Arc::new(OAuth { rules, client, tokens }))
}

impl Connector for OAuth {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Redirect(self)
    }
}
