//! Signature wrapping at every place there is: a forged response with the honest one inside, and the other way round.

use dex_saml::Assertion;

use crate::honest::{SIGNED, agrees};
use crate::idp::{Plan, RSA, outcome};
use crate::tree::Node;
use crate::xmlsec::XmlSec;

/// How many of the responses that got in are shown to xmlsec1.
const SHOWN: usize = 20;

const WRAPPERS: [Option<&str>; 3] = [
    None,
    Some("ds:Object xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\""),
    Some("samlp:Extensions xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\""),
];

/// The honest response of a plan, and what it says.
fn honest(plan: &Plan) -> (Node, Assertion) {
    let text = plan.build();
    let assertion = outcome(&text).unwrap();
    (Node::read(&text), assertion)
}

/// The same with another user: with its own ids or the same, with the signatures copied or dropped.
fn forgeries(honest: &Node) -> Vec<Node> {
    let mut all = Vec::new();
    for ids in [false, true] {
        for signatures in [false, true] {
            let node = if signatures { honest.clone() } else { honest.without_any("Signature") };
            let text = node.write().replace(">jane", ">admin");
            let text = if ids {
                text
            } else {
                text.replace("=\"_response\"", "=\"_r2\"").replace("=\"_assertion\"", "=\"_a2\"")
            };
            all.push(Node::read(&text));
        }
    }
    all
}

fn in_wrapper(node: &Node, wrapper: Option<&str>) -> Node {
    wrapper.map_or_else(|| node.clone(), |tag| node.clone().wrapped(tag))
}

/// Every way to put the response of `inner`, or its assertion, into `outer`.
fn wrapped(outer: &Node, inner: &Node) -> impl Iterator<Item = String> {
    let assertion = inner.at(&inner.find("Assertion").unwrap()).clone();
    let payloads = [inner.clone(), assertion];
    outer.paths().into_iter().flat_map(move |path| {
        let mut made = Vec::new();
        for payload in &payloads {
            for wrapper in WRAPPERS {
                for index in [0, usize::MAX] {
                    made.push(outer.with(&path, index, in_wrapper(payload, wrapper)).write());
                }
            }
        }
        made
    })
}

#[test]
fn no_wrapped_response_gets_anybody_else_in() {
    let mut tried = 0;
    for (response, assertion) in SIGNED {
        let (honest, _) = honest(&Plan::new(response, assertion));
        for forged in forgeries(&honest) {
            for text in wrapped(&forged, &honest).chain(wrapped(&honest, &forged)) {
                tried += 1;
                let outcome = outcome(&text);
                assert!(outcome.is_err(), "two assertions: {outcome:?}\n{text}");
            }
        }
    }
    assert!(tried > 10_000, "{tried}");
}

#[test]
fn no_exchange_of_parts_gets_anybody_else_in() {
    let mut tried = 0;
    for (response, assertion) in SIGNED {
        let (honest, _) = honest(&Plan::new(response, assertion));
        for forged in forgeries(&honest) {
            // Each part of the one in the place of each part of the other that has the same name.
            for from in forged.paths() {
                for to in honest.paths().into_iter().filter(|to| honest.at(to).name() == forged.at(&from).name()) {
                    for (outer, inner, at, part) in [(&honest, &forged, &to, &from), (&forged, &honest, &from, &to)] {
                        let mut mixed = outer.clone();
                        *mixed.at_mut(at) = inner.at(part).clone();
                        tried += 1;
                        if let Ok(assertion) = outcome(&mixed.write()) {
                            let forged = format!("{assertion:?}").contains("admin");
                            assert!(!forged, "{}", mixed.write());
                        }
                    }
                }
            }
        }
    }
    assert!(tried > 500, "{tried}");
}

#[test]
fn a_comment_anywhere_changes_nobody() {
    let xmlsec = XmlSec::new();
    let mut shown = 0;
    for (response, assertion) in SIGNED {
        let plan = Plan::new(response, assertion);
        let (honest, expected) = honest(&plan);
        for path in honest.paths() {
            let text = honest.with(&path, 0, Node::Raw("<!-- x -->".into())).write();
            let got = outcome(&text).unwrap_or_else(|refusal| panic!("{refusal}\n{text}"));
            assert_eq!(got, expected, "{text}");
            if shown < SHOWN {
                shown += 1;
                agrees(&xmlsec, &text, (response, assertion), &RSA.pem);
            }
        }
        // Within a text: `admin<!-- -->.evil` must be read whole.
        let text = honest.write().replace("jane@example.com", "jane@example.com<!-- -->.evil.org");
        assert!(outcome(&text).is_err());
        let signed =
            Plan::new(response, assertion).edit("jane@example.com", "jane@example.com<!-- -->.evil.org").build();
        assert_eq!(outcome(&signed).unwrap().attributes[0].values, [String::from("jane@example.com.evil.org")]);
        let signed = Plan::new(response, assertion).edit(">jane<", ">jane<!-- -->.evil<").build();
        assert_eq!(outcome(&signed).unwrap().name_id.value, "jane.evil");
    }
}

#[test]
fn names_in_other_namespaces_count_for_nothing() {
    for (response, assertion) in SIGNED {
        let honest = Plan::new(response, assertion).build();
        let protocol = "urn:oasis:names:tc:SAML:2.0:protocol";
        for (told, text) in [
            ("another protocol", honest.replacen(protocol, "urn:oasis:names:tc:SAML:1.0:protocol", 1)),
            ("no namespace", honest.replacen("samlp:Response", "Response", 1).replace("/samlp:Response", "/Response")),
            ("another prefix for the same", honest.replace("samlp:", "q:").replace("xmlns:samlp", "xmlns:q")),
        ] {
            // The last one is an equal document if only the assertion is signed.
            let equal = told == "another prefix for the same" && !response;
            assert_eq!(outcome(&text).is_ok(), equal, "{told}");
        }
    }
}

#[test]
fn a_comment_in_the_digest_hides_no_other_digest() {
    // As in CVE-2025-29775: the digest as signed in a comment, another as the text.
    let honest = Plan::new(true, false).build();
    let (head, rest) = honest.split_once("<ds:DigestValue>").unwrap();
    let (digest, tail) = rest.split_once("</ds:DigestValue>").unwrap();
    for value in [format!("<!--{digest}-->AAAA"), format!("AAAA<!--{digest}-->"), format!("{digest}<!-- -->AAAA")] {
        assert!(outcome(&format!("{head}<ds:DigestValue>{value}</ds:DigestValue>{tail}")).is_err());
    }
    assert!(outcome(&format!("{head}<ds:DigestValue><!-- -->{digest}</ds:DigestValue>{tail}")).is_ok());
}

#[test]
fn a_second_signed_info_or_reference_is_refused() {
    // As in CVE-2025-29774 and CVE-2025-66568: more of what there must be one of.
    let honest = Plan::new(true, false).build();
    let tree = Node::read(&honest);
    for name in
        ["SignedInfo", "Reference", "SignatureValue", "KeyInfo", "Signature", "Transform", "DigestValue", "Transforms"]
    {
        let path = tree.find(name).unwrap();
        let copy = tree.at(&path).clone();
        let (last, parent) = path.split_last().unwrap();
        for index in [*last, last + 1, 0, usize::MAX] {
            let text = tree.with(parent, index, copy.clone()).write();
            assert!(outcome(&text).is_err(), "{name} at {index}");
        }
    }
}
