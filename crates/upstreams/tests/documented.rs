//! The table of connectors in the documentation, held against the code.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dex_connector::{Clock, Connector, LoginMethod, Opening};
use dex_upstreams::KINDS;
use serde_json::{Value, json};

/// One line of the table.
struct Row {
    /// The first is the kind's own.
    pages: Vec<String>,
    kinds: Vec<String>,
    login: String,
    refresh: bool,
    gates: Vec<String>,
    exchange: bool,
    logout: bool,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/connectors")
}

/// What stands in backquotes.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("| ["));
    lines
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [upstream, kind, login, refresh, _, gate, exchange, logout] = cells[..] else { panic!("{line}") };
            let pages =
                upstream.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(page, _)| page.to_owned());
            let yes = |cell: &str| match cell {
                "yes" => true,
                "no" => false,
                other => panic!("{other:?} is neither yes nor no: {line}"),
            };
            Row {
                pages: pages.collect(),
                kinds: quoted(kind),
                login: login.to_owned(),
                refresh: yes(refresh),
                gates: quoted(gate),
                exchange: yes(exchange),
                logout: yes(logout),
            }
        })
        .collect()
}

/// What a kind needs to be opened.
fn least(kind: &str) -> Value {
    match kind {
        "atlassian-crowd" => json!({"baseURL": "https://crowd.test", "clientID": "c", "clientSecret": "s"}),
        "google" => json!({"clientID": "c"}),
        "keystone" => json!({
            "keystoneHost": "https://keystone.test", "domain": "default", "keystoneUsername": "a", "keystonePassword": "p",
        }),
        "ldap" => json!({
            "host": "ldap.test:636",
            "userSearch": {"baseDN": "dc=test", "username": "uid", "idAttr": "uid", "emailAttr": "mail", "nameAttr": "cn"},
        }),
        "mockPassword" => json!({"username": "u", "password": "p"}),
        "oauth" => json!({
            "authorizationURL": "https://oauth.test/auth", "tokenURL": "https://oauth.test/token",
            "userInfoURL": "https://oauth.test/me", "redirectURI": CALLBACK,
        }),
        "oidc" => json!({"issuer": "https://oidc.test", "redirectURI": CALLBACK}),
        "openshift" => json!({"issuer": "https://openshift.test", "redirectURI": CALLBACK}),
        "saml" | "samlExperimental" => json!({
            "ssoURL": "https://saml.test", "redirectURI": CALLBACK, "usernameAttr": "name", "emailAttr": "email",
            "insecureSkipSignatureValidation": true,
        }),
        _ => json!({}),
    }
}

const CALLBACK: &str = "https://id.test/callback";

fn open(kind: &str) -> Arc<dyn Connector> {
    let (config, callback) = (least(kind), CALLBACK.parse().unwrap());
    let clock = Clock::new(|| "2026-01-01T00:00:00Z".parse().unwrap());
    let opening = Opening { id: kind, config: &config, callback: &callback, clock };
    dex_upstreams::open(kind, &opening).unwrap_or_else(|error| panic!("{kind}: {error}; tell `least` what it needs"))
}

#[tokio::test]
async fn every_kind_has_a_row_that_tells_what_it_can_do() {
    let rows = rows();
    for (kind, _) in KINDS {
        let row = rows
            .iter()
            .find(|row| row.kinds.iter().any(|own| own == kind))
            .unwrap_or_else(|| panic!("{kind} has no row"));
        let connector = open(kind);
        let login = match connector.login() {
            LoginMethod::Redirect(_) => "redirect",
            LoginMethod::Password(_) => "password",
        };
        assert!(row.login.starts_with(login), "{kind}: login is {:?}, not {login}", row.login);
        assert_eq!(row.refresh, connector.refresh().is_some(), "{kind}: refresh");
        assert_eq!(row.exchange, connector.token_identity().is_some(), "{kind}: token exchange");
        assert_eq!(row.logout, connector.logout().is_some(), "{kind}: logout");
    }
}

#[test]
fn every_kind_has_a_page_that_tells_its_gate_and_how_to_check() {
    for row in rows().iter().filter(|row| KINDS.iter().any(|(kind, _)| row.kinds.iter().any(|own| own == kind))) {
        let read = |page: &String| {
            std::fs::read_to_string(folder().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
        };
        let pages: Vec<_> = row.pages.iter().map(read).collect();
        for key in row.gates.iter().chain(row.kinds.first()) {
            assert!(pages[0].contains(key.as_str()), "{} does not tell of {key}", row.pages[0]);
        }
    }
}
