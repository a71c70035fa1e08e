//! Logging out, both ways.

use std::time::Duration;

use dex_saml::{
    Certificate, Check, LOGOUT_LIFETIME, LogoutExpected, LogoutMessage, LogoutRequest, LogoutResponse, LogoutStatus,
    NameId, Refusal, SigningKey, Trust, TrustedKeys, encode_post, encode_redirect,
};

use crate::idp::{IDP, OTHER, P256, RSA, now, place, sign, trust};

const SLO: &str = "https://dex.example/logout/callback/corp";

const SKEW: Duration = Duration::from_secs(30);

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
        status: LogoutStatus::Success,
    }
}

fn key(of: &crate::idp::Key) -> SigningKey {
    SigningKey::from_pem(of.pair.serialize_pem().as_bytes(), of.certificate.clone()).unwrap()
}

fn keys(of: &[&crate::idp::Key]) -> TrustedKeys {
    let Trust::Keys(keys) = trust(of) else { panic!("keys") };
    keys
}

fn expected() -> LogoutExpected<'static> {
    LogoutExpected { destination: SLO, issuer: IDP, now: now(), skew: SKEW }
}

/// What comes of a posted text that should be a request.
fn posted(text: &str) -> Result<LogoutRequest, Refusal> {
    let message = LogoutMessage::posted(&encode_post(text), &keys(&[&RSA, &P256]), now())?;
    LogoutRequest::read(&message, &expected())
}

/// What comes of a query that should be a request.
fn queried(query: &str) -> Result<LogoutRequest, Refusal> {
    let message = LogoutMessage::in_query(query, "SAMLRequest", &keys(&[&RSA, &P256]), now())?;
    LogoutRequest::read(&message, &expected())
}

fn query(text: &str) -> String {
    encode_redirect("SAMLRequest", text, Some("a b/?="), Some(&key(&RSA)))
}

fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Check {
    result.unwrap_err().check
}

#[test]
fn signed_messages_are_read_as_they_were_written() {
    for signer in [&*RSA, &*P256] {
        let key = key(signer);
        assert_eq!(posted(&request().to_xml(Some(&key))), Ok(request()));
        let query = encode_redirect("SAMLRequest", &request().to_xml(None), Some("a b"), Some(&key));
        assert_eq!(queried(&query), Ok(request()));
        let message = LogoutMessage::in_query(&query, "SAMLRequest", &keys(&[signer]), now()).unwrap();
        assert_eq!(message.relay_state(), Some("a b"));
        for status in [LogoutStatus::Success, LogoutStatus::Partial] {
            let response = LogoutResponse { status, ..response() };
            let text = encode_post(&response.to_xml(Some(&key)));
            let message = LogoutMessage::posted(&text, &keys(&[signer]), now()).unwrap();
            assert_eq!(LogoutResponse::read(&message, "_l1", &expected()), Ok(response));
        }
    }
}

#[test]
fn an_answer_is_to_this_request_and_may_say_no() {
    let read = |response: &LogoutResponse, to: &str| {
        let text = encode_post(&response.to_xml(Some(&key(&RSA))));
        LogoutResponse::read(&LogoutMessage::posted(&text, &keys(&[&RSA]), now())?, to, &expected())
    };
    assert_eq!(refused(read(&response(), "_l9")), Check::InResponseTo);
    let failed = LogoutResponse { status: LogoutStatus::Failed(String::new()), ..response() };
    let LogoutStatus::Failed(told) = read(&failed, "_l1").unwrap().status else { panic!("it failed") };
    assert!(told.contains("Responder"), "{told}");
    let asked = LogoutMessage::posted(&encode_post(&request().to_xml(Some(&key(&RSA)))), &keys(&[&RSA]), now());
    assert_eq!(refused(LogoutResponse::read(&asked.unwrap(), "_l1", &expected())), Check::Structure);
}

#[test]
fn what_does_not_fit_is_refused_by_either_binding() {
    let late = |seconds: i64| jiff::Timestamp::from_second(now().as_second() + seconds).unwrap();
    let oldest = -(i64::try_from((LOGOUT_LIFETIME + SKEW).as_secs()).unwrap());
    let change = |change: &dyn Fn(&mut LogoutRequest)| {
        let mut request = request();
        change(&mut request);
        request
    };
    let cases = [
        ("the clock is slow", change(&|it| it.issue_instant = late(30)), None),
        ("from the future", change(&|it| it.issue_instant = late(31)), Some(Check::Conditions)),
        ("as old as may be", change(&|it| it.issue_instant = late(oldest + 1)), None),
        ("too old", change(&|it| it.issue_instant = late(oldest)), Some(Check::Conditions)),
        ("of another tenant", change(&|it| it.issuer = IDP.to_owned() + "/other"), Some(Check::Issuer)),
        ("of nobody", change(&|it| it.issuer.clear()), Some(Check::Issuer)),
        ("for another", change(&|it| it.destination = SLO.to_owned() + "2"), Some(Check::Destination)),
        ("for a prefix", change(&|it| it.destination = "https://dex.example/".into()), Some(Check::Destination)),
        ("for nobody", change(&|it| it.destination.clear()), Some(Check::Destination)),
        ("without a user", change(&|it| it.name_id.value = " \n".into()), Some(Check::NameId)),
        ("without an id", change(&|it| it.id.clear()), Some(Check::Structure)),
    ];
    for (told, request, expected) in cases {
        let by_query = queried(&query(&request.to_xml(None)));
        assert_eq!(by_query.map_err(|refusal| refusal.check).err(), expected, "{told}");
        // What has no id cannot be referred to.
        let expected = if request.id.is_empty() { Some(Check::Signature) } else { expected };
        let by_post = posted(&request.to_xml(Some(&key(&RSA))));
        assert_eq!(by_post.map_err(|refusal| refusal.check).err(), expected, "{told}");
    }
    let text = request().to_xml(None);
    let edits = [
        (" Destination=\"https://dex.example/logout/callback/corp\"", "", Check::Destination),
        ("Version=\"2.0\"", "Version=\"1.1\"", Check::Version),
        ("Version=\"2.0\"", "Version=\"2.0\" NotOnOrAfter=\"2026-08-06T11:59:30Z\"", Check::Conditions),
        ("Version=\"2.0\"", "Version=\"2.0\" NotOnOrAfter=\"whenever\"", Check::Conditions),
        ("IssueInstant=", "Issued=", Check::Structure),
        ("saml:NameID", "saml:EncryptedID", Check::NameId),
        ("</saml:NameID>", "<a/></saml:NameID>", Check::NameId),
        ("</saml:NameID>", "</saml:NameID><saml:NameID>admin</saml:NameID>", Check::NameId),
        ("LogoutRequest", "LogoutResponse", Check::Structure),
        ("LogoutRequest", "ManageNameIDRequest", Check::Structure),
        ("<saml:Issuer>", "<saml:Issuer>https://x</saml:Issuer><saml:Issuer>", Check::Issuer),
        ("<samlp:LogoutRequest", "<!DOCTYPE a><samlp:LogoutRequest", Check::Xml),
    ];
    for (from, to, expected) in edits {
        assert!(text.contains(from), "{from}");
        assert_eq!(refused(queried(&query(&text.replace(from, to)))), expected, "{to}");
    }
    assert!(posted(&sign(&with_place(&text), "_l1", &crate::idp::Signing::usual())).is_ok());
}

/// The text of a request with the place of a signature.
fn with_place(text: &str) -> String {
    text.replacen("</saml:Issuer>", &format!("</saml:Issuer>{}", place("_l1")), 1)
}

#[test]
fn a_posted_request_is_signed_as_a_whole_by_a_trusted_key() {
    let honest = request().to_xml(Some(&key(&RSA)));
    let (start, end) = (honest.find("<ds:Signature ").unwrap(), honest.find("</ds:Signature>").unwrap() + 15);
    let signature = &honest[start..end];
    let evil = request().to_xml(None).replace("ja&amp;ne", "admin");
    let evil_2 = evil.replace("_l1", "_l3");
    let behind_issuer = |text: &str, more: &str| text.replacen("</saml:Issuer>", &format!("</saml:Issuer>{more}"), 1);
    let unsigned = honest.replace(signature, "");
    let within =
        |outer: &str, inner: &str| behind_issuer(outer, &format!("<samlp:Extensions>{inner}</samlp:Extensions>"));
    let sha1 = sign(
        &with_place(&request().to_xml(None)),
        "_l1",
        &crate::idp::Signing { digest: "http://www.w3.org/2000/09/xmldsig#sha1", ..crate::idp::Signing::usual() },
    );
    let cases = [
        ("unsigned", unsigned.clone()),
        ("by another key", request().to_xml(Some(&key(&OTHER)))),
        ("another user", honest.replace("ja&amp;ne", "admin")),
        ("another session", honest.replace("_s1", "_s2")),
        ("a session taken out", honest.replace("<samlp:SessionIndex>_s1</samlp:SessionIndex>", "")),
        ("another instant", honest.replace("12:00:00Z", "12:00:01Z")),
        ("another algorithm", honest.replace("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256")),
        (
            "a weaker algorithm",
            honest.replace("xmldsig-more#rsa-sha256", "xmldsig#rsa-sha1").replace("2001/04", "2000/09"),
        ),
        ("a digest of SHA-1", sha1),
        ("the signature of another message", behind_issuer(&evil, signature)),
        ("of another id", behind_issuer(&evil_2, signature)),
        ("the honest one within", within(&evil_2, &honest)),
        ("the honest one within, its signature outside", behind_issuer(&within(&evil_2, &unsigned), signature)),
        ("the same id outside", within(&evil, &honest)),
        ("two signatures", behind_issuer(&honest, signature)),
        (
            "a signature elsewhere",
            honest.replace("</samlp:SessionIndex>", &format!("</samlp:SessionIndex><a>{signature}</a>")),
        ),
        ("an empty reference", honest.replace("URI=\"#_l1\"", "URI=\"\"")),
        ("two users", honest.replace("<saml:NameID", "<saml:NameID>admin</saml:NameID><saml:NameID")),
    ];
    for (told, text) in cases {
        assert_ne!(text, honest, "{told}");
        let check = refused(posted(&text));
        assert!(matches!(check, Check::Signature | Check::Structure | Check::Xml), "{told}: {check:?}");
    }
    // A comment changes nothing and cuts nothing off.
    assert_eq!(posted(&honest.replace("ja&amp;ne", "ja&amp;<!-- -->ne")), Ok(request()));
    assert_eq!(refused(LogoutRequest::read(&response_message(), &expected())), Check::Structure);
}

fn response_message() -> LogoutMessage {
    LogoutMessage::posted(&encode_post(&response().to_xml(Some(&key(&RSA)))), &keys(&[&RSA]), now()).unwrap()
}

#[test]
fn a_query_is_signed_as_it_came() {
    let honest = query(&request().to_xml(None));
    assert_eq!(queried(&honest), Ok(request()));
    let pairs: Vec<&str> = honest.split('&').collect();
    let [message, relay_state, algorithm, signature] = pairs[..] else { panic!("{honest}") };
    // Only the signed three have an order, and that is not the one they come in.
    assert_eq!(queried(&[signature, relay_state, algorithm, message].join("&")), Ok(request()));
    let other = query(&request().to_xml(None).replace("ja&amp;ne", "admin"));
    let evil = other.split('&').next().unwrap();
    let unsigned = encode_redirect("SAMLRequest", &request().to_xml(None), Some("a b/?="), None);
    let inside = encode_redirect("SAMLRequest", &request().to_xml(Some(&key(&RSA))), None, Some(&key(&RSA)));
    let by_other = encode_redirect("SAMLRequest", &request().to_xml(None), None, Some(&key(&OTHER)));
    let sha1 = algorithm.replace("2001%2F04%2Fxmldsig-more%23rsa-sha256", "2000%2F09%2Fxmldsig%23rsa-sha1");
    assert_ne!(sha1, algorithm);
    let cases = [
        ("unsigned", unsigned.clone()),
        ("without an algorithm", [message, relay_state, signature].join("&")),
        (
            "unsigned, with a signature within",
            encode_redirect("SAMLRequest", &request().to_xml(Some(&key(&RSA))), None, None),
        ),
        ("signed within as well", inside),
        ("by another key", by_other),
        ("another message", honest.replace(message, evil)),
        ("the message twice", format!("{evil}&{honest}")),
        ("the message twice, behind", format!("{honest}&{evil}")),
        ("the message twice, its name escaped", format!("{}&{evil}", honest.replace("SAMLRequest=", "SAML%52equest="))),
        ("escaped otherwise", honest.replace("%2F", "%2f")),
        ("not escaped where it may be", honest.replace("RelayState=a%20b%2F%3F%3D", "RelayState=a%20b/?%3D")),
        ("a space as a plus", honest.replace("a%20b", "a+b")),
        ("without its state", honest.replace(&format!("{relay_state}&"), "")),
        ("another state", honest.replace("a%20b", "a%20c")),
        ("two states", format!("{honest}&RelayState=x")),
        ("two algorithms", format!("{honest}&{algorithm}")),
        ("two signatures", format!("{honest}&{signature}")),
        ("another algorithm", honest.replace(algorithm, &algorithm.replace("sha256", "sha512"))),
        ("HMAC", honest.replace(algorithm, &algorithm.replace("rsa-sha256", "hmac-sha256"))),
        ("SHA-1", honest.replace(algorithm, &sha1)),
        ("as a response", honest.replace("SAMLRequest=", "SAMLResponse=")),
        ("nothing", String::new()),
    ];
    for (told, query) in cases {
        assert_ne!(query, honest, "{told}");
        let check = refused(queried(&query));
        assert!(matches!(check, Check::Signature | Check::Structure | Check::Xml), "{told}: {check:?}");
    }
}

#[test]
fn sha1_in_a_query_is_for_those_who_insist() {
    let signed = query(&request().to_xml(None))
        .replace("rsa-sha256", "rsa-sha1")
        .replace("2001%2F04%2Fxmldsig-more", "2000%2F09%2Fxmldsig");
    let keys = keys(&[&RSA]);
    let told = |keys: &TrustedKeys| LogoutMessage::in_query(&signed, "SAMLRequest", keys, now()).unwrap_err().reason;
    assert!(told(&keys).contains("\"rsa-sha1\" is not accepted"), "{}", told(&keys));
    assert!(told(&keys.with_sha1(true)).contains("none of the trusted keys"));
}

#[test]
fn a_certificate_that_has_expired_logs_nobody_out() {
    let later = "4097-01-01T00:00:00Z".parse().unwrap();
    let honest = query(&request().to_xml(None));
    let read = |certificate: Certificate| {
        let keys = TrustedKeys::new(vec![certificate]).unwrap();
        LogoutMessage::in_query(&honest, "SAMLRequest", &keys, later).map(|_| ())
    };
    assert_eq!(refused(read(RSA.certificate.clone())), Check::Signature);
    assert_eq!(read(RSA.certificate.clone().whatever_its_dates()), Ok(()));
}

#[test]
fn a_signed_bomb_does_not_go_off() {
    let bomb = "<a>".to_owned() + &"x".repeat(64 * 1024 * 1024) + "</a>";
    let bomb = query(&bomb);
    assert!(bomb.len() < 200_000, "{}", bomb.len());
    let refusal = queried(&bomb).unwrap_err();
    assert_eq!(refusal.check, Check::Xml);
    assert!(refusal.reason.contains("does not inflate"), "{refusal}");
}
