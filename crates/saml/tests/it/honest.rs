//! Honest responses of every kind get in, and xmlsec1 agrees.

use bergshamra_c14n::C14nMode;
use dex_saml::{Check, examine};

use crate::idp::{P256, P384, Plan, RSA, SHA256, Signing, Style, examined, expected, now, outcome, trust};
use crate::xmlsec::XmlSec;

/// Who signs what.
pub(crate) const SIGNED: [(bool, bool); 3] = [(true, false), (false, true), (true, true)];

/// Every honest response, with a name.
pub(crate) fn all() -> Vec<(String, Plan)> {
    let mut all = Vec::new();
    let modes = [
        C14nMode::Exclusive,
        C14nMode::ExclusiveWithComments,
        C14nMode::Inclusive,
        C14nMode::InclusiveWithComments,
        C14nMode::Inclusive11,
        C14nMode::Inclusive11WithComments,
    ];
    for (response, assertion) in SIGNED {
        for style in [Style::Usual, Style::OnTheRoot, Style::Default, Style::Typed] {
            for mode in modes {
                let mut plan = Plan::new(response, assertion);
                plan.style = style;
                plan.signing.info = mode;
                plan.signing.content = mode;
                if mode == C14nMode::Exclusive && style == Style::Typed {
                    plan.signing.prefixes = &["xs"];
                }
                all.push((format!("response {response}, assertion {assertion}, {style:?}, {mode:?}"), plan));
            }
        }
    }
    for (name, key, digest) in [
        ("rsa-sha384", &RSA, "http://www.w3.org/2001/04/xmldsig-more#sha384"),
        ("rsa-sha512", &RSA, "http://www.w3.org/2001/04/xmlenc#sha512"),
        ("ecdsa-sha256", &P256, SHA256),
        ("ecdsa-sha384", &P384, SHA256),
    ] {
        let mut plan = Plan::new(true, true);
        plan.signing = Signing { key, digest, key_info: false, ..Signing::usual() };
        plan.signing.method = Box::leak(format!("http://www.w3.org/2001/04/xmldsig-more#{name}").into_boxed_str());
        all.push((name.to_owned(), plan));
    }
    for (told, from, to) in [
        ("a comment in the name id", ">jane<", ">ja<!-- x -->ne<"),
        ("a comment in the email", "jane@", "<!-- -->jane<!-- x -->@"),
        ("character data", ">jane<", "><![CDATA[jane]]><"),
        ("references", ">jane<", ">&#106;a&#x6E;e<"),
        ("lines ended as elsewhere", "<saml:Subject>", "\r\n<saml:Subject>"),
        ("a declaration and a comment in front", "<samlp:Response", "<?xml version=\"1.0\"?><!-- --><samlp:Response"),
        ("single quotes", "Name=\"mail\"", "Name='mail'"),
        ("a tab in an attribute", "SessionIndex=\"_s1\"", "SessionIndex=\"_&#9;s&#xA;1\""),
    ] {
        for (response, assertion) in SIGNED {
            all.push((
                format!("{told}, response {response}, assertion {assertion}"),
                Plan::new(response, assertion).edit(from, to),
            ));
        }
    }
    all
}

#[test]
fn everybody_honest_gets_in_and_xmlsec1_agrees() {
    let xmlsec = XmlSec::new();
    for (told, plan) in all() {
        let text = plan.build();
        let trust = trust(&[&RSA, &P256, &P384]);
        let assertion = examine(&text, &expected(&trust), now()).outcome;
        let assertion = assertion.unwrap_or_else(|refusal| panic!("{told}: {refusal}\n{text}"));
        assert_eq!(assertion.name_id.value, "jane", "{told}");
        let values = |name: &str| {
            let mut all = assertion.attributes.iter().filter(|attribute| attribute.name == name);
            all.next().unwrap().values.clone()
        };
        assert_eq!(values("mail"), ["jane@example.com"], "{told}");
        assert_eq!(values("groups"), ["staff", "a&b < c"], "{told}");
        agrees(&xmlsec, &text, (plan.sign_response, plan.sign_assertion), &plan.signing.key.pem);
    }
}

/// Asserts that xmlsec1 accepts each signature of an accepted response for the element it is in.
pub(crate) fn agrees(xmlsec: &XmlSec, text: &str, (response, assertion): (bool, bool), certificate: &str) {
    let root = "/*[local-name()='Response']";
    let inner = "/*[local-name()='Response']/*[local-name()='Assertion']";
    for path in [response.then_some(root), assertion.then_some(inner)].into_iter().flatten() {
        assert!(xmlsec.accepts(text, path, certificate), "xmlsec1 refuses {path} of {text}");
    }
}

#[test]
fn the_checks_are_told_in_order() {
    let examined = examined(&Plan::new(true, true).build());
    let names: Vec<&str> = examined.checked.iter().map(|checked| checked.check.name()).collect();
    let expected = [
        "xml",
        "structure",
        "signature",
        "signature",
        "status",
        "version",
        "issuer",
        "in-response-to",
        "destination",
        "subject-confirmation",
        "conditions",
        "audience",
        "authn-statement",
        "name-id",
    ];
    assert_eq!(names, expected);
    let assertion = examined.outcome.unwrap();
    assert_eq!(assertion.id, "_assertion");
    // The end of the assertion and the skew of the clocks.
    assert_eq!(assertion.until.to_string(), "2026-08-06T12:05:30Z");
    assert_eq!(assertion.session_index.as_deref(), Some("_s1"));
}

#[test]
fn what_xmlsec1_has_signed_gets_in() {
    let xmlsec = XmlSec::new();
    let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    for style in [Style::Usual, Style::OnTheRoot, Style::Default, Style::Typed] {
        for c14n in [exclusive, inclusive, "http://www.w3.org/2006/12/xml-c14n11"] {
            for (response, assertion, id) in [(true, false, "_response"), (false, true, "_assertion")] {
                let template = format!(
                    "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">\n<SignedInfo>\n<CanonicalizationMethod \
                     Algorithm=\"{c14n}\"/><SignatureMethod Algorithm=\"{}\"/><Reference URI=\"#{id}\"><Transforms>\
                     <Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\
                     <Transform Algorithm=\"{c14n}\"/></Transforms><DigestMethod Algorithm=\"{SHA256}\"/><DigestValue/>\
                     </Reference></SignedInfo><SignatureValue/></Signature>",
                    crate::idp::RSA_SHA256
                );
                let mut plan = Plan::new(response, assertion);
                plan.style = style;
                let text = plan.unsigned().replace(&crate::idp::place(id), &template);
                let signed = xmlsec.sign(&text, &RSA.pair.serialize_pem());
                let assertion =
                    outcome(&signed).unwrap_or_else(|refusal| panic!("{style:?} {c14n}: {refusal}\n{signed}"));
                assert_eq!(assertion.name_id.value, "jane");
            }
        }
    }
}

#[test]
fn a_response_of_a_renewed_certificate_with_the_same_key_gets_in() {
    let trust = trust(&[&crate::idp::OTHER, &RSA]);
    let examined = examine(&Plan::new(true, false).build(), &expected(&trust), now());
    let signature = examined.checked.iter().find(|checked| checked.check == Check::Signature).unwrap();
    assert!(signature.found.contains(&RSA.certificate.fingerprint()), "{}", signature.found);
}
