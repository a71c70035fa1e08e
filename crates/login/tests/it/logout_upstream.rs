//! Leaving through the upstream, and being logged out by it.

use std::time::Duration;

use dex_testkit::{Browser, CLIENT, LOCAL_USER, Shown, TestApp};
use http::{Method, StatusCode};

use crate::logout::{BYE, change, count, dex, hidden, logout};
use crate::sessions::{asking, log_in, set_cookie};

const LOGGED_OUT: &str = "You have been successfully logged out.";

/// Logs a user in through the connector `leaving`, which keeps `data` for the logout, and answers the ID token.
pub(crate) async fn arrive(browser: &mut Browser<'_>, user: &str, data: &str) -> String {
    let away = browser.log_in_through("leaving", &asking(CLIENT, &[("prompt", "login")])).await;
    let state = away.told("state");
    let back = browser.get(&format!("/dex/callback?state={state}&user={user}&logout={data}")).await;
    assert!(!back.told("id_token").is_empty(), "{} {}", back.status, back.body);
    back.told("id_token")
}

/// Begins a logout that leads back to [`BYE`], and answers what the browser is told.
async fn leave(browser: &mut Browser<'_>, id_token: &str) -> Shown {
    let wanted = [("id_token_hint", id_token), ("post_logout_redirect_uri", BYE), ("state", "s&1")];
    browser.get(&logout(&wanted)).await
}

fn back(away: &Shown) -> String {
    format!("/dex/logout/callback?state={}", away.told("state"))
}

#[tokio::test]
async fn the_way_out_leads_through_the_upstream_and_back() {
    let app = dex().await;
    let mut browser = app.browser();
    let token = arrive(&mut browser, "jane", "index-1").await;
    let away = leave(&mut browser, &token).await;
    assert_eq!(away.status, StatusCode::SEE_OTHER);
    assert!(away.location().starts_with("https://upstream.example/logout?"), "{}", away.location());
    let told = ["user", "data", "back"].map(|name| away.told(name));
    assert_eq!(told, ["jane", "index-1", "https://dex.example/dex/logout/callback"]);
    assert_eq!(count(&app).await, 1, "nobody is logged out yet");
    assert!(!browser.log_in_through("leaving", &asking(CLIENT, &[])).await.told("id_token").is_empty());

    let done = browser.get(&back(&away)).await;
    assert_eq!((done.status, done.location()), (StatusCode::FOUND, "https://app.example/bye?state=s%261&x=1"));
    assert_eq!((count(&app).await, browser.cookies().len()), (0, 0));
    let again = browser.get(&back(&away)).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(again.body.contains("Session not found."), "{}", again.body);
}

#[tokio::test]
async fn what_the_upstream_wants_travels_with_the_browser_for_the_logout_alone() {
    let app = dex().await;
    let mut browser = app.browser();
    let away = browser.log_in_through("leaving", &asking(CLIENT, &[])).await;
    let callback = |data: &str| format!("/dex/callback?state={}&logout={data}", away.told("state"));
    let shown = browser.clone().get(&callback("secret-index")).await;
    let line = set_cookie(&shown, "dex_upstream").unwrap();
    assert!(line.ends_with("; Path=/dex/logout; Max-Age=86400; HttpOnly; Secure; SameSite=Lax"), "{line}");
    assert!(!line.contains("secret-index"), "it is sealed");
    for (length, kept) in [(2600, true), (4000, false)] {
        let mut browser = browser.clone();
        let shown = browser.get(&callback(&"x".repeat(length))).await;
        assert!(set_cookie(&shown, "dex_upstream").unwrap().len() < 4096);
        let data = leave(&mut browser, &shown.told("id_token")).await.told("data");
        assert_eq!(data.len(), if kept { length } else { 0 });
    }
    let shown = browser.clone().get(&callback("")).await;
    assert_eq!(set_cookie(&shown, "dex_upstream"), None);
    // Another session's is worth nothing.
    let (mut one, mut two) = (app.browser(), app.browser());
    let token = arrive(&mut one, "jane", "ones").await;
    arrive(&mut two, "joe", "twos").await;
    one.set_cookie("dex_upstream", two.cookie("dex_upstream").unwrap());
    assert_eq!(leave(&mut one, &token).await.told("data"), "");
}

#[tokio::test]
async fn a_logout_that_is_not_finished_ends_nothing() {
    let app = dex().await;
    let mut browser = app.browser();
    let token = arrive(&mut browser, "jane", "index").await;
    let refused = |shown: &Shown, text: &str| {
        assert_eq!(shown.status, StatusCode::BAD_REQUEST);
        assert!(shown.body.contains(text), "{text}: {}", shown.body);
    };
    refused(&browser.get("/dex/logout/callback?state=x").await, "No logout in progress.");
    refused(&app.browser().get("/dex/logout/callback?state=x").await, "Session not found.");
    let away = leave(&mut browser, &token).await;
    for query in ["?state=x", ""] {
        let shown = browser.get(&format!("/dex/logout/callback{query}")).await;
        refused(&shown, "This is no answer to a logout of this browser.");
    }
    refused(&app.browser().get(&back(&away)).await, "Session not found.");
    app.clock.advance(Duration::from_secs(601));
    refused(&browser.get(&back(&away)).await, "No logout in progress.");
    let newer = leave(&mut browser, &token).await;
    refused(&browser.get(&back(&away)).await, "This is no answer to a logout of this browser.");
    // Who logs in again has given up logging out.
    arrive(&mut browser, "jane", "index").await;
    refused(&browser.get(&back(&newer)).await, "No logout in progress.");
    assert_eq!(count(&app).await, 1);
    for method in [Method::PUT, Method::HEAD] {
        let shown = browser.step(method, &back(&newer), &[]).await;
        assert_eq!(
            (shown.status, shown.headers["allow"].as_bytes()),
            (StatusCode::METHOD_NOT_ALLOWED, &b"GET, POST"[..])
        );
    }
    let late = leave(&mut browser, &token).await;
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(browser.get(&back(&late)).await.status, StatusCode::FOUND, "the last moment");
}

#[tokio::test]
async fn an_upstream_that_does_not_log_out_keeps_nobody_logged_in_here() {
    let app = dex().await;
    let still = "You have been logged out here, but Company could not be reached.";
    for (data, to, text) in [("nowhere", BYE, ""), ("down", "", still)] {
        let mut browser = app.browser();
        let token = arrive(&mut browser, "jane", data).await;
        let wanted = [("id_token_hint", token.as_str()), ("post_logout_redirect_uri", BYE)];
        let shown = browser.get(&logout(&wanted)).await;
        assert_eq!(shown.location(), to, "{data}");
        assert!(shown.body.contains(text), "{data}: {}", shown.body);
        assert_eq!(shown.body.contains(&format!(r#"href="{BYE}""#)), data == "down", "the application is a link away");
        assert_eq!((count(&app).await, browser.cookies().len()), (0, 0), "{data}");
    }
    let mut browser = app.browser();
    let token = arrive(&mut browser, "jane", "index").await;
    let away = leave(&mut browser, &token).await;
    let refused = browser.get(&format!("{}&error=no", back(&away))).await;
    assert!(refused.location().starts_with("https://app.example/bye?"), "{}", refused.body);
    assert_eq!(count(&app).await, 0);
}

#[tokio::test]
async fn what_has_changed_meanwhile_leads_nowhere() {
    let app = dex().await;
    let mut browser = app.browser();
    let token = arrive(&mut browser, "jane", "index").await;
    let away = leave(&mut browser, &token).await;
    change(&app, CLIENT, |client| client.post_logout_redirect_uris.clear()).await;
    let shown = browser.get(&back(&away)).await;
    assert!(shown.status == StatusCode::OK && shown.body.contains(LOGGED_OUT), "{}", shown.body);
    arrive(&mut browser, "jane", "index").await;
    let page = browser.get("/dex/logout").await;
    let away = browser.submit(&page, &[]).await;
    let shown = browser.get(&back(&away)).await;
    assert!(shown.body.contains(LOGGED_OUT), "nowhere was asked for: {}", shown.body);
    let mut elsewhere = app.browser();
    log_in(&mut elsewhere, LOCAL_USER).await;
    let page = elsewhere.get("/dex/logout").await;
    let page = elsewhere.submit(&page, &[]).await;
    assert!(page.body.contains(LOGGED_OUT), "a connector without a logout: {}", page.body);
}

#[tokio::test]
async fn an_upstream_of_forms_is_left_and_answers_by_them() {
    let app = dex().await;
    let mut browser = app.browser();
    let token = arrive(&mut browser, "jane", "form").await;
    let away = leave(&mut browser, &token).await;
    assert_eq!(away.form_action(), "https://upstream.example/logout");
    let state = hidden(&away)[0].1.to_owned();
    let fields = [("state", state.as_str())];
    let page = app.browser().step(Method::POST, "/dex/logout/callback/leaving", &fields).await;
    assert_eq!(
        (page.form_action().as_str(), hidden(&page)),
        ("/dex/logout/callback/leaving?reposted=1", fields.to_vec())
    );
    let done = browser.post(&page.form_action(), &fields).await;
    assert!(done.location().starts_with("https://app.example/bye?"), "{}", done.body);
    assert_eq!(count(&app).await, 0);
}

/// The address with which the upstream asks for the logout of a user.
fn asks(parameters: &str) -> String {
    format!("/dex/logout/callback/leaving?{parameters}")
}

#[tokio::test]
async fn the_upstream_logs_its_user_out() {
    let done =
        "https://upstream.example/done?logged_out=yes&at=https%3A%2F%2Fdex.example%2Fdex%2Flogout%2Fcallback%2Fleaving";
    let cases = [
        // told                              parameters                          browser   left of one, two, joe
        ("the session of this browser", "asks=jane&signed=1&session=one", "one", [false, true, true]),
        ("another session of this user", "asks=jane&signed=1&session=other", "one", [false, false, true]),
        ("no session in particular", "asks=jane&signed=1", "one", [false, false, true]),
        ("in a browser without one", "asks=jane&signed=1&session=one", "none", [false, false, true]),
        ("in the browser of another user", "asks=jane&signed=1&session=one", "joe", [false, false, true]),
        ("a user who is not here", "asks=zoe&signed=1", "one", [true, true, true]),
    ];
    for (told, parameters, which, left) in cases {
        let app = dex().await;
        let mut browsers = [app.browser(), app.browser(), app.browser()];
        for (browser, (user, data)) in browsers.iter_mut().zip([("jane", "one"), ("jane", "two"), ("joe", "joe")]) {
            arrive(browser, user, data).await;
        }
        let mut none = app.browser();
        let browser = match which {
            "one" => &mut browsers[0],
            "joe" => &mut browsers[2],
            _ => &mut none,
        };
        let shown = browser.get(&asks(parameters)).await;
        assert_eq!((shown.status, shown.location()), (StatusCode::SEE_OTHER, done), "{told}");
        assert_eq!(browser.cookies().is_empty(), which == "none" || (which == "one" && !left[0]), "{told}");
        for (browser, left) in browsers.iter_mut().zip(left) {
            assert_eq!(logged_in(browser).await, left, "{told}");
        }
    }
}

async fn logged_in(browser: &mut Browser<'_>) -> bool {
    !browser.log_in_through("leaving", &asking(CLIENT, &[])).await.told("id_token").is_empty()
}

#[tokio::test]
async fn nobody_else_logs_anybody_out() {
    let app = dex().await;
    let mut browser = app.browser();
    let token = arrive(&mut browser, "jane", "one").await;
    let cases = [
        (asks("asks=jane"), StatusCode::BAD_REQUEST, "This is no answer to a logout of this browser."),
        (asks("state=x"), StatusCode::BAD_REQUEST, "This is no answer to a logout of this browser."),
        ("/dex/logout/callback/scripted?asks=jane&signed=1".to_owned(), StatusCode::NOT_FOUND, "has no logout"),
        ("/dex/logout/callback/nope?asks=jane&signed=1".to_owned(), StatusCode::BAD_REQUEST, "failed to initialize"),
        // Which upstream it would be does not show.
        ("/dex/logout/callback?asks=jane&signed=1".to_owned(), StatusCode::BAD_REQUEST, "No logout in progress."),
    ];
    for (address, status, text) in cases {
        for browser in [&mut browser, &mut app.browser()] {
            let shown = browser.get(&address).await;
            assert_eq!(shown.status, status, "{address}");
            assert!(
                shown.body.contains(text) || shown.body.contains("Session not found."),
                "{address}: {}",
                shown.body
            );
        }
    }
    assert!(logged_in(&mut browser).await);
    // Answers to another connector's logout are none to this one's.
    let away = leave(&mut browser, &token).await;
    let mut local = app.browser();
    log_in(&mut local, LOCAL_USER).await;
    let shown = local.get(&asks(&format!("state={}", away.told("state")))).await;
    assert_eq!(shown.status, StatusCode::BAD_REQUEST, "{}", shown.body);
    assert_eq!(count(&app).await, 2);
}

#[tokio::test]
async fn a_request_for_a_logout_counts_once() {
    let app = dex().await;
    let mut browser = app.browser();
    arrive(&mut browser, "jane", "one").await;
    let address = asks("asks=jane&signed=1&once=r1");
    assert_eq!(browser.get(&address).await.status, StatusCode::SEE_OTHER);
    arrive(&mut browser, "jane", "one").await;
    for browser in [&mut browser, &mut app.browser()] {
        let shown = browser.get(&address).await;
        assert_eq!(shown.status, StatusCode::BAD_REQUEST);
        assert!(shown.body.contains("has been used before"), "{}", shown.body);
    }
    assert!(logged_in(&mut browser).await, "shown again it ends nothing");
}

#[tokio::test]
async fn in_a_frame_of_the_upstreams_nothing_is_posted_again() {
    let app: TestApp = dex().await;
    let mut browser = app.browser();
    arrive(&mut browser, "jane", "one").await;
    let fields = [("asks", "jane"), ("signed", "1"), ("session", "one")];
    let mut frame = app.browser();
    frame.set_header("sec-fetch-dest", "iframe");
    frame.set_header("sec-fetch-site", "cross-site");
    let shown = frame.step(Method::POST, "/dex/logout/callback/leaving", &fields).await;
    assert!(shown.location().contains("logged_out=yes"), "{} {}", shown.status, shown.body);
    assert!(!logged_in(&mut browser).await, "browsers give frames no cookie: all sessions of the user have ended");
}
