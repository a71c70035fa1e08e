//! What a session changes on the pages.

use std::time::Duration;

use dex_model::{DeviceRequest, OfflineSessions};
use dex_testkit::{CLIENT, LOCAL_PASSWORD, LOCAL_USER, MOCK_PASSWORD, MOCK_USER, TestApp};
use dex_web::{SessionSettings, Settings};
use http::{Method, StatusCode};

use crate::sessions::*;

fn remembering(by_default: bool) -> Settings {
    let session = SessionSettings { remember_me_checked_by_default: by_default, ..SessionSettings::default() };
    Settings { sessions: Some(session), ..sessions() }
}

const CHECKED: &str = r#"name="remember_me" checked"#;

#[tokio::test]
async fn the_browser_keeps_the_session_if_its_user_says_so() {
    for by_default in [true, false] {
        let app = dex(remembering(by_default)).await;
        let right = [("login", LOCAL_USER), ("password", LOCAL_PASSWORD)];
        for (ticked, expected) in [(None, false), (Some("on"), true), (Some("1"), false)] {
            let mut browser = app.browser();
            let form = browser.log_in_through("local", &asking(CLIENT, &[])).await;
            assert_eq!(form.body.contains(CHECKED), by_default);
            let mut fields = right.to_vec();
            fields.extend(ticked.map(|value| ("remember_me", value)));
            let wrong: Vec<_> = fields
                .iter()
                .map(|(name, value)| if *name == "password" { (*name, "wrong") } else { (*name, *value) })
                .collect();
            let again = browser.submit(&form, &wrong).await;
            assert_eq!(again.status, StatusCode::UNAUTHORIZED);
            assert_eq!(again.body.contains(CHECKED), expected, "as the user left it: {ticked:?}");
            let shown = browser.submit(&again, &fields).await;
            let cookie = set_cookie(&shown, "dex_session").unwrap();
            assert_eq!(cookie.contains("; Max-Age=86400;"), expected, "{ticked:?} {cookie}");
            assert!(
                cookie.contains("; Path=/dex;") && cookie.ends_with("; HttpOnly; Secure; SameSite=Lax"),
                "{cookie}"
            );
        }
        let redirected = app.browser().log_in_through("mock", &asking(CLIENT, &[])).await;
        assert_eq!(set_cookie(&redirected, "dex_session").unwrap().contains("Max-Age"), by_default);
    }
    let off = dex(crate::without_consent()).await;
    assert!(!off.browser().log_in_through("local", &[]).await.body.contains("remember_me"));
}

#[tokio::test]
async fn a_cookie_lives_no_longer_than_its_session() {
    let app = dex(remembering(true)).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    app.clock.advance(Duration::from_secs(600));
    let form = browser.log_in_through("local", &asking(CLIENT, &[("prompt", "login")])).await;
    let fields = [("login", LOCAL_USER), ("password", LOCAL_PASSWORD), ("remember_me", "on")];
    let shown = browser.submit(&form, &fields).await;
    assert!(set_cookie(&shown, "dex_session").unwrap().contains("; Max-Age=85800;"));
}

#[tokio::test]
async fn the_home_page_tells_who_is_signed_in_and_lengthens_nothing() {
    let app = dex(sessions()).await;
    let mut browser = app.browser();
    let nobody = browser.get("/dex").await;
    assert!(nobody.body.contains("Not signed in"), "{}", nobody.body);
    browser.set_header("user-agent", "Journey/1.0");
    let form = browser.log_in_through("mock-password", &asking(CLIENT, &[])).await;
    let shown = browser.submit(&form, &[("login", MOCK_USER), ("password", MOCK_PASSWORD)]).await;
    let before = session(&app, &shown).await;
    app.clock.advance(Duration::from_secs(600));
    let home = browser.get("/dex").await;
    for text in [
        "Kilgore Trout",
        "kilgore@kilgore.trout",
        "(verified)",
        "Passwords",
        "Journey/1.0",
        r#"datetime="2026-01-01T00:00:00Z""#,
        "1 Jan 2026, 00:00 UTC",
        "Expires if idle",
        "1 Jan 2026, 01:00 UTC",
        r#"href="https://dex.example/dex/logout""#,
        "/dex/.well-known/openid-configuration",
    ] {
        assert!(home.body.contains(text), "{text}: {}", home.body);
    }
    assert_eq!(session(&app, &shown).await, before, "looking is no use");
    app.clock.advance(Duration::from_secs(3001));
    let over = browser.get("/dex").await;
    assert!(over.body.contains("Not signed in") && browser.cookie("dex_session").is_none());

    let off = dex(crate::without_consent()).await;
    let landing = off.browser().get("/dex").await;
    assert!(landing.body.contains("Discovery") && !landing.body.contains("Not signed in"));
}

#[tokio::test]
async fn the_end_of_a_session_is_told_by_the_deadline_that_comes_first() {
    let lifetimes = SessionSettings { absolute_lifetime: Duration::from_secs(3600), ..SessionSettings::default() };
    let app = dex(Settings { sessions: Some(lifetimes), ..sessions() }).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    let home = browser.get("/dex").await;
    assert!(home.body.contains("Session ends") && !home.body.contains("Expires if idle"), "{}", home.body);
}

async fn device(app: &TestApp) -> String {
    let mut device = app.browser();
    let answer = device.post("/dex/device/code", &[("client_id", "cli"), ("scope", "openid")]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let answer: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    answer["user_code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_lets_no_device_in_without_a_word() {
    // Neither the operator's word nor a consent of before stands for the question whose device it is.
    let app = dex(shared()).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    for round in ["the first", "the second"] {
        let code = device(&app).await;
        let page = browser.get(&format!("/dex/device?user_code={code}")).await;
        assert!(page.body.contains("Enter User Code"), "{round}");
        let asked = browser.submit(&page, &[("user_code", &code)]).await;
        assert!(asked.body.contains("Grant Access") && asked.body.contains(&code), "{round}: {}", asked.body);
        let waiting = app.app.store.get::<DeviceRequest>(&code).await.unwrap();
        assert!(waiting.is_some(), "{round}");
        let done = browser.submit(&asked, &[("approval", "approve")]).await;
        assert!(done.body.contains("Login Successful"), "{round}: {}", done.body);
    }
    let code = device(&app).await;
    let page = browser.get("/dex/device").await;
    let asked = browser.submit(&page, &[("user_code", &code)]).await;
    let refused = browser.submit(&asked, &[("approval", "rejected")]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.body);
}

#[tokio::test]
async fn a_session_stands_for_offline_access_where_a_refresh_will_work() {
    let app = dex(shared()).await;
    let offline = [("scope", "openid offline_access")];
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    let local = browser.log_in_through("local", &asking("wiki", &offline)).await;
    assert!(!claims(&local)["sid"].is_null(), "local users are looked up");

    // This upstream wants back what it gave.
    let mut browser = app.browser();
    scripted(&mut browser, &app, &[]).await;
    let step = browser.step(Method::GET, &app.authorization("/auth/scripted", &asking("wiki", &[])), &[]).await;
    assert!(!step.told("id_token").is_empty(), "without offline access");
    let step = browser.step(Method::GET, &app.authorization("/auth/scripted", &asking("wiki", &offline)), &[]).await;
    assert!(step.location().starts_with("https://upstream.example/"), "{}", step.location());
    let known = OfflineSessions {
        user_id: "user".into(),
        connector_id: "scripted".into(),
        connector_data: dex_model::ConnectorData::new(b"kept".to_vec()),
        ..OfflineSessions::default()
    };
    let _ = app.app.store.insert(known).await.unwrap();
    let step = browser.step(Method::GET, &app.authorization("/auth/scripted", &asking("wiki", &offline)), &[]).await;
    assert!(!step.told("id_token").is_empty());
}

#[tokio::test]
async fn an_upstream_that_was_not_asked_for_groups_is_asked_when_they_are_wanted() {
    let app = dex(shared()).await;
    let groups = [("scope", "openid groups")];
    let mut browser = app.browser();
    scripted(&mut browser, &app, &[]).await;
    let step = browser.step(Method::GET, &app.authorization("/auth/scripted", &asking("wiki", &groups)), &[]).await;
    assert!(step.location().starts_with("https://upstream.example/"), "{}", step.location());
    let silent = [("scope", "openid groups"), ("prompt", "none")];
    let step = browser.step(Method::GET, &app.authorization("/auth/scripted", &asking("wiki", &silent)), &[]).await;
    assert!(!step.told("id_token").is_empty(), "nothing may be asked");

    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    let local = browser.log_in_through("local", &asking("wiki", &groups)).await;
    assert_eq!(claims(&local)["groups"], serde_json::json!(["admins"]));
}

/// Logs in at the scripted upstream.
async fn scripted(browser: &mut dex_testkit::Browser<'_>, app: &TestApp, changes: &[(&str, &str)]) {
    let step = browser.step(Method::GET, &app.authorization("/auth/scripted", &asking(CLIENT, changes)), &[]).await;
    let state = step.location().rsplit_once("state=").unwrap().1.to_owned();
    let shown = browser.get(&format!("/dex/callback?state={state}")).await;
    assert!(!shown.told("id_token").is_empty(), "{} {}", shown.status, shown.body);
}
