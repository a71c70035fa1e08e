//! Which crate may use which. The drawing of the house, as a table: nothing points up.

use std::collections::BTreeSet;

use anyhow::Context;
use serde_json::Value;

use crate::command::{cargo, output_of};

/// A crate and the crates right under it. It may use those and whatever they may use.
const UNDER: &[(&str, &[&str])] = &[
    ("oidc", &[]),
    ("jose", &[]),
    ("saml", &[]),
    ("pages", &[]),
    ("bench", &[]),
    ("peers", &[]),
    ("xtask", &[]),
    ("fakes", &["jose"]),
    ("model", &["oidc"]),
    ("config", &["model"]),
    ("mfa", &["model"]),
    ("connector", &["model"]),
    ("directory", &["connector"]),
    ("storage", &["model"]),
    ("storage-sql", &["storage"]),
    ("storage-kubernetes", &["storage"]),
    ("storage-etcd", &["storage"]),
    ("upstream-client", &["connector", "jose"]),
    ("upstreams", &["directory", "saml", "upstream-client"]),
    ("web", &["connector", "jose", "mfa", "pages", "storage"]),
    ("signer-vault", &["web"]),
    ("token", &["web"]),
    ("session", &["token"]),
    ("login", &["session"]),
    ("admin", &["session"]),
    ("example-app", &["jose", "oidc"]),
    ("testkit", &["web"]),
    ("fuzzing", &["config", "login", "saml", "testkit"]),
    (
        "dex",
        &[
            "admin",
            "config",
            "example-app",
            "login",
            "signer-vault",
            "storage-etcd",
            "storage-kubernetes",
            "storage-sql",
            "upstreams",
        ],
    ),
];

/// Checks what every crate is built from. What only its tests use is free.
pub(super) fn check() -> anyhow::Result<Vec<String>> {
    let metadata =
        output_of(cargo().args(["metadata", "--no-deps", "--format-version", "1"])).context("cargo metadata failed")?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is not JSON")?;
    Ok(breaches(&metadata))
}

fn breaches(metadata: &Value) -> Vec<String> {
    let mut breaches = Vec::new();
    for package in array(metadata, "packages") {
        let name = short(text(package, "name"));
        let Some(allowed) = below(name) else {
            breaches.push(format!("crate {name}: not in the drawing of the crates; add it there and to the table"));
            continue;
        };
        let used = array(package, "dependencies")
            .iter()
            .filter(|dependency| dependency["kind"].is_null() && !dependency["path"].is_null())
            .map(|dependency| short(text(dependency, "name")));
        for other in used.filter(|other| !allowed.contains(other)) {
            breaches.push(format!("crate {name}: may not use {other}"));
        }
    }
    breaches
}

/// Every crate that `name` may use, or `None` for a crate the table does not have.
fn below(name: &str) -> Option<BTreeSet<&'static str>> {
    let (_, under) = UNDER.iter().find(|(known, _)| *known == name)?;
    let mut all = BTreeSet::new();
    for other in *under {
        all.insert(*other);
        all.extend(below(other).into_iter().flatten());
    }
    Some(all)
}

fn short(name: &str) -> &str {
    name.strip_prefix("dex-").unwrap_or(name)
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_crate_under_another_is_in_the_table_itself() {
        for (name, under) in UNDER {
            for other in *under {
                assert!(below(other).is_some(), "{name} stands on {other}");
            }
        }
    }

    #[test]
    fn edges_go_down_only() {
        let edge = |from: &str, to: &str, kind: Option<&str>, path: Option<&str>| json!({"packages": [{"name": from, "dependencies": [{"name": to, "kind": kind, "path": path}]}]});
        let local = Some("crates/x");
        let cases = [
            ("a neighbour below", edge("dex-token", "dex-web", None, local), 0),
            ("two floors below", edge("dex-token", "dex-oidc", None, local), 0),
            ("up", edge("dex-web", "dex-token", None, local), 1),
            ("sideways", edge("dex-upstreams", "dex-storage", None, local), 1),
            ("up, for tests only", edge("dex-token", "dex-testkit", Some("dev"), local), 0),
            ("the test kit in what ships", edge("dex", "dex-testkit", None, local), 1),
            ("a crate of others", edge("dex-web", "axum", None, None), 0),
            ("a crate nobody drew", edge("dex-new", "axum", None, None), 1),
        ];
        for (told, metadata, expected) in cases {
            assert_eq!(breaches(&metadata).len(), expected, "{told}");
        }
    }
}
