//! What the connector keeps, in Dex's shapes (connectors-protocol spec, 1.6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_connector::UpstreamError;
use dex_upstream_client::Secret;
use serde::{Deserialize, Serialize};

/// Kept between the start of a login and the callback. Dex writes it with PKCE only, and has no nonce.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Pending {
    /// The verifier, under the name Dex gives it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) code_challenge: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) code_challenge_method: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) nonce: String,
}

impl Pending {
    pub(crate) fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts are always JSON")
    }

    pub(crate) fn read(data: &[u8]) -> Result<Self, UpstreamError> {
        if data.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(data)
            .map_err(|_| UpstreamError::Unacceptable("oidc: failed to parse PKCEChallenge data".into()))
    }

    pub(crate) fn verifier(&self) -> Option<&str> {
        Some(self.code_challenge.as_str()).filter(|verifier| !verifier.is_empty())
    }

    pub(crate) fn nonce(&self) -> Option<&str> {
        Some(self.nonce.as_str()).filter(|nonce| !nonce.is_empty())
    }
}

/// Kept from a login to the next refresh.
#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(rename = "RefreshToken", default)]
    refresh_token: Option<String>,
}

/// What is stored of an upstream's refresh token; of none, an empty one.
pub(super) fn write(refresh_token: Option<&Secret>) -> Vec<u8> {
    let refresh_token = refresh_token.map(|token| STANDARD.encode(token.expose())).unwrap_or_default();
    serde_json::to_vec(&Kept { refresh_token: Some(refresh_token) }).expect("texts are always JSON")
}

/// The refresh token in what was stored; an empty one if the upstream gave none.
pub(super) fn read(data: &[u8]) -> Result<Secret, UpstreamError> {
    let bad = || UpstreamError::Misconfigured("oidc: failed to unmarshal connector data: it is not Dex's".into());
    let kept: Kept = serde_json::from_slice(data).map_err(|_| bad())?;
    let bytes = STANDARD.decode(kept.refresh_token.unwrap_or_default()).map_err(|_| bad())?;
    String::from_utf8(bytes).map(Secret::new).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refresh_tokens_are_kept_as_dex_keeps_them() {
        assert_eq!(write(Some(&Secret::new("rt-1"))), br#"{"RefreshToken":"cnQtMQ=="}"#);
        assert_eq!(write(None), br#"{"RefreshToken":""}"#);
        let cases = [(r#"{"RefreshToken":"cnQtMQ=="}"#, "rt-1"), (r#"{"RefreshToken":null}"#, ""), ("{}", "")];
        for (data, token) in cases {
            assert_eq!(read(data.as_bytes()).unwrap().expose(), token);
        }
        for data in ["", "rt-1", r#"{"RefreshToken":"rt-1"}"#, r#"{"RefreshToken":"/w=="}"#] {
            let error = read(data.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("failed to unmarshal") && !error.contains("rt-1"), "{error}");
        }
    }

    #[test]
    fn logins_that_dex_began_are_read() {
        let of_dex = Pending::read(br#"{"codeChallenge":"v","codeChallengeMethod":"S256"}"#).unwrap();
        assert_eq!((of_dex.verifier(), of_dex.nonce()), (Some("v"), None));
        assert!(Pending::read(b"").unwrap().verifier().is_none());
        assert!(Pending::read(b"[").is_err());
        let ours = Pending { nonce: "n".into(), ..Pending::default() }.write();
        assert_eq!(ours, br#"{"nonce":"n"}"#);
    }
}
