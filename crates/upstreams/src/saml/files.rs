//! Certificates and keys of the configuration, in files or written out.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dex_connector::UpstreamError;
use dex_saml::{Certificate, DecryptionKey, SigningKey};
use dex_upstream_client::Secret;
use serde::Deserialize;

use super::config::{Config, misconfigured};

/// A private key of ours with its certificate: paths of PEM files, or PEM.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct KeyFiles {
    key: Secret,
    cert: String,
}

impl KeyFiles {
    pub(super) fn signing_key(&self) -> Result<SigningKey, UpstreamError> {
        let (key, certificate) = self.read("signing")?;
        SigningKey::from_pem(key.expose().as_bytes(), certificate)
            .map_err(|error| misconfigured(format!("signing: {error}")))
    }

    pub(super) fn decryption_key(&self) -> Result<DecryptionKey, UpstreamError> {
        let (key, certificate) = self.read("decryption")?;
        DecryptionKey::from_pem(key.expose().as_bytes(), certificate)
            .map_err(|error| misconfigured(format!("decryption: {error}")))
    }

    fn read(&self, block: &str) -> Result<(Secret, Certificate), UpstreamError> {
        if self.key.is_empty() || self.cert.is_empty() {
            return Err(misconfigured(format!("{block}: both key and cert are needed")));
        }
        let key = pem(self.key.expose()).map_err(|error| misconfigured(format!("{block}.key: {error}")))?;
        let certificates = pem(&self.cert)
            .map_err(|error| error.to_string())
            .and_then(|text| Certificate::from_pem(text.as_bytes()).map_err(|error| error.to_string()));
        let certificates = certificates.map_err(|error| misconfigured(format!("{block}.cert: {error}")))?;
        let own = certificates.into_iter().next().expect("there is one, or an error was told");
        Ok((Secret::new(key), own))
    }
}

/// The text of a PEM file, or what was written out in its place.
fn pem(entry: &str) -> std::io::Result<String> {
    if entry.contains("-----BEGIN") { Ok(entry.to_owned()) } else { std::fs::read_to_string(entry) }
}

/// The pinned certificates, in Dex's words; none if metadata is to tell them.
pub(super) fn pinned(config: &Config) -> Result<Option<Vec<Certificate>>, UpstreamError> {
    let text = match (&*config.ca, &config.ca_data) {
        ("", None) if !config.metadata.is_empty() => return Ok(None),
        ("", Some(data)) => {
            let plain: String = data.split_ascii_whitespace().collect();
            BASE64_STANDARD.decode(plain).map_err(|_| misconfigured("caData is not base64"))?
        }
        (path, None) if !path.is_empty() => {
            std::fs::read(path).map_err(|error| misconfigured(format!("read ca file: {error}")))?
        }
        _ => return Err(misconfigured("must provide either 'ca' or 'caData'")),
    };
    certificates(&text).map(Some)
}

/// Reads certificates in PEM, and tells of faults in Dex's words.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<Certificate>, UpstreamError> {
    Certificate::from_pem(text).map_err(|error| match error {
        dex_saml::CertificateError::None => misconfigured("no certificates found in ca data"),
        other => misconfigured(format!("parse cert: {other}")),
    })
}
