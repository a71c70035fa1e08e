//! Access tokens on behalf of an administrator (domain-wide delegation; connectors-platform spec, 4.3).

use std::time::Duration;

use dex_connector::UpstreamError;
use dex_model::{Timestamp, later};
use dex_upstream_client::{Auth, CallError, Client, Secret};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use url::Url;

use super::key::ServiceAccountKey;
use super::metadata::Metadata;
use crate::forge::told;

/// What the tokens are good for.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/admin.directory.group.readonly";

/// How long an assertion and the token for it live; Google's most.
pub(super) const LIFETIME: Duration = Duration::from_secs(3600);

/// How long before its end a token is taken for dead, because the call takes time too.
const EARLY: Duration = Duration::from_secs(10);

/// RFC 7523 §2.1
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Who we are towards Google.
pub(super) enum Source {
    /// A service account whose key we hold.
    Key(ServiceAccountKey),
    /// The service account of the machine we run on, which signs for us.
    Metadata(Metadata),
}

/// A token and until when it works.
pub(super) struct Granted {
    pub(super) token: Secret,
    pub(super) until: Timestamp,
}

/// An administrator whose rights are borrowed, with the newest token. Without an address, the service account's own rights.
pub(super) struct Admin {
    email: String,
    kept: Mutex<Option<Granted>>,
}

impl Admin {
    pub(super) fn new(email: String) -> Self {
        Self { email, kept: Mutex::default() }
    }

    /// A token that works; those who come while a new one is fetched wait for it.
    pub(super) async fn token(
        &self,
        client: &Client,
        source: &Source,
        now: Timestamp,
    ) -> Result<Secret, UpstreamError> {
        let mut kept = self.kept.lock().await;
        if let Some(granted) = kept.as_ref().filter(|granted| granted.until > later(now, EARLY)) {
            return Ok(granted.token.clone());
        }
        let granted = match source {
            Source::Key(key) => key.token(client, &self.email, now).await,
            Source::Metadata(metadata) => metadata.token(client, &self.email, now).await,
        };
        let granted = granted.map_err(|error| told("no access token for the directory", error))?;
        Ok(kept.insert(granted).token.clone())
    }

    /// Forgets a token that does not work any more.
    pub(super) async fn forget(&self, token: &Secret) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|granted| granted.token == *token) {
            *kept = None;
        }
    }
}

/// The claims of an assertion; without `sub` the service account speaks for itself.
pub(super) fn claims(account: &str, subject: &str, audience: &str, issued: Timestamp) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("iss".into(), account.into());
    claims.insert("scope".into(), SCOPE.into());
    claims.insert("aud".into(), audience.into());
    claims.insert("iat".into(), issued.as_second().into());
    claims.insert("exp".into(), later(issued, LIFETIME).as_second().into());
    if !subject.is_empty() {
        claims.insert("sub".into(), subject.into());
    }
    claims
}

/// What Google's token endpoints answer.
#[derive(Deserialize)]
pub(super) struct Answer {
    access_token: Secret,
    #[serde(default)]
    expires_in: u64,
}

impl Answer {
    pub(super) fn token(self) -> Secret {
        self.access_token
    }

    pub(super) fn granted(self, now: Timestamp) -> Granted {
        Granted { token: self.access_token, until: later(now, Duration::from_secs(self.expires_in)) }
    }
}

/// Exchanges an assertion for an access token.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] if Google does not take it: the delegation is missing.
pub(super) async fn exchange(
    client: &Client,
    endpoint: &Url,
    assertion: &str,
    now: Timestamp,
) -> Result<Granted, UpstreamError> {
    let fields = [("grant_type", JWT_BEARER), ("assertion", assertion)];
    let answer = client.post_form(endpoint, Auth::None, &fields).await?;
    match answer.success() {
        Ok(answer) => Ok(answer.json::<Answer>()?.granted(now)),
        Err(error @ CallError::Refused { status, .. }) if status.is_client_error() => {
            Err(UpstreamError::Misconfigured(format!(
                "oauth2: cannot fetch token: {error} (is the service account delegated the scope {SCOPE}?)"
            )))
        }
        Err(error) => Err(error.into()),
    }
}
