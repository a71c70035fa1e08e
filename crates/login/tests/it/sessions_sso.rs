//! One login for several clients.

use std::time::Duration;

use dex_model::{Client, Kind};
use dex_testkit::{CALLBACK, CLIENT, LOCAL_USER};
use dex_web::{SessionSettings, Settings};
use http::{Method, StatusCode};

use crate::sessions::*;

#[tokio::test]
async fn who_comes_again_is_not_asked_again() {
    let app = dex(sessions()).await;
    let mut browser = app.browser();
    let first = log_in(&mut browser, LOCAL_USER).await;
    assert_eq!(session(&app, &first).await.client_states[CLIENT].last_token_issued_at, app.clock.now());
    app.clock.advance(Duration::from_secs(60));
    let again = browser.log_in_through("local", &asking(CLIENT, &[])).await;
    let (before, after) = (claims(&first), claims(&again));
    for same in ["sid", "sub", "auth_time", "aud"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert!(again.headers.get("set-cookie").is_none(), "all cookies stay as they are");
    assert_eq!(session(&app, &first).await.client_states[CLIENT].last_token_issued_at, app.clock.now());
    assert_eq!((app.records_of(Kind::AuthSession).await, app.records_of(Kind::AuthRequest).await), (1, 0));

    let code = browser.log_in_through("local", &[]).await;
    let code = app.app.seals.open_code(&code.told("code")).unwrap();
    assert_eq!(code.session_id, before["sid"]);
    assert!(code.connector_data.is_empty());
}

#[tokio::test]
async fn a_second_client_gets_in_where_the_first_one_shares_its_sign_in() {
    let app = dex(sessions()).await;
    let everybody: &[&str] = &["*"];
    let cases = [
        ("nothing said", None, false),
        ("nobody", Some(&[][..]), false),
        ("another one", Some(&["other"][..]), false),
        ("this one", Some(&["other", "wiki"][..]), true),
        ("everybody", Some(everybody), true),
    ];
    for (told, with, expected) in cases {
        share(&app, CLIENT, with).await;
        let mut browser = app.browser();
        let first = log_in(&mut browser, LOCAL_USER).await;
        app.clock.advance(Duration::from_secs(1));
        let second = browser.get(&app.authorization("/auth", &asking("wiki", &[]))).await;
        assert_eq!(asks(&second), !expected, "{told}: {}", second.location());
        let states = session(&app, &first).await.client_states;
        assert_eq!(states.contains_key("wiki"), expected, "{told}");
        if expected {
            assert_eq!(claims(&second)["auth_time"], claims(&first)["auth_time"], "{told}");
            assert_eq!(claims(&second)["sid"], claims(&first)["sid"], "{told}");
            assert!(states["wiki"].via_sso);
        }
    }
}

#[tokio::test]
async fn what_was_shared_is_not_shared_further_and_can_be_taken_back() {
    let app = dex(sessions()).await;
    client(&app, Client { id: "third".into(), ..Client::default() }).await;
    share(&app, CLIENT, Some(&["wiki"])).await;
    share(&app, "wiki", Some(&["third"])).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    let second = browser.log_in_through("local", &asking("wiki", &[])).await;
    assert!(!claims(&second)["sid"].is_null());
    assert!(asks(&browser.log_in_through("local", &asking("third", &[])).await));

    share(&app, CLIENT, Some(&[])).await;
    let refused = browser.log_in_through("local", &asking("wiki", &[])).await;
    assert!(asks(&refused));
    // Logging in there makes it a sign-in of its own, which is shared as that client says.
    submit(&mut browser, &refused, LOCAL_USER).await;
    assert!(!asks(&browser.log_in_through("local", &asking("third", &[])).await));
}

#[tokio::test]
async fn a_session_leads_past_the_list_to_its_connector_and_to_no_other() {
    let app = dex(shared()).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    let shown = browser.get(&app.authorization("/auth", &asking("wiki", &[]))).await;
    assert!(shown.location().starts_with(CALLBACK), "{}", shown.body);
    let other = browser.log_in_through("mock-password", &asking("wiki", &[])).await;
    assert!(asks(&other), "another connector's people are others");

    let only = Client {
        id: "elsewhere".into(),
        allowed_connectors: vec!["mock".into(), "mock-password".into()],
        ..Client::default()
    };
    client(&app, only).await;
    let list = browser.get(&app.authorization("/auth", &asking("elsewhere", &[]))).await;
    assert!(list.body.contains("/dex/auth/mock?") && !list.body.contains("/dex/auth/local?"), "{}", list.body);
}

#[tokio::test]
async fn a_session_ends_by_either_deadline() {
    let lifetimes = SessionSettings {
        absolute_lifetime: Duration::from_secs(3600),
        valid_if_not_used_for: Duration::from_secs(600),
        ..SessionSettings::default()
    };
    let app = dex(Settings { sessions: Some(lifetimes), ..sessions() }).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    for _ in 0..6 {
        app.clock.advance(Duration::from_secs(600));
        let used = browser.log_in_through("local", &asking(CLIENT, &[])).await;
        assert!(!claims(&used)["sid"].is_null());
    }
    app.clock.advance(Duration::from_secs(1));
    let over = browser.log_in_through("local", &asking(CLIENT, &[])).await;
    assert!(asks(&over), "used to the last, and over");
    submit(&mut browser, &over, LOCAL_USER).await;

    app.clock.advance(Duration::from_secs(601));
    let step = browser.step(Method::GET, &app.authorization("/auth/local", &asking(CLIENT, &[])), &[]).await;
    assert!(step.location().contains("/login?"), "idle");
    assert!(set_cookie(&step, "dex_session").unwrap().contains("Max-Age=0"));
    assert_eq!(app.records_of(Kind::AuthSession).await, 0);
}

#[tokio::test]
async fn the_age_of_a_login_counts_at_this_browser() {
    let app = dex(shared()).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    app.clock.advance(Duration::from_secs(100));
    log_in(&mut app.browser(), LOCAL_USER).await;
    for (client, max_age, asked) in
        [(CLIENT, "100", false), (CLIENT, "99", true), (CLIENT, "0", true), ("wiki", "99", true)]
    {
        let shown = browser.log_in_through("local", &asking(client, &[("max_age", max_age)])).await;
        assert_eq!(asks(&shown), asked, "{client} {max_age}");
    }
    let silent = browser.log_in_through("local", &asking(CLIENT, &[("max_age", "99"), ("prompt", "none")])).await;
    assert_eq!(silent.told("error"), "login_required");
    let form = browser.log_in_through("local", &asking(CLIENT, &[("max_age", "0")])).await;
    let fresh = submit(&mut browser, &form, LOCAL_USER).await;
    assert_eq!(claims(&fresh)["auth_time"], app.clock.now().as_second());
}

#[tokio::test]
async fn a_cookie_of_another_deployment_is_worth_nothing() {
    let (ours, theirs) = (dex(sessions()).await, dex(sessions()).await);
    let mut browser = theirs.browser();
    log_in(&mut browser, LOCAL_USER).await;
    let value = browser.cookie("dex_session").unwrap().to_owned();
    for value in [value.as_str(), "x", "CghzZXNzaW9uMRIHc2VjcmV0MQ"] {
        let mut browser = ours.browser();
        browser.set_cookie("dex_session", value);
        let form = browser.log_in_through("local", &asking(CLIENT, &[])).await;
        assert!(asks(&form) && browser.cookie("dex_session").is_none(), "{value}");
        submit(&mut browser, &form, LOCAL_USER).await;
        assert_ne!(browser.cookie("dex_session").unwrap(), value);
    }
}

#[tokio::test]
async fn other_ways_to_log_in_make_sessions_too() {
    let app = dex(shared()).await;
    let mut browser = app.browser();
    let redirected = browser.log_in_through("mock", &asking(CLIENT, &[])).await;
    let sid = claims(&redirected)["sid"].clone();
    assert!(set_cookie(&redirected, "dex_session").unwrap().contains("Max-Age=86400"), "as is the default");
    let again = browser.get(&app.authorization("/auth", &asking("wiki", &[]))).await;
    assert_eq!(claims(&again)["sid"], sid);

    // A form that another site's page posts, as SAML has it: the cookies come with the second.
    let mut browser = app.browser();
    let step = browser.step(Method::GET, &app.authorization("/auth/scripted", &asking(CLIENT, &[])), &[]).await;
    let state = step.location().rsplit_once("state=").unwrap().1.to_owned();
    let mut bare = app.browser();
    let repost = bare.step(Method::POST, "/dex/callback/scripted", &[("RelayState", &state)]).await;
    assert_eq!((repost.status, set_cookie(&repost, "dex_session")), (StatusCode::OK, None));
    let posted = browser.post(&repost.form_action(), &[("RelayState", &state)]).await;
    assert!(!claims(&posted)["sid"].is_null() && browser.cookie("dex_session").is_some());

    let mut browser = app.browser();
    let page = browser.log_in_through("tickets", &asking(CLIENT, &[])).await;
    browser.set_header("authorization", "Negotiate dGlja2V0");
    let ticket = browser.get(&page.address).await;
    assert!(!claims(&ticket)["sid"].is_null() && browser.cookie("dex_session").is_some());
}

#[tokio::test]
async fn a_request_that_another_site_posts_finds_the_session() {
    let app = dex(shared()).await;
    let mut browser = app.browser();
    log_in(&mut browser, LOCAL_USER).await;
    let address = app.authorization("/auth", &asking("wiki", &[]));
    let (path, query) = address.split_once('?').unwrap();
    let form = dex_oidc::Form::parse(query.as_bytes()).unwrap();
    let fields: Vec<(&str, &str)> = form.pairs().collect();
    let step = app.browser().step(Method::POST, path, &fields).await;
    assert_eq!(step.status, StatusCode::SEE_OTHER, "posted without the cookie");
    let shown = browser.get(step.location()).await;
    assert!(!claims(&shown)["sid"].is_null());
}

#[tokio::test]
async fn without_sessions_nothing_is_kept_of_a_browser() {
    let app = dex(crate::without_consent()).await;
    let mut browser = app.browser();
    let before = app.records().await;
    let shown = log_in(&mut browser, LOCAL_USER).await;
    assert!(claims(&shown)["sid"].is_null());
    assert_eq!((app.records().await, browser.cookies().len()), (before, 0));
    assert!(asks(&browser.log_in_through("local", &asking(CLIENT, &[("prompt", "select_account")])).await));
}
