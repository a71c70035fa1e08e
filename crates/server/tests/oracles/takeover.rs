//! The real binary on the databases that Dex left (`docs/fixtures.md`): nobody is signed out.

use std::path::Path;

use serde_json::Value;

use crate::dex::{Dex, free_port};
use crate::http::{get, post};

const FIXTURES: [&str; 3] = ["dex-2.45.1", "dex-master", "dex-master-sessions"];

/// Secrets of the clients, by id; the public one has none.
const SECRETS: [(&str, &str); 2] = [("example-app", "ZXhhbXBsZS1hcHAtc2VjcmV0"), ("api-app", "YXBpLWFwcC1zZWNyZXQ")];

/// Dex's configuration and a copy of its database, in our hands.
struct TakenOver {
    dex: Dex,
    port: u16,
    facts: Value,
}

impl TakenOver {
    fn from(name: &str) -> Self {
        Self::with(name, false)
    }

    fn with(name: &str, sessions: bool) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../storage-sql/tests/fixtures");
        let facts = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let facts: Value = serde_json::from_str(&facts).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("dex.db");
        std::fs::copy(folder.join(format!("{name}.db")), &database).unwrap();
        let port = free_port();
        // The issuer stays what it was: tokens name it.
        let config: String = text(&facts["config"])
            .lines()
            .filter(|line| !line.starts_with("grpc:"))
            .map(|line| match line {
                _ if line.starts_with("web:") => format!("web: {{http: '127.0.0.1:{port}'}}\n"),
                _ => format!("{}\n", line.replace("file: dex.db", &format!("file: '{}'", database.display()))),
            })
            .collect();
        Self { dex: Dex::served(directory, &config, port, sessions), port, facts }
    }

    fn token(&self, client: &str, form: &[(&str, &str)]) -> crate::http::Answer {
        let secret = SECRETS.iter().find(|(id, _)| *id == client).map(|(_, secret)| *secret);
        let mut form = form.to_vec();
        form.push(("client_id", client));
        form.extend(secret.map(|secret| ("client_secret", secret)));
        post(self.port, "/dex/token", &form)
    }

    fn user(&self, access_token: &str) -> Value {
        let answer = get(self.port, "/dex/userinfo", &format!("authorization: Bearer {access_token}\r\n"));
        assert_eq!(answer.status, 200, "{answer:?}\n{}", self.dex.log());
        answer.json()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn tokens(facts: &Value) -> &[Value] {
    facts["tokens"].as_array().unwrap()
}

#[test]
fn every_refresh_token_of_dex_goes_on() {
    for name in FIXTURES {
        let taken = TakenOver::from(name);
        for had in tokens(&taken.facts) {
            let client = text(&had["client_id"]);
            let mut refresh_token = text(&had["refresh_token"]).to_owned();
            // Twice: the second time with a token that we wrote.
            for _ in 0..2 {
                let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.as_str())];
                let answer = taken.token(client, &form);
                assert_eq!(answer.status, 200, "{name} {client}: {answer:?}\n{}", taken.dex.log());
                let fresh = answer.json();
                assert_eq!(taken.user(text(&fresh["access_token"]))["sub"], had["sub"], "{name} {client}");
                text(&fresh["refresh_token"]).clone_into(&mut refresh_token);
            }
        }
    }
}

#[test]
fn a_refresh_token_that_dex_had_replaced_is_refused() {
    for name in FIXTURES {
        let taken = TakenOver::from(name);
        for had in tokens(&taken.facts) {
            let Some(stale) = had["previous_refresh_token"].as_str() else { continue };
            let form = [("grant_type", "refresh_token"), ("refresh_token", stale)];
            let answer = taken.token(text(&had["client_id"]), &form);
            assert_eq!((answer.status, &answer.json()["error"]), (400, &"invalid_grant".into()), "{name}");
        }
    }
}

#[test]
fn access_tokens_signed_by_a_retired_key_of_dex_stay_good() {
    for name in FIXTURES {
        let taken = TakenOver::from(name);
        for had in tokens(&taken.facts) {
            assert_eq!(taken.user(text(&had["access_token"]))["sub"], had["sub"], "{name}");
        }
        let keys = get(taken.port, "/dex/keys", "").body;
        for kid in taken.facts["keys"].as_array().unwrap() {
            assert!(keys.contains(text(kid)), "{name}: {kid} is published: {keys}");
        }
    }
}

#[test]
fn consent_that_dex_asked_for_can_be_given_to_us() {
    // Releases up to v2.45.1 sign the steps of a login in a way that Dex itself no longer takes.
    for name in ["dex-master", "dex-master-sessions"] {
        let taken = TakenOver::from(name);
        let page = text(&taken.facts["approval_page"]).strip_prefix("http://127.0.0.1:5556").unwrap();
        let shown = get(taken.port, page, "");
        assert_eq!(shown.status, 200, "{name}: {shown:?}\n{}", taken.dex.log());
        let request = page.split(['?', '&']).find_map(|pair| pair.strip_prefix("req=")).unwrap();
        let mut answer = post(taken.port, page, &[("req", request), ("approval", "approve")]);
        if answer.location().starts_with("/dex/") || answer.location().starts_with("http://127.0.0.1:5556") {
            let next = answer.location().trim_start_matches("http://127.0.0.1:5556").to_owned();
            answer = get(taken.port, &next, "");
        }
        let location = answer.location();
        assert!(location.starts_with("http://127.0.0.1:5555/callback?"), "{name}: {answer:?}\n{}", taken.dex.log());
        let code = location.split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).unwrap();
        let form =
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "http://127.0.0.1:5555/callback")];
        let answer = taken.token("api-app", &form);
        assert_eq!(answer.status, 200, "{name}: {answer:?}\n{}", taken.dex.log());
    }
}

#[test]
fn who_is_signed_in_at_dex_is_signed_in_here() {
    let taken = TakenOver::with("dex-master-sessions", true);
    let cookie = format!("cookie: dex_session={}\r\n", text(&taken.facts["session_cookie"]["dex_session"]));
    let home = get(taken.port, "/dex", &cookie);
    assert!(home.body.contains("admin@example.com"), "{home:?}\n{}", taken.dex.log());

    let redirect_uri = "http://127.0.0.1:5555/callback";
    let asked = "client_id=example-app&response_type=code&scope=openid&prompt=none&state=x";
    let target = format!("/dex/auth/local?{asked}&redirect_uri={redirect_uri}");
    assert!(get(taken.port, &target, "").location().contains("error=login_required"), "without the cookie");
    let answer = get(taken.port, &target, &cookie);
    let code = answer.location().split(['?', '&']).find_map(|pair| pair.strip_prefix("code="));
    let code = code.unwrap_or_else(|| panic!("{answer:?}\n{}", taken.dex.log()));
    let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)];
    let answer = taken.token("example-app", &form);
    assert_eq!(answer.status, 200, "{answer:?}\n{}", taken.dex.log());
    let had = tokens(&taken.facts)[0].clone();
    let (was, is) = (claims(&had["id_token"]), claims(&answer.json()["id_token"]));
    for same in ["sub", "sid", "auth_time"] {
        assert_eq!(was[same], is[same], "{same}");
    }
}

fn claims(token: &Value) -> serde_json::Map<String, Value> {
    dex_jose::parse_unverified_payload(text(token)).unwrap().into_iter().collect()
}
