//! The real binary on databases that the Go program Dex wrote: nobody is signed out, and Dex can have them back.
//!
//! The databases lie beside the SQLite back end; `docs/fixtures.md` tells how they were made, and how the way back
//! was walked with Dex itself. Here it is guarded by what the file then holds.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod browser;
mod rows;
mod taken_over;

use crate::browser::{Answer, Browser, query_of};
use crate::rows::{columns, fixture, shapes};
use crate::taken_over::{CALLBACK, FIXTURES, TakenOver, text};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// A client, a connector with its credentials, and the `sub` that Dex gives.
const LOGINS: [(&str, &str, &str, &str, &str); 4] = [
    ("example-app", "local", "admin@example.com", "password", ADMIN),
    ("api-app", "local", "jane@example.com", "password", "CgdqYW5lLWlkEgVsb2NhbA"),
    ("example-app", "mock", "", "", "Cg0wLTM4NS0yODA4OS0wEgRtb2Nr"),
    ("public-app", "stored-mock", "user", "pass", "Cg0wLTM4NS0yODA4OS0wEgtzdG9yZWQtbW9jaw"),
];
const ADMIN: &str = "CiQwOGE4Njg0Yi1kYjg4LTRiNzMtOTBhOS0zY2QxNjYxZjU0NjYSBWxvY2Fs";

/// Refreshes each token of Dex, then what came of it, and has the one before die.
fn refreshes(taken: &TakenOver) {
    for had in taken.tokens() {
        let (client, old) = (text(&had["client_id"]), text(&had["refresh_token"]));
        let first = taken.tokens_for(client, &[("grant_type", "refresh_token"), ("refresh_token", old)]);
        let second = text(&first["refresh_token"]);
        assert_ne!(second, old, "{client}: the token rotates");
        assert_eq!(taken.introspected(text(&first["id_token"]))["sub"], had["sub"], "{client}");
        let again = taken.tokens_for(client, &[("grant_type", "refresh_token"), ("refresh_token", second)]);
        assert_eq!(taken.introspected(text(&again["access_token"]))["sub"], had["sub"], "{client}");
        assert_eq!(taken.introspected(old)["active"], false, "{client}: it was used up two rotations ago");
    }
}

#[test]
fn refresh_tokens_of_dex_go_on_and_rotate() {
    for name in FIXTURES {
        refreshes(&TakenOver::of(name));
    }
}

#[test]
fn keys_of_dex_stay_published_and_what_they_signed_stays_good() {
    for name in FIXTURES {
        let taken = TakenOver::of(name);
        let published = taken.keys();
        for kid in taken.facts["keys"].as_array().unwrap() {
            assert!(published.iter().any(|known| known == text(kid)), "{name}: {kid} of {published:?}");
        }
        for had in taken.tokens() {
            for kind in ["access_token", "id_token", "refresh_token"] {
                let told = taken.introspected(text(&had[kind]));
                assert_eq!((&told["active"], &told["sub"]), (&true.into(), &had["sub"]), "{name} {kind}");
            }
        }
    }
}

#[test]
fn users_clients_and_connectors_of_dex_log_in() {
    for name in FIXTURES {
        let taken = TakenOver::of(name);
        for (client, connector, login, password, sub) in LOGINS {
            let page = taken.authorize(client, connector);
            let mut browser = taken.browser();
            let mut shown = browser.visit(&page);
            if !login.is_empty() {
                let wrong = browser.submit(&shown, &[("login", login), ("password", "wrong")]);
                assert_eq!(wrong.status, 401, "{name} {login}");
                shown = browser.submit(&wrong, &[("login", login), ("password", password)]);
            }
            let code = approved(&mut browser, &shown);
            assert_eq!(taken.introspected(text(&taken.redeemed(client, &code)["id_token"]))["sub"], sub, "{name}");
        }
    }
}

/// Says yes to the consent page and answers the code that the client gets.
fn approved(browser: &mut Browser, shown: &Answer) -> String {
    assert!(shown.url.contains("/approval?"), "{shown:?}");
    let done = browser.submit(shown, &[("req", &query_of(&shown.url, "req")), ("approval", "approve")]);
    assert!(done.url.starts_with(CALLBACK), "{done:?}");
    query_of(&done.url, "code")
}

#[test]
fn logins_that_began_at_dex_end_here() {
    for name in FIXTURES {
        let taken = TakenOver::of(name);
        let mut browser = taken.browser();
        let form = browser.visit(text(&taken.facts["login_page"]));
        assert_eq!(form.status, 200, "{name}: {form:?}");
        let consent = browser.submit(&form, &[("login", "admin@example.com"), ("password", "password")]);
        let code = approved(&mut browser, &consent);
        assert_eq!(taken.introspected(text(&taken.redeemed("example-app", &code)["id_token"]))["sub"], ADMIN);

        let mut browser = taken.browser();
        let page = text(&taken.facts["approval_page"]);
        let consent = browser.visit(page);
        assert_eq!(consent.status, 200, "{name}: {consent:?}");
        let code = approved(&mut browser, &consent);
        assert_eq!(taken.introspected(text(&taken.redeemed("api-app", &code)["id_token"]))["sub"], ADMIN);
        assert_eq!(taken.browser().visit(page).status, 400, "{name}: it is over");
        let forged = page.replace("hmac=", "hmac=A");
        assert_ne!(taken.browser().visit(&forged).status, 200, "{name}");
    }
}

#[test]
fn a_code_of_dex_is_redeemed_once() {
    for name in FIXTURES {
        // It lived half an hour.
        let taken = TakenOver::after(name, "update auth_code set expiry = '2036-11-22 13:00:00+00:00'");
        let code = text(&taken.facts["unredeemed_code"]);
        let tokens = taken.redeemed("example-app", code);
        assert_eq!(taken.introspected(text(&tokens["access_token"]))["sub"], LOGINS[2].4, "{name}");
        let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
        let again = taken.token("example-app", &form);
        assert_eq!((again.status, &again.json()["error"]), (400, &"invalid_grant".into()), "{name}");
    }
}

#[test]
fn a_device_that_waits_since_dex_gets_its_tokens() {
    for name in FIXTURES {
        let taken = TakenOver::of(name);
        let device = &taken.facts["device_pending"];
        let poll = [("grant_type", DEVICE), ("device_code", text(&device["device_code"]))];
        let mut browser = taken.browser();
        let form = browser.visit(&format!("{}/device?user_code={}", taken.issuer(), text(&device["user_code"])));
        assert!(form.body.contains(text(&device["user_code"])), "{name}: {form:?}");
        let typed = [("user_code", text(&device["user_code"]))];
        let choice = browser.post(&format!("{}/device/auth/verify_code", taken.issuer()), &typed);
        let login = browser.visit(&choice.url.replace("/dex/auth?", "/dex/auth/local?"));
        let consent = browser.submit(&login, &[("login", "admin@example.com"), ("password", "password")]);
        let done = browser.submit(&consent, &[("req", &query_of(&consent.url, "req")), ("approval", "approve")]);
        assert!(done.status == 200 && done.url.contains("/dex/device/callback?"), "{name}: {done:?}");
        let tokens = taken.tokens_for("example-app", &poll);
        assert_eq!(taken.introspected(text(&tokens["id_token"]))["sub"], ADMIN, "{name}");
    }
}

#[test]
fn dex_finds_its_schema_and_its_own_encodings_again() {
    let master = fixture("dex-master");
    let written = [shapes(&master), shapes(&fixture("dex-master-sessions"))];
    for name in FIXTURES {
        let old = fixture(name);
        let (former, had) = (shapes(&old), columns(&old));
        let mut taken = TakenOver::of(name);
        refreshes(&taken);
        for (client, connector, login, password, _) in LOGINS {
            let mut browser = taken.browser();
            let mut shown = browser.visit(&taken.authorize(client, connector));
            if !login.is_empty() {
                shown = browser.submit(&shown, &[("login", login), ("password", password)]);
            }
            let code = approved(&mut browser, &shown);
            assert!(taken.redeemed(client, &code)["refresh_token"].is_string(), "{name} {client}");
        }
        // What waits: a login for consent, a device for its user.
        let mut browser = taken.browser();
        let form = browser.visit(&taken.authorize("example-app", "local"));
        browser.submit(&form, &[("login", "admin@example.com"), ("password", "password")]);
        let device = [("client_id", "public-app"), ("scope", "openid")];
        assert_eq!(taken.browser().post(&format!("{}/device/code", taken.issuer()), &device).status, 200, "{name}");
        let db = taken.stopped();

        let mut steps = db.prepare("select num from migrations order by rowid").unwrap();
        let steps: Vec<i64> = steps.query_map((), |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert_eq!(steps, (1..=23).collect::<Vec<_>>(), "{name}");
        assert_eq!(columns(&db), columns(&master), "{name}");
        for shape in shapes(&db) {
            let (column, value) = &shape;
            let added = had.iter().all(|had| format!("{}.{}", had.table, had.name) != *column);
            let found = written.iter().chain([&former]).any(|known| known.contains(&shape));
            assert!(found || added && value == "nothing", "{name}: {column} holds {value}; in no fixture Dex wrote so");
        }
    }
}
