//! Each check, with the edge on each side.

use dex_saml::{Check, RequestId, Trust, examine};

use crate::honest::SIGNED;
use crate::idp::{ACS, IDP, OTHER, Plan, REQUEST, RSA, SP, Style, expected, now, outcome, trust};

/// An edit before signing, with a name, and what comes of it.
type Case<'a> = (&'a str, &'a str, &'a str, Result<(), Check>);

fn assert_each(cases: &[Case<'_>]) {
    for (told, from, to, expected) in cases {
        let plan = Plan::new(true, false).edit(from, to);
        let got = outcome(&plan.build()).map(|_| ()).map_err(|refusal| refusal.check);
        assert_eq!(got, *expected, "{told}");
    }
}

#[test]
fn what_the_response_says_must_fit() {
    let status = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";
    let denied = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"><samlp:StatusCode \
                  Value=\"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed\"/></samlp:StatusCode>";
    let version = "ID=\"_assertion\" Version=\"2.0\"";
    let issuer = format!("{IDP}</saml:Issuer>[[");
    let destination = format!("Destination=\"{ACS}\"");
    let request = "InResponseTo=\"r1a2b3c4\"><saml:Issuer";
    assert_each(&[
        ("another status", status, denied, Err(Check::Status)),
        ("no status code", status, "", Err(Check::Status)),
        ("another version", version, "ID=\"_assertion\" Version=\"1.1\"", Err(Check::Version)),
        ("no version", "ID=\"_response\" Version=\"2.0\"", "ID=\"_response\"", Err(Check::Version)),
        ("another issuer of both", IDP, "https://other.example", Err(Check::Issuer)),
        ("another issuer of the response", &issuer, "https://o</saml:Issuer>[[", Err(Check::Issuer)),
        ("another destination", &destination, "Destination=\"https://x\"", Err(Check::Destination)),
        ("no destination", &destination, "", Ok(())),
        ("another request", request, "InResponseTo=\"x\"><saml:Issuer", Err(Check::InResponseTo)),
        ("no request", request, "><saml:Issuer", Err(Check::InResponseTo)),
        ("no ID of the assertion", "ID=\"_assertion\" ", "", Err(Check::Structure)),
    ]);
}

#[test]
fn the_subject_must_be_confirmed_for_us_here_and_now() {
    let request = "InResponseTo=\"r1a2b3c4\"/>";
    let recipient = format!("Recipient=\"{ACS}\"");
    let end = "NotOnOrAfter=\"2026-08-06T12:05:00Z\" Recipient";
    let confirmation = "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">";
    let other_method = confirmation.replace("bearer", "sender-vouches");
    let key_holder = "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:holder-of-key\"/>";
    let two_methods = format!("{key_holder}{confirmation}");
    let refused = Err(Check::SubjectConfirmation);
    assert_each(&[
        ("another request", request, "InResponseTo=\"x\"/>", refused),
        ("no request", request, "/>", refused),
        ("another recipient", &recipient, "Recipient=\"https://x\"", refused),
        ("no recipient", &recipient, "", refused),
        ("no end", end, "Recipient", refused),
        ("it has just ended", end, "NotOnOrAfter=\"2026-08-06T11:59:30Z\" Recipient", refused),
        ("it is about to end", end, "NotOnOrAfter=\"2026-08-06T11:59:31Z\" Recipient", Ok(())),
        ("a time without a zone", end, "NotOnOrAfter=\"2026-08-06T12:05:00\" Recipient", refused),
        ("another method only", confirmation, &other_method, refused),
        ("another method too", confirmation, &two_methods, Ok(())),
        ("no subject", "saml:Subject>", "saml:Other>", refused),
    ]);
}

#[test]
fn the_conditions_must_hold() {
    let ends = "NotOnOrAfter=\"2026-08-06T12:05:00Z\">";
    let begins = "NotBefore=\"2026-08-06T11:59:29Z\"";
    let audience = format!("<saml:Audience>{SP}</saml:Audience>");
    let restriction = format!("<saml:AudienceRestriction>{audience}</saml:AudienceRestriction>");
    let unknown = format!("{restriction}<saml:Condition/>");
    let once = format!("{restriction}<saml:OneTimeUse/>");
    let in_two_parts = format!("<saml:Audience>{SP}<b/>x</saml:Audience>");
    let one_of_two = format!("<saml:Audience>https://x</saml:Audience>{audience}");
    let second = "<saml:AudienceRestriction><saml:Audience>https://x</saml:Audience></saml:AudienceRestriction>";
    let both = format!("{restriction}{second}");
    assert_each(&[
        ("just ended", ends, "NotOnOrAfter=\"2026-08-06T11:59:30Z\">", Err(Check::Conditions)),
        ("about to end", ends, "NotOnOrAfter=\"2026-08-06T11:59:31Z\">", Ok(())),
        ("begin soon", begins, "NotBefore=\"2026-08-06T12:00:31Z\"", Err(Check::Conditions)),
        ("begin within the skew", begins, "NotBefore=\"2026-08-06T12:00:30Z\"", Ok(())),
        ("one that nobody knows", &restriction, &unknown, Err(Check::Conditions)),
        ("to be used once", &restriction, &once, Ok(())),
        ("no audience", &restriction, "", Err(Check::Audience)),
        ("another audience", &audience, "<saml:Audience>https://x</saml:Audience>", Err(Check::Audience)),
        ("an audience in two parts", &audience, &in_two_parts, Err(Check::Audience)),
        ("one of two audiences", &audience, &one_of_two, Ok(())),
        ("a second restriction without us", &restriction, &both, Err(Check::Audience)),
    ]);
}

#[test]
fn somebody_must_have_logged_in_and_have_a_name() {
    let session = "SessionNotOnOrAfter=\"2026-08-06T20:00:00Z\"";
    let name_id = "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">jane</saml:NameID>";
    let twice = name_id.repeat(2);
    assert_each(&[
        ("just ended", session, "SessionNotOnOrAfter=\"2026-08-06T11:59:30Z\"", Err(Check::AuthnStatement)),
        ("about to end", session, "SessionNotOnOrAfter=\"2026-08-06T11:59:31Z\"", Ok(())),
        ("no time", session, "SessionNotOnOrAfter=\"soon\"", Err(Check::AuthnStatement)),
        ("endless", session, "", Ok(())),
        ("no login told of", "saml:AuthnStatement", "saml:Other", Err(Check::AuthnStatement)),
        ("no name id", name_id, "", Err(Check::NameId)),
        ("two name ids", name_id, &twice, Err(Check::NameId)),
        ("an empty name id", ">jane<", "> <", Err(Check::NameId)),
        ("a name id in two parts", ">jane<", ">ja<b/>ne<", Err(Check::NameId)),
        ("an encrypted name id", name_id, "<saml:EncryptedID/>", Err(Check::NameId)),
    ]);
}

#[test]
fn reasons_are_in_words_with_both_values() {
    let cases = [
        (
            "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>",
            "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"/><samlp:StatusMessage>no \
             way</samlp:StatusMessage>",
            "status: status code of the Response was not Success, was \"Responder\" -> \"no way\"",
        ),
        (
            "<saml:Audience>https://dex.example/sp</saml:Audience>",
            "<saml:Audience>https://x</saml:Audience>",
            "audience: required audience \"https://dex.example/sp\" was not in Response audiences \"https://x\"",
        ),
        (
            "Recipient=\"https://dex.example/callback\"",
            "Recipient=\"https://x\"",
            "subject-confirmation: failed to validate subject confirmation: expected Recipient \
             \"https://dex.example/callback\" got \"https://x\"",
        ),
    ];
    for (from, to, expected) in cases {
        let refusal = outcome(&Plan::new(true, false).edit(from, to).build()).unwrap_err();
        assert_eq!(refusal.to_string(), expected);
    }
}

#[test]
fn an_unsigned_response_can_refuse_but_need_not_speak() {
    let signed =
        |from: &str, to: &str| outcome(&Plan::new(false, true).build().replacen(from, to, 1)).map_err(|r| r.check);
    let request = format!("InResponseTo=\"{REQUEST}\"");
    assert!(signed(&request, "").is_ok());
    assert_eq!(signed(&request, "InResponseTo=\"x\"").unwrap_err(), Check::InResponseTo);
    assert_eq!(signed("status:Success", "status:Responder").unwrap_err(), Check::Status);
    assert_eq!(signed(&format!("Destination=\"{ACS}\""), "Destination=\"https://x\"").unwrap_err(), Check::Destination);
}

#[test]
fn without_the_request_that_check_passes_and_says_so() {
    let trust = trust(&[&RSA]);
    let expected = dex_saml::Expected { in_response_to: RequestId::NotChecked, ..expected(&trust) };
    let text = Plan::new(true, true).edit(REQUEST, "another").build();
    let examined = examine(&text, &expected, now());
    assert!(examined.outcome.is_ok());
    assert!(examined.checked.iter().any(|c| c.check == Check::InResponseTo && c.found.starts_with("not checked")));
}

#[test]
fn signatures_of_others_and_broken_ones_are_refused() {
    for (response, assertion) in SIGNED {
        let honest = Plan::new(response, assertion).build();
        let start = honest.find("<ds:SignatureValue>").unwrap() + 19;
        let flipped = if honest.as_bytes()[start] == b'A' { "B" } else { "A" };
        let mut value = honest.clone();
        value.replace_range(start..=start, flipped);
        let cases = [
            ("changed user", honest.replace(">jane<", ">admin<")),
            ("changed group", honest.replace(">staff<", ">admins<")),
            ("changed signature", value),
            ("an element more", honest.replace("</saml:Subject>", "</saml:Subject><saml:Subject/>")),
            ("by HMAC", honest.replace("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256")),
            ("by no algorithm", honest.replace("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "")),
            ("of an external thing", honest.replace("Reference URI=\"#", "Reference URI=\"http://x#")),
            (
                "of the whole document",
                honest
                    .replace("Reference URI=\"#_response\"", "Reference URI=\"\"")
                    .replace("Reference URI=\"#_assertion\"", "Reference URI=\"\""),
            ),
        ];
        for (told, text) in cases {
            assert_ne!(text, honest, "{told}");
            let refusal = outcome(&text).expect_err(told);
            assert_eq!(refusal.check, Check::Signature, "{told}: {refusal}");
        }
        let mut forged = Plan::new(response, assertion);
        forged.signing.key = &OTHER;
        assert_eq!(outcome(&forged.build()).unwrap_err().check, Check::Signature);
    }
}

#[test]
fn a_broken_signature_is_not_made_good_by_another_one() {
    let both = Plan::new(true, true).build();
    // The signature of the response is broken by a change outside the assertion, which stays as it was.
    let broken = both.replace(
        "IssueInstant=\"2026-08-06T11:59:59Z\" Destination",
        "IssueInstant=\"2026-08-06T11:59:58Z\" Destination",
    );
    assert_ne!(both, broken);
    assert_eq!(outcome(&broken).unwrap_err().check, Check::Signature);
}

#[test]
fn without_a_signature_only_an_insisting_operator_believes() {
    let text = Plan::new(false, false).build();
    assert_eq!(outcome(&text).unwrap_err().check, Check::Signature);
    let examined = examine(&text, &expected(&Trust::Anybody), now());
    assert_eq!(examined.outcome.unwrap().name_id.value, "jane");
    let wrong = text.replace(SP, "https://x");
    assert_eq!(examine(&wrong, &expected(&Trust::Anybody), now()).outcome.unwrap_err().check, Check::Audience);
}

#[test]
fn sha1_is_opted_into() {
    let mut plan = Plan::new(true, false);
    plan.signing.digest = "http://www.w3.org/2000/09/xmldsig#sha1";
    let text = plan.build();
    assert_eq!(outcome(&text).unwrap_err().check, Check::Signature);
    let Trust::Keys(keys) = trust(&[&RSA]) else { panic!("keys") };
    let legacy = Trust::Keys(keys.with_sha1(true));
    assert!(examine(&text, &expected(&legacy), now()).outcome.is_ok());
}

#[test]
fn a_certificate_that_does_not_hold_is_told() {
    let trust = trust(&[&RSA]);
    let text = Plan::new(true, false).build();
    let late = "4099-01-01T00:00:00Z".parse().unwrap();
    let refusal = examine(&text, &expected(&trust), late).outcome.unwrap_err();
    assert_eq!(refusal.check, Check::Signature);
    assert!(refusal.reason.contains(&RSA.certificate.fingerprint()), "{refusal}");
    let Trust::Keys(keys) = &trust else { panic!("keys") };
    let timeless: Vec<_> = keys.certificates().iter().cloned().map(dex_saml::Certificate::whatever_its_dates).collect();
    let timeless = Trust::Keys(dex_saml::TrustedKeys::new(timeless).unwrap());
    assert_eq!(examine(&text, &expected(&timeless), late).outcome.unwrap_err().check, Check::SubjectConfirmation);
}

#[test]
fn every_style_is_read_alike() {
    for style in [Style::Usual, Style::OnTheRoot, Style::Default, Style::Typed] {
        let mut plan = Plan::new(true, true);
        plan.style = style;
        assert_eq!(outcome(&plan.build()).unwrap().attributes.len(), 2, "{style:?}");
    }
}
