//! Honest responses changed by chance: whatever happens to them, they say what they said or nothing.

use proptest::prelude::*;

use crate::honest::{SIGNED, agrees};
use crate::idp::{Plan, RSA, outcome};
use crate::tree::Node;
use crate::xmlsec::XmlSec;

/// A change to a document.
#[derive(Clone, Debug)]
enum Change {
    Remove(usize),
    Copy(usize, usize, usize),
    Move(usize, usize, usize),
    Text(usize, String),
    Tag(usize, String, String),
}

fn change() -> impl Strategy<Value = Change> {
    let any = || any::<usize>();
    let edits = [
        ("_response", "_assertion"),
        ("_assertion", "_response"),
        ("_assertion", "_other"),
        (" ID=", " Id="),
        ("saml:", "samlp:"),
        ("samlp:", "saml:"),
        ("Assertion", "Advice"),
        ("Signature", "Object"),
        ("xmldsig#", "xmlenc#"),
        ("2026", "2027"),
        ("InclusiveNamespaces", "x"),
        ("#_", "#"),
    ];
    prop_oneof![
        any().prop_map(Change::Remove),
        (any(), any(), any()).prop_map(|(from, to, at)| Change::Copy(from, to, at)),
        (any(), any(), any()).prop_map(|(from, to, at)| Change::Move(from, to, at)),
        (any(), "(admin|<!-- -->|jane| |&#x0;|<!\\[CDATA\\[a\\]\\]>)").prop_map(|(at, text)| Change::Text(at, text)),
        (any(), prop::sample::select(edits.to_vec())).prop_map(|(at, (from, to))| Change::Tag(
            at,
            from.into(),
            to.into()
        )),
    ]
}

fn pick(node: &Node, index: usize) -> Vec<usize> {
    let paths = node.paths();
    paths[index % paths.len()].clone()
}

fn apply(node: &Node, change: &Change) -> Node {
    match change {
        Change::Remove(at) => {
            let path = pick(node, *at);
            if path.is_empty() { node.clone() } else { node.without(&path).0 }
        }
        Change::Copy(from, to, at) => {
            let copy = node.at(&pick(node, *from)).clone();
            node.with(&pick(node, *to), at % 4, copy)
        }
        Change::Move(from, to, at) => {
            let from = pick(node, *from);
            if from.is_empty() {
                return node.clone();
            }
            let (rest, cut) = node.without(&from);
            rest.with(&pick(&rest, *to), at % 4, cut)
        }
        Change::Text(at, text) => node.with(&pick(node, *at), 0, Node::Raw(text.clone())),
        Change::Tag(at, from, to) => {
            let mut copy = node.clone();
            if let Node::Element { tag, .. } = copy.at_mut(&pick(node, *at)) {
                *tag = tag.replace(&**from, to);
            }
            copy
        }
    }
}

#[test]
fn a_changed_response_says_the_same_or_nothing() {
    /// How many of those that got in are shown to xmlsec1.
    const SHOWN: usize = 60;
    // Without `KeyInfo`: xmlsec1 looks at it, we do not.
    let honest = SIGNED.map(|(response, assertion)| {
        let mut plan = Plan::new(response, assertion);
        plan.signing.key_info = false;
        Node::read(&plan.build())
    });
    let said = outcome(&honest[0].write()).unwrap();
    let xmlsec = XmlSec::new();
    let shown = std::cell::Cell::new(0);
    let config = ProptestConfig { cases: 2500, failure_persistence: None, ..ProptestConfig::default() };
    let strategy = (0..SIGNED.len(), prop::collection::vec(change(), 1..4));
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let result = runner.run(&strategy, |(which, changes)| {
        let node = changes.iter().fold(honest[which].clone(), |node, change| apply(&node, change));
        let text = node.write();
        if let Ok(got) = outcome(&text) {
            prop_assert_eq!(&got, &said, "{}", text);
            if shown.get() < SHOWN {
                shown.set(shown.get() + 1);
                // A signature may have been taken from one of two; the one that is left must do.
                let signed = |name: &str| {
                    let path = node.find(name).unwrap();
                    let Node::Element { children, .. } = node.at(&path) else { panic!("an element") };
                    children.iter().any(|child| child.name() == "Signature")
                };
                agrees(&xmlsec, &text, (signed("Response"), signed("Assertion")), &RSA.pem);
            }
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(shown.get() > 0, "nothing harmless was tried");
}
