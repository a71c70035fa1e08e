//! The versions of a transit key (`GET /v1/transit/keys/{name}`).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_jose::PublicKey;
use dex_web::signing::{RemoteError, RemoteKey};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    min_encryption_version: u64,
    /// By version. Keys that are not for signatures have a time here instead of an object.
    #[serde(default)]
    keys: BTreeMap<String, Value>,
}

/// Every version that can be published. Others are passed over, as Dex does.
///
/// # Errors
///
/// [`RemoteError::Refused`] when this is no key, or one that signs no tokens.
pub(crate) fn read(name: &str, answer: &Value) -> Result<Vec<RemoteKey>, RemoteError> {
    let answer = Answer::deserialize(answer);
    let data = answer.map_err(|_| RemoteError::Refused(format!("what it told of key `{name}` is no key")))?.data;
    let read = |(version, about): (&String, &Value)| {
        let version: u64 = version.parse().ok()?;
        let public = public_key(about.get("public_key")?.as_str()?)?;
        Some(RemoteKey { version, public, signs: version >= data.min_encryption_version })
    };
    let keys: Vec<RemoteKey> = data.keys.iter().filter_map(read).collect();
    if keys.is_empty() {
        return Err(RemoteError::Refused(format!("transit key `{name}` of type `{}` signs no tokens", data.kind)));
    }
    Ok(keys)
}

/// PEM; for Ed25519 the 32 bytes alone, or DER, in base64.
fn public_key(text: &str) -> Option<PublicKey> {
    if text.trim_start().starts_with("-----BEGIN") {
        return PublicKey::from_spki_pem(text).ok();
    }
    let bytes = STANDARD.decode(text.trim()).ok()?;
    PublicKey::from_ed25519_bytes(&bytes).or_else(|_| PublicKey::from_spki_der(&bytes)).ok()
}

#[cfg(test)]
mod tests {
    use dex_jose::Algorithm;
    use serde_json::json;

    use super::*;

    /// RFC 8037 appendix A.2 and its thumbprint in A.3.
    const ED25519: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    const ED25519_THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

    /// What OpenBao 2.7.2 answered for a key of type `ecdsa-p256`.
    const P256: &str = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEALWfQie0Cmlk1G6tYSD5RTe0EXR1\n\
         hnCUchY6sEWC+0p43Zsm7QvetA8GUI9UCaxadtwNfkuRLfHhFqCeksaLrA==\n-----END PUBLIC KEY-----\n";

    fn answer(kind: &str, min: u64, keys: Value) -> Value {
        json!({"data": {"type": kind, "min_encryption_version": min, "latest_version": 2, "keys": keys}})
    }

    #[test]
    fn every_version_that_makes_sense_is_read() {
        let keys = json!({
            "1": {"public_key": ED25519},
            "2": {"public_key": P256},
            "3": {"public_key": "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----"},
            "4": {"public_key": "!"},
            "x": {"public_key": ED25519},
            "5": {},
        });
        let read = read("k", &answer("ecdsa-p256", 2, keys)).unwrap();
        let told: Vec<_> = read.iter().map(|key| (key.version, key.public.inferred_algorithm(), key.signs)).collect();
        assert_eq!(told, [(1, Algorithm::EdDSA, false), (2, Algorithm::ES256, true)]);
        assert_eq!(read[0].public.kid(), Some(ED25519_THUMBPRINT));
        assert_eq!(read[1].public.kid(), Some(read[1].public.thumbprint().as_str()));
    }

    #[test]
    fn ed25519_in_der_is_the_same_key() {
        let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        let der = [&prefix[..], &STANDARD.decode(ED25519).unwrap()].concat();
        assert_eq!(public_key(&STANDARD.encode(der)), public_key(ED25519));
    }

    #[test]
    fn what_signs_no_tokens_is_told_by_its_type() {
        let told = |answer: &Value| read("k", answer).unwrap_err().to_string();
        let symmetric = told(&answer("aes256-gcm96", 0, json!({"1": 1_700_000_000})));
        assert!(symmetric.contains("transit key `k` of type `aes256-gcm96` signs no tokens"), "{symmetric}");
        for rubbish in [json!({}), json!([]), json!({"data": {"keys": 1}}), json!({"data": null})] {
            assert!(told(&rubbish).contains("what it told of key `k` is no key"), "{rubbish}");
        }
    }
}
