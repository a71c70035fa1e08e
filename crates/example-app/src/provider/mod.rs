//! The provider as a client sees it: its metadata, its keys, and every request we make of it.
//!
//! Owned here: all outgoing HTTP, client authentication, and the checks that make a token believable. Not owned: sessions and
//! pages. Control leaves by value; what the provider said wrong is a [`ProviderError`] or an [`IdTokenError`].

mod discovery;
mod http;
mod keys;
mod redact;
mod token;
mod verify;

use std::time::Duration;

use anyhow::Context;
use dex_oidc::GrantType;
use serde_json::{Map, Value};
use url::Url;

pub(crate) use discovery::Metadata;
pub(crate) use http::ProviderError;
use http::{Auth, Http};
use keys::Keys;
pub(crate) use token::{DeviceAnswer, TokenAnswer, device_pending};
pub(crate) use verify::{Expected, IdTokenError, check_id_token, check_logout_token};

use crate::options::{Options, Secret};

/// How long to wait for the provider at start; in `dex demo` it starts in the same process.
const START_PATIENCE: Duration = Duration::from_secs(15);

/// How long to wait between two attempts at start.
const START_PAUSE: Duration = Duration::from_millis(300);

/// Client credentials, metadata and keys: all that talking to the provider takes.
pub(crate) struct Provider {
    pub(crate) metadata: Metadata,
    client_id: String,
    client_secret: Secret,
    http: Http,
    keys: Keys,
}

/// Ends only with an answer or a final refusal: the caller sets the limit.
async fn discover_patiently(http: &Http, issuer: &str) -> Result<Metadata, ProviderError> {
    let mut told = false;
    loop {
        match discovery::read(http, issuer).await {
            Err(error) if error.may_pass() => {
                if !told {
                    tracing::info!(%error, "waiting for the provider");
                    told = true;
                }
                tokio::time::sleep(START_PAUSE).await;
            }
            read => return read,
        }
    }
}

impl Provider {
    /// Reads the discovery document, trying again for [`START_PATIENCE`] while the provider does not answer.
    ///
    /// # Errors
    ///
    /// It stayed away, or its document is not one we can work with.
    pub(crate) async fn discover(options: &Options) -> anyhow::Result<Self> {
        let http = Http::new(options.issuer_root_ca.as_deref(), options.debug)?;
        let metadata = tokio::time::timeout(START_PATIENCE, discover_patiently(&http, &options.issuer))
            .await
            .unwrap_or(Err(ProviderError::Absent { seconds: START_PATIENCE.as_secs() }))
            .with_context(|| format!("cannot discover the issuer {}", options.issuer))?;
        Ok(Self {
            metadata,
            client_id: options.client_id.clone(),
            client_secret: options.client_secret.clone(),
            http,
            keys: Keys::default(),
        })
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Whether discovery advertises this grant. RFC 8414 names the default for a document that says nothing.
    pub(crate) fn offers(&self, grant: GrantType) -> bool {
        match &self.metadata.grant_types_supported {
            Some(grants) => grants.iter().any(|name| name == grant.as_str()),
            None => matches!(grant, GrantType::AuthorizationCode | GrantType::Implicit),
        }
    }

    /// Verifies signature and claims of an ID token.
    ///
    /// # Errors
    ///
    /// [`IdTokenError`]: the token is not to be believed.
    pub(crate) async fn id_token(
        &self,
        token: &str,
        expected: &Expected<'_>,
    ) -> Result<Map<String, Value>, IdTokenError> {
        let verified = self.signed(token, expected.now).await?;
        check_id_token(&verified.payload, verified.algorithm, expected)
    }

    /// Verifies the signature alone.
    ///
    /// # Errors
    ///
    /// [`IdTokenError::Signature`], or [`IdTokenError::Keys`] if the keys could not be had.
    pub(crate) async fn signed(&self, token: &str, now: i64) -> Result<dex_jose::Verified, IdTokenError> {
        self.keys.verify(&self.http, &self.metadata.jwks_uri, token, now).await
    }

    /// What the provider says about an access token's user (OpenID Connect Core section 5.3).
    ///
    /// # Errors
    ///
    /// [`ProviderError`], also for an answer that is no JSON object.
    pub(crate) async fn userinfo(&self, access_token: &str) -> Result<Value, ProviderError> {
        let url = self.metadata.userinfo_endpoint.as_ref().ok_or(ProviderError::NotOffered("userinfo_endpoint"))?;
        self.http.get(url, Auth::Bearer(access_token)).await?.json()
    }

    /// Where this provider answers introspection. Dex before it advertised the endpoint had it at a fixed place.
    fn introspection_url(&self) -> Result<Url, ProviderError> {
        match &self.metadata.introspection_endpoint {
            Some(url) => Ok(url.clone()),
            None => {
                let assumed = format!("{}/token/introspect", self.metadata.issuer.trim_end_matches('/'));
                Url::parse(&assumed).map_err(|_| ProviderError::NotOffered("introspection_endpoint"))
            }
        }
    }

    /// Asks whether a token is active (RFC 7662).
    ///
    /// # Errors
    ///
    /// [`ProviderError`]; a token that is not active is no error.
    pub(crate) async fn introspect(&self, token: &str) -> Result<Value, ProviderError> {
        let url = self.introspection_url()?;
        let form = [("token", token)];
        self.http.post(&url, &form, self.basic()).await?.json()
    }

    /// A public client has no secret to show.
    fn basic(&self) -> Auth<'_> {
        if self.client_secret.expose().is_empty() {
            return Auth::None;
        }
        Auth::Basic { id: &self.client_id, secret: &self.client_secret }
    }
}
