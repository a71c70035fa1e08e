//! SAML responses and metadata.

use std::sync::LazyLock;
use std::time::Duration;

use dex_saml::{
    Certificate, Expected, IdentityProvider, RequestId, Trust, TrustedKeys, decode_post, decode_redirect, examine,
};

/// A key whose private half nobody has any more.
const CERTIFICATE: &str = include_str!("saml.pem");

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let certificates = Certificate::from_pem(CERTIFICATE.as_bytes()).expect("our own certificate is one");
    Trust::Keys(TrustedKeys::new(certificates).expect("one key is not none"))
});

fn now() -> jiff::Timestamp {
    "2026-08-06T12:00:00Z".parse().expect("a time")
}

/// A response. Whatever gets in says what was signed.
pub(super) fn saml_response(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let expected = Expected {
        trust: &TRUST,
        decryption: &[],
        acs: "https://dex.example/callback",
        audience: "https://dex.example/sp",
        issuer: Some("https://idp.example/metadata"),
        in_response_to: RequestId::Is("r1a2b3c4"),
        skew: Duration::from_secs(30),
    };
    if let Ok(assertion) = examine(text, &expected, now()).outcome {
        let values: Vec<&str> = assertion.attributes.iter().flat_map(|all| &all.values).map(String::as_str).collect();
        let said = (&*assertion.name_id.value, &*assertion.id, &values[..]);
        let signed: (&str, &str, &[&str]) = ("jane", "_assertion", &["jane@example.com", "staff", "a&b < c"]);
        assert_eq!(said, signed, "something else than what was signed gets in");
    }
    // What carries a message is fed the same bytes.
    let _ = (decode_post(text), decode_redirect(text, "SAMLResponse", None, now()));
}

/// Metadata. What is taken has keys to verify with.
pub(super) fn saml_metadata(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    if let Ok(read) = IdentityProvider::read(text, None, None, now()) {
        assert!(!read.entity_id.is_empty() && !read.certificates.is_empty(), "{read:?}");
        TrustedKeys::new(read.certificates).expect("there are keys, and not too many");
    }
}
