//! Our own signed requests, with xmlsec1 as the judge.

use dex_saml::{AuthnRequest, NameIdFormat, SigningKey, SigningKeyError, Trust, decode_redirect, encode_redirect};

use crate::idp::{ACS, OTHER, P256, P384, RSA, SP, now, trust};
use crate::xmlsec::XmlSec;

fn request() -> AuthnRequest<'static> {
    AuthnRequest {
        id: "k3x",
        issue_instant: now(),
        destination: "https://idp.example/sso?a=1&b=2",
        acs: ACS,
        issuer: Some(SP),
        format: NameIdFormat::PERSISTENT,
    }
}

#[test]
fn xmlsec1_accepts_our_signed_requests() {
    let xmlsec = XmlSec::new();
    for signer in [&*RSA, &*P256, &*P384] {
        let key = SigningKey::from_pem(signer.pair.serialize_pem().as_bytes(), signer.certificate.clone()).unwrap();
        let text = request().signed(&key);
        assert!(xmlsec.accepts(&text, "/*[local-name()='AuthnRequest']", &signer.pem), "{text}");
        assert!(!xmlsec.accepts(&text, "/*[local-name()='AuthnRequest']", &OTHER.pem));
        assert!(!xmlsec.accepts(&text.replace("a=1", "a=2"), "/*[local-name()='AuthnRequest']", &signer.pem));
    }
}

#[test]
fn a_query_is_signed_over_what_is_sent() {
    let key = SigningKey::from_pem(RSA.pair.serialize_pem().as_bytes(), RSA.certificate.clone()).unwrap();
    let query = encode_redirect("SAMLRequest", &request().to_xml(), Some("k3x"), Some(&key));
    let names: Vec<&str> = query.split('&').map(|pair| pair.split('=').next().unwrap()).collect();
    assert_eq!(names, ["SAMLRequest", "RelayState", "SigAlg", "Signature"]);
    let Trust::Keys(keys) = trust(&[&RSA]) else { panic!("keys") };
    assert_eq!(decode_redirect(&query, "SAMLRequest", Some(&keys), now()), Ok(request().to_xml()));
}

#[test]
fn a_key_goes_with_its_own_certificate_and_never_prints() {
    let pem = RSA.pair.serialize_pem();
    let wrong = SigningKey::from_pem(pem.as_bytes(), OTHER.certificate.clone()).unwrap_err();
    assert_eq!(wrong, SigningKeyError::OtherCertificate);
    let key = SigningKey::from_pem(pem.as_bytes(), RSA.certificate.clone()).unwrap();
    let printed = format!("{key:?}");
    assert!(printed.contains(&RSA.certificate.fingerprint()) && printed.len() < 120, "{printed}");
    assert_eq!(SigningKey::from_pem(b"nothing", RSA.certificate.clone()).unwrap_err(), SigningKeyError::NotPem);
}
