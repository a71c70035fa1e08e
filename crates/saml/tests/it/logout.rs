//! Logging out, both ways.

use std::time::Duration;

use dex_saml::{
    Check, LogoutExpected, LogoutRequest, LogoutResponse, NameId, Signed, SigningKey, Trust, decode_redirect,
    encode_redirect,
};

use crate::idp::{IDP, OTHER, P256, RSA, now, trust};

const SLO: &str = "https://idp.example/slo";

fn request() -> LogoutRequest {
    LogoutRequest {
        id: "_l1".into(),
        issue_instant: now(),
        destination: SLO.into(),
        issuer: IDP.into(),
        name_id: NameId { value: "ja&ne".into(), format: Some("urn:x".into()), ..NameId::default() },
        session_indexes: vec!["_s1".into()],
    }
}

fn response() -> LogoutResponse {
    LogoutResponse {
        id: "_l2".into(),
        issue_instant: now(),
        destination: SLO.into(),
        issuer: IDP.into(),
        in_response_to: "_l1".into(),
    }
}

fn key(of: &crate::idp::Key) -> SigningKey {
    SigningKey::from_pem(of.pair.serialize_pem().as_bytes(), of.certificate.clone()).unwrap()
}

fn expected(signed: Signed<'_>) -> LogoutExpected<'_> {
    LogoutExpected { signed, destination: SLO, issuer: IDP, now: now(), skew: Duration::from_secs(30) }
}

#[test]
fn signed_messages_are_read_as_they_were_written() {
    let trust = trust(&[&RSA, &P256]);
    let Trust::Keys(keys) = &trust else { panic!("keys") };
    for signer in [&*RSA, &*P256] {
        let key = key(signer);
        let expected = expected(Signed::Within(keys));
        assert_eq!(LogoutRequest::read(&request().to_xml(Some(&key)), &expected), Ok(request()));
        assert_eq!(LogoutResponse::read(&response().to_xml(Some(&key)), "_l1", &expected), Ok(response()));
        let query = encode_redirect("SAMLRequest", &request().to_xml(None), Some("a b"), Some(&key));
        let text = decode_redirect(&query, "SAMLRequest", Some(keys), now()).unwrap();
        let expected = LogoutExpected { signed: Signed::ByTheQuery, ..expected };
        assert_eq!(LogoutRequest::read(&text, &expected), Ok(request()));
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let trust = trust(&[&RSA]);
    let Trust::Keys(keys) = &trust else { panic!("keys") };
    let good = expected(Signed::Within(keys));
    let signed = request().to_xml(Some(&key(&RSA)));
    let check = |text: &str, expected: &LogoutExpected<'_>| LogoutRequest::read(text, expected).unwrap_err().check;
    assert_eq!(check(&request().to_xml(None), &good), Check::Signature);
    assert_eq!(check(&request().to_xml(Some(&key(&OTHER))), &good), Check::Signature);
    assert_eq!(check(&signed.replace("ja&amp;ne", "admin"), &good), Check::Signature);
    assert_eq!(check(&signed, &LogoutExpected { issuer: "https://x", ..good }), Check::Issuer);
    assert_eq!(check(&signed, &LogoutExpected { destination: "https://x", ..good }), Check::Destination);
    assert_eq!(check(&response().to_xml(Some(&key(&RSA))), &good), Check::Structure);
    let other = LogoutResponse::read(&response().to_xml(Some(&key(&RSA))), "_l9", &good).unwrap_err();
    assert_eq!(other.check, Check::InResponseTo);
}

#[test]
fn a_changed_query_is_refused() {
    let trust = trust(&[&RSA]);
    let Trust::Keys(keys) = &trust else { panic!("keys") };
    let query = encode_redirect("SAMLRequest", &request().to_xml(None), Some("state"), Some(&key(&RSA)));
    let read = |query: &str| decode_redirect(query, "SAMLRequest", Some(keys), now());
    assert!(read(&query).is_ok());
    let unsigned = encode_redirect("SAMLRequest", &request().to_xml(None), Some("state"), None);
    let weak = query.replace("rsa-sha256", "hmac-sha256");
    for changed in [
        query.replace("RelayState=state", "RelayState=other"),
        query.replace("&RelayState=state", ""),
        format!("{query}&SAMLRequest=x"),
        format!("{query}&RelayState=x"),
        weak,
        unsigned,
    ] {
        read(&changed).expect_err(&changed);
    }
}
