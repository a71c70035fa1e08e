//! Proves that the documentation names every key there is.

use std::collections::BTreeSet;

use crate::load::read;
use crate::report::Report;
use crate::support::Supported;
use crate::tree::{Shape, ShapedKey};
use crate::users::connector_keys;
use crate::{Feature, Overrides};

const DOCUMENT: &str = include_str!("../../../docs/configuration.md");

/// Files that together make every section ask for its keys.
const FILES: &[&str] = &[
    "staticClients: [{}]\nstaticPasswords: [{}]\nconnectors: [{}]\nsessions: {}\n\
     mfa: {authenticators: [{type: TOTP}, {type: WebAuthn}]}\n\
     signer: {type: local}\nstorage: {type: sqlite3}",
    "signer: {type: vault}\nstorage: {type: mysql}",
    "storage: {type: kubernetes}",
    "storage: {type: etcd}",
    "storage: {type: postgres}",
];

fn known_keys() -> BTreeSet<String> {
    let nothing = Supported {
        connector_kinds: &[],
        storage_kinds: &[],
        signer_kinds: &[],
        signer_algorithms: &[],
        authenticator_kinds: &[],
        features: Feature::ALL,
    };
    let mut keys = BTreeSet::new();
    for text in FILES {
        let report = Report::new("dex.yaml", false);
        read(text, &|_: &str| None, &Overrides::default(), &nothing, &report);
        keys.extend(report.known_keys());
    }
    keys
}

#[test]
fn every_key_is_in_the_documentation() {
    let keys = known_keys();
    assert!(keys.len() > 120, "{} keys", keys.len());
    for key in keys {
        assert!(DOCUMENT.contains(&format!("| `{key}` |")), "{key} is not documented");
    }
}

#[test]
fn every_key_in_the_documentation_exists() {
    let keys = known_keys();
    let (sections, _) = DOCUMENT.split_once("\n### `atlassian-crowd`").expect("connectors");
    let (_, sections) = sections.split_once("## Top level").expect("sections");
    for line in sections.lines().filter_map(|line| line.strip_prefix("| `")) {
        let key = line.split('`').next().expect("a key");
        assert!(keys.contains(key), "{key} does not exist");
    }
}

fn assert_documented(section: &str, keys: &'static [ShapedKey], path: &str) {
    for (key, shape) in keys {
        let key = format!("{path}{key}");
        assert!(section.contains(&format!("| `{key}` |")), "{key} is not documented");
        if let Shape::Block(keys) | Shape::Blocks(keys) = shape {
            assert_documented(section, keys, &format!("{key}."));
        }
    }
}

#[test]
fn every_key_of_every_connector_is_in_its_section() {
    for kind in connector_keys::kinds() {
        let heading = format!("\n### `{kind}`");
        let (_, rest) = DOCUMENT.split_once(&heading).expect(kind);
        let section = rest.split("\n### ").next().expect("a section");
        assert_documented(section, connector_keys::of(kind).expect(kind), "");
    }
}

#[test]
fn every_variable_is_in_the_documentation() {
    for flag in crate::FeatureFlag::ALL {
        let variable = flag.variable();
        assert!(DOCUMENT.contains(&format!("| `{variable}` |")), "{variable}");
    }
}
