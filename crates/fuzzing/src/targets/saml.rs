//! SAML responses, metadata, and messages about logouts.

use std::sync::LazyLock;
use std::time::Duration;

use dex_saml::{
    Certificate, Expected, IdentityProvider, LogoutExpected, LogoutMessage, LogoutRequest, LogoutResponse,
    LogoutStatus, RequestId, Trust, TrustedKeys, decode_post, decode_redirect, encode_post, examine,
};

/// Two keys whose private halves nobody has any more.
const CERTIFICATE: &str = include_str!("saml.pem");
const LOGOUT_CERTIFICATE: &str = include_str!("saml_logout.pem");

static TRUST: LazyLock<Trust> = LazyLock::new(|| Trust::Keys(trusted(CERTIFICATE)));
static LOGOUT_KEYS: LazyLock<TrustedKeys> = LazyLock::new(|| trusted(LOGOUT_CERTIFICATE));

fn trusted(pem: &str) -> TrustedKeys {
    let certificates = Certificate::from_pem(pem.as_bytes()).expect("our own certificate is one");
    TrustedKeys::new(certificates).expect("one key is not none")
}

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

/// A message about a logout, as a form field holds it and as a query. What is taken says what was signed.
pub(super) fn saml_logout(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    logout(LogoutMessage::posted(&encode_post(text), &LOGOUT_KEYS, now()).ok(), None);
    for parameter in ["SAMLRequest", "SAMLResponse"] {
        logout(LogoutMessage::in_query(text, parameter, &LOGOUT_KEYS, now()).ok(), Some("state/1"));
    }
}

fn logout(message: Option<LogoutMessage>, relay_state: Option<&str>) {
    let Some(message) = message else { return };
    assert_eq!(message.relay_state(), relay_state, "something else than what was signed is given back");
    let expected = LogoutExpected {
        destination: "https://dex.example/logout/callback/corp",
        issuer: "https://idp.example/metadata",
        now: now(),
        skew: Duration::from_secs(30),
    };
    if let Ok(request) = LogoutRequest::read(&message, &expected) {
        let said = (&*request.id, &*request.name_id.value, &request.session_indexes[..]);
        assert_eq!(said, ("_asks", "jane", &["_s1".to_owned()][..]), "somebody else than was signed is logged out");
    }
    if let Ok(response) = LogoutResponse::read(&message, "r1a2b3c4", &expected) {
        assert_eq!((&*response.id, response.status), ("_answers", LogoutStatus::Partial), "it says something else");
    }
}
