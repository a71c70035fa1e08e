//! Each check, with the edge on each side.

use dex_saml::{Check, RequestId, Trust, examine};

use crate::honest::SIGNED;
use crate::idp::{ACS, IDP, OTHER, Plan, REQUEST, RSA, SP, Style, expected, now, outcome, trust};

#[test]
fn what_was_signed_must_fit() {
    let success = "urn:oasis:names:tc:SAML:2.0:status:Success";
    let denied = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\"><samlp:StatusCode \
                  Value=\"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed\"/></samlp:StatusCode>\
                  <samlp:StatusMessage>no way</samlp:StatusMessage>";
    let whole_status = format!("<samlp:StatusCode Value=\"{success}\"/>");
    let data = "NotOnOrAfter=\"2026-08-06T12:05:00Z\" Recipient";
    let ends = "NotOnOrAfter=\"2026-08-06T12:05:00Z\">";
    let begins = "NotBefore=\"2026-08-06T11:59:29Z\"";
    let session = "SessionNotOnOrAfter=\"2026-08-06T20:00:00Z\"";
    let audiences = format!("<saml:Audience>{SP}</saml:Audience>");
    let restriction = format!("<saml:AudienceRestriction>{audiences}</saml:AudienceRestriction>");
    let other = "<saml:AudienceRestriction><saml:Audience>https://x</saml:Audience></saml:AudienceRestriction>";
    let confirmation = "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\">";
    let key_holder = "<saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:holder-of-key\"/>";
    let name_id = "<saml:NameID Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\">jane</saml:NameID>";
    let cases = [
        ("another status", &*whole_status, denied, Err(Check::Status)),
        (
            "another version",
            "ID=\"_assertion\" Version=\"2.0\"",
            "ID=\"_assertion\" Version=\"1.1\"",
            Err(Check::Version),
        ),
        ("no version", "ID=\"_response\" Version=\"2.0\"", "ID=\"_response\"", Err(Check::Version)),
        ("another issuer of both", IDP, "https://other.example", Err(Check::Issuer)),
        (
            "another issuer of the response",
            &format!("{IDP}</saml:Issuer>[["),
            "https://o</saml:Issuer>[[",
            Err(Check::Issuer),
        ),
        (
            "another destination",
            &format!("Destination=\"{ACS}\""),
            "Destination=\"https://x\"",
            Err(Check::Destination),
        ),
        ("no destination", &format!("Destination=\"{ACS}\""), "", Ok(())),
        (
            "another request of the response",
            "InResponseTo=\"r1a2b3c4\"><saml:Issuer",
            "InResponseTo=\"x\"><saml:Issuer",
            Err(Check::InResponseTo),
        ),
        (
            "another request of the subject",
            "InResponseTo=\"r1a2b3c4\"/>",
            "InResponseTo=\"x\"/>",
            Err(Check::SubjectConfirmation),
        ),
        ("no request of the subject", "InResponseTo=\"r1a2b3c4\"/>", "/>", Err(Check::SubjectConfirmation)),
        (
            "another recipient",
            &format!("Recipient=\"{ACS}\""),
            "Recipient=\"https://x\"",
            Err(Check::SubjectConfirmation),
        ),
        ("no recipient", &format!("Recipient=\"{ACS}\""), "", Err(Check::SubjectConfirmation)),
        ("no end of the confirmation", data, "Recipient", Err(Check::SubjectConfirmation)),
        (
            "the confirmation has just ended",
            data,
            "NotOnOrAfter=\"2026-08-06T11:59:30Z\" Recipient",
            Err(Check::SubjectConfirmation),
        ),
        ("the confirmation is about to end", data, "NotOnOrAfter=\"2026-08-06T11:59:31Z\" Recipient", Ok(())),
        (
            "a time without a zone",
            data,
            "NotOnOrAfter=\"2026-08-06T12:05:00\" Recipient",
            Err(Check::SubjectConfirmation),
        ),
        (
            "another method only",
            confirmation,
            &confirmation.replace("bearer", "sender-vouches"),
            Err(Check::SubjectConfirmation),
        ),
        ("another method too", confirmation, &format!("{key_holder}{confirmation}"), Ok(())),
        ("conditions have just ended", ends, "NotOnOrAfter=\"2026-08-06T11:59:30Z\">", Err(Check::Conditions)),
        ("conditions are about to end", ends, "NotOnOrAfter=\"2026-08-06T11:59:31Z\">", Ok(())),
        ("conditions begin soon", begins, "NotBefore=\"2026-08-06T12:00:31Z\"", Err(Check::Conditions)),
        ("conditions begin within the skew", begins, "NotBefore=\"2026-08-06T12:00:30Z\"", Ok(())),
        (
            "a condition that nobody knows",
            &restriction,
            &format!("{restriction}<saml:Condition/>"),
            Err(Check::Conditions),
        ),
        ("to be used once", &restriction, &format!("{restriction}<saml:OneTimeUse/>"), Ok(())),
        ("no audience", &restriction, "", Err(Check::Audience)),
        ("another audience", &audiences, "<saml:Audience>https://x</saml:Audience>", Err(Check::Audience)),
        (
            "an audience in two parts",
            &audiences,
            &format!("<saml:Audience>{SP}<b/>x</saml:Audience>"),
            Err(Check::Audience),
        ),
        ("one of two audiences", &audiences, &format!("<saml:Audience>https://x</saml:Audience>{audiences}"), Ok(())),
        ("a second restriction without us", &restriction, &format!("{restriction}{other}"), Err(Check::Audience)),
        (
            "the session over there has just ended",
            session,
            "SessionNotOnOrAfter=\"2026-08-06T11:59:30Z\"",
            Err(Check::AuthnStatement),
        ),
        ("the session over there is about to end", session, "SessionNotOnOrAfter=\"2026-08-06T11:59:31Z\"", Ok(())),
        ("an endless session over there", session, "", Ok(())),
        ("no login told of", "saml:AuthnStatement", "saml:Other", Err(Check::AuthnStatement)),
        ("no subject", "saml:Subject>", "saml:Other>", Err(Check::SubjectConfirmation)),
        ("no name id", name_id, "", Err(Check::NameId)),
        ("two name ids", name_id, &format!("{name_id}{name_id}"), Err(Check::NameId)),
        ("an empty name id", ">jane<", "> <", Err(Check::NameId)),
        ("a name id in two parts", ">jane<", ">ja<b/>ne<", Err(Check::NameId)),
        ("an encrypted name id", name_id, "<saml:EncryptedID/>", Err(Check::NameId)),
        ("no ID of the assertion", "ID=\"_assertion\" ", "", Err(Check::Structure)),
    ];
    for (told, from, to, expected) in cases {
        let plan = Plan::new(true, false).edit(from, to);
        let got = outcome(&plan.build()).map(|_| ()).map_err(|refusal| refusal.check);
        assert_eq!(got, expected, "{told}");
    }
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
