//! One signature (`POST /v1/transit/sign/{name}`).

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use dex_jose::Algorithm;
use dex_web::signing::{RemoteError, RemoteKey};
use serde::Serialize;
use serde_json::Value;

/// How a JWS writes a signature, with or without the padding that it has none of.
const SIGNATURE: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What is to be signed, and how (oidc-core spec, 7.4).
#[derive(Serialize)]
pub(crate) struct Request {
    input: String,
    /// Just the version whose `kid` the token names.
    key_version: u64,
    /// ECDSA as its two numbers side by side, and base64url.
    marshaling_algorithm: &'static str,
    /// For RSA.
    signature_algorithm: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    prehashed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash_algorithm: Option<&'static str>,
}

impl Request {
    pub(crate) fn new(key: &RemoteKey, signing_input: &str) -> Self {
        let algorithm = key.public.inferred_algorithm();
        let hash_algorithm = match algorithm {
            Algorithm::EdDSA => None,
            Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 => Some("sha2-256"),
            Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 => Some("sha2-384"),
            Algorithm::RS512 | Algorithm::PS512 | Algorithm::ES512 => Some("sha2-512"),
        };
        // Ed25519 signs the message itself.
        let input = match hash_algorithm {
            None => STANDARD.encode(signing_input),
            Some(_) => STANDARD.encode(algorithm.digest(signing_input.as_bytes())),
        };
        Self {
            input,
            key_version: key.version,
            marshaling_algorithm: "jws",
            signature_algorithm: "pkcs1v15",
            prehashed: hash_algorithm.is_some(),
            hash_algorithm,
        }
    }
}

/// The raw signature of `vault:v1:...`.
///
/// # Errors
///
/// [`RemoteError::Refused`] when there is none.
pub(crate) fn read(answer: &Value) -> Result<Vec<u8>, RemoteError> {
    let text = answer["data"]["signature"].as_str().unwrap_or_default();
    let mut parts = text.splitn(3, ':');
    let signature = match (parts.next(), parts.next(), parts.next()) {
        (Some("vault"), Some(_), Some(signature)) => SIGNATURE.decode(signature).ok(),
        _ => None,
    };
    signature.ok_or_else(|| RemoteError::Refused("its answer holds no signature".to_owned()))
}

#[cfg(test)]
mod tests {
    use dex_jose::SigningKey;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_algorithm_is_asked_for_as_the_vault_names_it() {
        let cases = [
            (Algorithm::RS256, Some("sha2-256"), 32),
            (Algorithm::ES256, Some("sha2-256"), 32),
            (Algorithm::ES384, Some("sha2-384"), 48),
            (Algorithm::ES512, Some("sha2-512"), 64),
            (Algorithm::EdDSA, None, "header.payload".len()),
        ];
        for (algorithm, hash, bytes) in cases {
            let key = RemoteKey { version: 7, public: SigningKey::generate(algorithm).public(), signs: true };
            let request = serde_json::to_value(Request::new(&key, "header.payload")).unwrap();
            let input = STANDARD.decode(request["input"].as_str().unwrap()).unwrap();
            assert_eq!((request["key_version"].as_u64(), input.len()), (Some(7), bytes), "{algorithm}");
            assert_eq!(request.get("hash_algorithm").and_then(Value::as_str), hash, "{algorithm}");
            assert_eq!(request.get("prehashed").is_some(), hash.is_some(), "{algorithm}");
            assert_eq!(
                (&request["marshaling_algorithm"], &request["signature_algorithm"]),
                (&json!("jws"), &json!("pkcs1v15"))
            );
        }
    }

    #[test]
    fn only_a_signature_is_taken_for_one() {
        let cases = [
            ("vault:v1:AQID", Some(vec![1, 2, 3])),
            ("vault:v12:-_8", Some(vec![0xfb, 0xff])),
            ("vault:v12:-_8=", Some(vec![0xfb, 0xff])),
            ("vault:v1:+/8=", None),
            ("vault:v1", None),
            ("other:v1:AQID", None),
            ("vault:v1:A:B", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read(&json!({"data": {"signature": text}})).ok(), expected, "{text}");
        }
        for rubbish in [json!({}), json!([1]), json!({"data": {"signature": 5}})] {
            assert!(read(&rubbish).is_err(), "{rubbish}");
        }
    }
}
