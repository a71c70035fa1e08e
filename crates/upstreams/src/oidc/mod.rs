//! `oidc`: any OpenID Connect provider (connectors-protocol spec, 7).
//!
//! Owned here: what the connector's keys mean, the login's parameters, how claims become a user and groups, refresh, token
//! exchange and the logout URL. Not owned: discovery, keys, verifying tokens and talking to the token endpoint, which are
//! `dex-upstream-client`'s. Control leaves to the provider in [`prepare`](Connector::prepare), at the callback, at a refresh and
//! at a token exchange, and comes back with an identity or an [`UpstreamError`].

mod config;
mod data;
mod exchange;
mod groups;
mod identity;
mod login;
mod logout;
mod refresh;
mod rules;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use dex_connector::{Clock, Connector, LoginMethod, Opening, Refresh, TokenIdentity, UpstreamError, UpstreamLogout};
use dex_oidc::CodeChallengeMethod;
use dex_upstream_client::{Claims, Client, ClientOptions, Expected, Prepared, Provider, TokenEndpoint};
use dex_upstream_client::{ClientAuth, TokenAnswer, read_config};
use url::Url;

use config::Config;
pub(crate) use data::Pending;
use rules::Rules;

/// How many redirects of the document, the keys and userinfo are followed. Dex's.
const REDIRECTS_MAX: usize = 10;

/// The connector.
struct Oidc {
    rules: Rules,
    client: Client,
    clock: Clock,
    upstream: Prepared<Upstream>,
    /// The token endpoint as it was last discovered; it remembers what it has learned.
    tokens: Mutex<Option<Arc<TokenEndpoint>>>,
}

/// What is known of the provider once it was asked.
struct Upstream {
    provider: Provider,
    tokens: Arc<TokenEndpoint>,
    /// How codes are protected, if at all (RFC 7636).
    pkce: Option<CodeChallengeMethod>,
}

/// Opens the connector.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] for keys that do not fit, in Dex's words where Dex checks them.
pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    let config: Config = read_config(opening.config)?;
    let options = ClientOptions {
        root_cas: config.root_cas.clone(),
        insecure_skip_verify: config.insecure_skip_verify,
        redirects_max: REDIRECTS_MAX,
        ..ClientOptions::new(opening.id)
    };
    let rules = Rules::of(config)?;
    if rules.overrides.any() {
        let id = opening.id;
        tracing::warn!(
            connector_id = id,
            "overrides for connector are set, this can be a vulnerability when not properly configured"
        );
    }
    let (client, clock) = (Client::open(options)?, opening.clock.clone());
    Ok(Arc::new(Oidc { rules, client, clock, upstream: Prepared::default(), tokens: Mutex::default() }))
}

#[async_trait]
impl Connector for Oidc {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Redirect(self)
    }

    async fn prepare(&self) -> Result<(), UpstreamError> {
        self.upstream().await.map(|_| ())
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }

    fn token_identity(&self) -> Option<&dyn TokenIdentity> {
        Some(self)
    }

    fn logout(&self) -> Option<&dyn UpstreamLogout> {
        Some(self)
    }
}

impl Oidc {
    /// The provider, discovered if it was not.
    async fn upstream(&self) -> Result<Arc<Upstream>, UpstreamError> {
        self.upstream.get(|| self.discover()).await
    }

    async fn discover(&self) -> Result<Upstream, UpstreamError> {
        let rules = &self.rules;
        let alias = rules.issuer_alias.as_deref();
        let provider = Provider::discover(&self.client, &rules.issuer, alias, &rules.overrides).await?;
        let auth = rules.client_auth(&provider.metadata.token_endpoint_auth_methods);
        let tokens = self.token_endpoint(&provider.metadata.token_endpoint, auth);
        let pkce = rules.pkce.chosen(&provider.metadata.code_challenge_methods);
        Ok(Upstream { provider, tokens, pkce })
    }

    /// The token endpoint at `url`: the one there was, unless it moved or wants another way of authenticating.
    fn token_endpoint(&self, url: &Url, auth: ClientAuth) -> Arc<TokenEndpoint> {
        let mut kept = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.is(url, auth)) {
            return kept.clone();
        }
        let secret = self.rules.client_secret.clone();
        let tokens = Arc::new(TokenEndpoint::new(url.clone(), &self.rules.client_id, secret, auth));
        *kept = Some(tokens.clone());
        tokens
    }

    /// The claims of a login or a refresh: those of the ID token, with userinfo laid over them if it is configured or there is
    /// no ID token.
    async fn claims(
        &self,
        upstream: &Upstream,
        answer: &TokenAnswer,
        nonce: Option<&str>,
    ) -> Result<Claims, UpstreamError> {
        let client_id = self.rules.client_id.as_str();
        let (provider, access_token) = (&upstream.provider, answer.access_token.expose());
        let claims = match &answer.id_token {
            Some(token) => {
                let expected = Expected {
                    audiences: &[client_id],
                    authorized_party: Some(client_id),
                    nonce,
                    access_token: Some(access_token),
                };
                Some(provider.verify_id_token(&self.client, token.expose(), &expected, self.clock.now()).await?)
            }
            None => None,
        };
        match claims {
            Some(claims) if !self.rules.get_user_info => Ok(claims),
            claims => {
                let userinfo = provider.userinfo(&self.client, access_token, client_id).await?;
                identity::overlaid(claims.unwrap_or_default(), userinfo)
            }
        }
    }
}
