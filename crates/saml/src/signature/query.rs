//! The signature of the HTTP-Redirect binding (SAML bindings §3.4.4.1): over the query, not over XML.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use url::form_urlencoded::byte_serialize;

use super::verify::{accepted_signature, made_by};
use super::{SignatureError, SigningKey, TrustedKeys};
use crate::binding::parameter_of;

/// `parameters` as a query, with `SigAlg` and `Signature` behind them.
pub(crate) fn signed_query(parameters: &[(&str, &str)], key: &SigningKey) -> String {
    let algorithm = key.algorithm().uri();
    let signed = joined(parameters.iter().copied().chain([("SigAlg", algorithm)]));
    let signature = BASE64_STANDARD.encode(key.sign(signed.as_bytes()));
    format!("{signed}&{}", joined([("Signature", &*signature)]))
}

/// A query as we write it.
pub(crate) fn joined<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let pairs = parameters.into_iter().map(|(name, value)| format!("{name}={}", encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// Verifies the signature of a query, taken as it came: the sender's own escapes are what was signed. Which of the keys
/// made it.
pub(crate) fn verify_query(
    query: &str,
    message: &str,
    keys: &TrustedKeys,
    now: Timestamp,
) -> Result<String, SignatureError> {
    let raw = |wanted: &str| {
        let mut found = query.split('&').filter(|pair| pair.split('=').next() == Some(wanted));
        (found.next(), found.next().is_some())
    };
    let mut signed = Vec::new();
    for (name, must) in [(message, true), ("RelayState", false), ("SigAlg", true), ("Signature", true)] {
        match raw(name) {
            (_, true) => return Err(SignatureError::Profile(format!("{name} is there twice"))),
            (None, _) if must => return Err(SignatureError::Profile(format!("no {name}"))),
            (pair, _) if name != "Signature" => signed.extend(pair),
            _ => {}
        }
    }
    let decoded = |name: &str| parameter_of(query, name).unwrap_or_default();
    let algorithm = accepted_signature(&decoded("SigAlg"), keys)?;
    let signature = BASE64_STANDARD.decode(decoded("Signature").replace(['\r', '\n'], ""));
    let signature = signature.map_err(|_| SignatureError::Profile("Signature is not base64".into()))?;
    made_by(keys, algorithm, (signed.join("&").as_bytes(), &signature), now)
}
