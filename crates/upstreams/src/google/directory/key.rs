//! A service account with a key file.

use std::path::Path;
use std::time::Duration;

use dex_connector::UpstreamError;
use dex_jose::SigningKey;
use dex_model::Timestamp;
use dex_upstream_client::{Client, Secret};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::token::{self, Granted};
use crate::forge::{at, base_url};

/// How far back assertions are dated, for clocks that differ. Dex's.
const BACKDATED: Duration = Duration::from_secs(10);

/// How many bytes of a key file are read; one has about 2400.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The members of a key file that matter.
#[derive(Deserialize)]
struct File {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key_id: String,
    #[serde(default)]
    private_key: Secret,
    token_uri: Option<String>,
    audience: Option<String>,
}

/// A service account whose key we hold.
pub(super) struct ServiceAccountKey {
    email: String,
    key: SigningKey,
    token_uri: Url,
    audience: String,
}

impl ServiceAccountKey {
    /// Reads a key file. `usual` is the root of the token endpoint for a file that names none.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`], in Dex's words; it holds nothing of the file but its `type`.
    pub(super) fn read(path: &Path, usual: &Url) -> Result<Self, UpstreamError> {
        let bytes = read(path).map_err(|error| {
            UpstreamError::Misconfigured(format!("error reading credentials from file: {}: {error}", path.display()))
        })?;
        Self::of(&bytes, usual).map_err(|problem| {
            let path = path.display();
            UpstreamError::Misconfigured(format!("unable to parse client secret file to config: {path}: {problem}"))
        })
    }

    fn of(bytes: &[u8], usual: &Url) -> Result<Self, String> {
        let file: File = serde_json::from_slice(bytes).map_err(|_| "it is no JSON of a key file".to_owned())?;
        if file.kind != "service_account" {
            return Err(format!("it is of type {:?}, not \"service_account\"", file.kind));
        }
        let key = SigningKey::rsa_from_pem(&file.private_key_id, file.private_key.expose());
        let key = key.map_err(|error| format!("private_key: {error}"))?;
        let token_uri = match file.token_uri.filter(|uri| !uri.is_empty()) {
            Some(uri) => base_url("token_uri", &uri).map_err(|_| "token_uri is no URL".to_owned())?,
            None => at(usual, ["token"]),
        };
        let audience = file.audience.filter(|audience| !audience.is_empty());
        let audience = audience.unwrap_or_else(|| token_uri.as_str().to_owned());
        Ok(Self { email: file.client_email, key, token_uri, audience })
    }

    /// A token with the rights of `subject`.
    pub(super) async fn token(&self, client: &Client, subject: &str, now: Timestamp) -> Result<Granted, UpstreamError> {
        let claims = self.claims(subject, now);
        let signed = self.key.sign_compact_typed("JWT", Value::Object(claims).to_string().as_bytes());
        let assertion = signed.map_err(|error| UpstreamError::Misconfigured(error.to_string()))?;
        token::exchange(client, &self.token_uri, &assertion, now).await
    }

    fn claims(&self, subject: &str, now: Timestamp) -> Map<String, Value> {
        let issued = now.checked_sub(BACKDATED).unwrap_or(now);
        let mut claims = token::claims(&self.email, subject, &self.audience, issued);
        // What `sub` was called before.
        if !subject.is_empty() {
            claims.insert("prn".into(), subject.into());
        }
        claims
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
