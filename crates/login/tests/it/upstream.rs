use axum::body::Body;
use dex_testkit::{Browser, CALLBACK, CLIENT, CLIENT_SECRET, ISSUER, TestApp};
use http::{Method, Request, StatusCode};

use crate::app;

/// Begins a login, and answers the `state` that the upstream was given.
async fn begin(browser: &mut Browser<'_>) -> String {
    let shown = browser.log_in_through("scripted", &[]).await;
    let location = shown.location();
    let to = "https://upstream.example/login?redirect_uri=https%3A%2F%2Fdex.example%2Fdex%2Fcallback&state=";
    assert!(location.starts_with(to), "{location}");
    shown.told("state")
}

#[tokio::test]
async fn what_an_upstream_says_reaches_who_can_do_something_about_it() {
    let app = app().await;
    let cases = [
        ("groups", StatusCode::FORBIDDEN, "not a member of any of the required groups"),
        ("down", StatusCode::SERVICE_UNAVAILABLE, "cannot be reached"),
        ("nonsense", StatusCode::INTERNAL_SERVER_ERROR, "Authentication failed."),
    ];
    for (error, status, text) in cases {
        let mut browser = app.browser();
        let state = begin(&mut browser).await;
        let shown = browser.get(&format!("/dex/callback?state={state}&error={error}")).await;
        assert_eq!(shown.status, status, "{error}");
        assert!(shown.body.contains(text), "{error}");
        assert!(!shown.body.contains("connection refused"), "what failed is for the log");
        let again = browser.get(&format!("/dex/callback?state={state}")).await;
        assert!(!again.told("code").is_empty(), "after {error} the login can still be done");
    }
    let mut browser = app.browser();
    let state = begin(&mut browser).await;
    let shown = browser.get(&format!("/dex/callback?state={state}&error=denied")).await;
    assert!(shown.location().starts_with(&format!("{CALLBACK}?error=access_denied")), "{}", shown.location());
    assert_eq!((shown.told("state").as_str(), shown.told("iss").as_str()), ("xyz", ISSUER));
    assert!(browser.cookies().is_empty());
}

/// The code for a login whose callback comes to `route` with a header that names `admin`.
async fn code_through(app: &TestApp, route: &str) -> String {
    let to = app.authorization("/auth/scripted", &[("scope", "openid offline_access")]);
    let shown = app.browser().step(Method::GET, &to, &[]).await;
    let cookie =
        shown.headers["set-cookie"].to_str().expect("our cookies are ASCII").split(';').next().unwrap_or_default();
    let request = Request::get(format!("/dex{route}?state={}", shown.told("state")))
        .header("cookie", cookie)
        .header("X-Auth-User", "admin")
        .body(Body::empty());
    app.send(request.expect("the request is well formed")).await.told("code")
}

#[tokio::test]
async fn only_the_guarded_callback_believes_a_proxy() {
    let app = app().await;
    for (route, user) in [("/callback", "user"), ("/callback/scripted", "admin")] {
        let code = code_through(&app, route).await;
        assert_eq!(app.app.seals.open_code(&code).unwrap().claims.user_id, user, "{route}");
    }
}

#[tokio::test]
async fn a_refresh_never_makes_another_user() {
    let app = app().await;
    for (route, status) in [("/callback", StatusCode::OK), ("/callback/scripted", StatusCode::BAD_REQUEST)] {
        let code = code_through(&app, route).await;
        let client = [("client_id", CLIENT), ("client_secret", CLIENT_SECRET)];
        let redeemed = [("grant_type", "authorization_code"), ("code", &code), ("redirect_uri", CALLBACK)];
        let tokens = app.browser().post("/dex/token", &[client.as_slice(), &redeemed].concat()).await;
        let tokens: serde_json::Value = serde_json::from_str(&tokens.body).unwrap();
        let held = tokens["refresh_token"].as_str().unwrap();
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", held)];
        let refreshed = app.browser().post("/dex/token", &[client.as_slice(), &refresh].concat()).await;
        assert_eq!(refreshed.status, status, "{route}: {}", refreshed.body);
    }
}

/// A form as another site's page has it posted: the browser holds its cookies back.
async fn post_from_elsewhere(app: &TestApp, fields: &[(&str, &str)]) -> dex_testkit::Shown {
    app.browser().step(Method::POST, "/dex/callback", fields).await
}

#[tokio::test]
async fn a_form_from_an_upstream_is_posted_again_from_our_own_page() {
    let app = app().await;
    let mut browser = app.browser();
    let away = browser.log_in_through("scripted", &[("login_hint", "form")]).await;
    assert_eq!(away.status, StatusCode::OK);
    assert!(away.body.contains(r#"action="https://upstream.example/login?"#), "{}", away.body);
    let state = away.body.split(r#"name="RelayState" value=""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let fields = [("RelayState", state), ("once", "assertion-1")];

    let shown = post_from_elsewhere(&app, &fields).await;
    assert!(shown.body.contains(r#"action="/dex/callback?reposted=1""#), "{}", shown.body);
    assert!(shown.body.contains(r#"value="assertion-1""#), "nothing is lost on the way");
    let again = app.browser().step(Method::POST, "/dex/callback?reposted=1", &fields).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "another browser has no login to bring");

    let back = browser.post("/dex/callback?reposted=1", &fields).await;
    assert!(!back.told("code").is_empty(), "{}", back.body);
}

#[tokio::test]
async fn what_lets_in_once_lets_in_nobody_else() {
    let app = app().await;
    for (connector, once, let_in) in
        [("scripted", "a", true), ("scripted", "a", false), ("scripted", "b", true), ("scripted", "", true)]
    {
        let mut browser = app.browser();
        let state = browser.log_in_through(connector, &[]).await.told("state");
        let shown = browser.get(&format!("/dex/callback?state={state}&once={once}")).await;
        assert_eq!(!shown.told("code").is_empty(), let_in, "{once}: {}", shown.body);
    }
}

#[tokio::test]
async fn what_a_connector_publishes_is_shown_and_nothing_else() {
    let app = app().await;
    let shown = app.browser().get("/dex/connectors/scripted/metadata").await;
    assert_eq!((shown.status, shown.body.as_str()), (StatusCode::OK, "<about-us/>"));
    assert_eq!(shown.headers["content-type"], "application/xml");
    for (connector, status) in [("local", StatusCode::NOT_FOUND), ("nope", StatusCode::BAD_REQUEST)] {
        let shown = app.browser().get(&format!("/dex/connectors/{connector}/metadata")).await;
        assert_eq!(shown.status, status, "{connector}");
    }
    let posted = app.browser().step(Method::POST, "/dex/connectors/scripted/metadata", &[]).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn who_comes_from_the_upstream_unasked_begins_an_ordinary_login() {
    let app = app().await;
    let brought = [("SAMLResponse", "PHNhbWw+"), ("RelayState", "https://evil.example/")];
    let shown = app.browser().step(Method::POST, "/dex/callback/scripted", &brought).await;
    let to =
        format!("https://app.example/login?x=1&iss={}", dex_oidc::encode_form([("", ISSUER)]).trim_start_matches('='));
    assert_eq!((shown.status, shown.location()), (StatusCode::SEE_OTHER, to.as_str()));
    for route in ["/callback/mock", "/callback"] {
        let shown = app.browser().step(Method::POST, &format!("/dex{route}"), &brought).await;
        assert_eq!(shown.status, StatusCode::BAD_REQUEST, "{route}");
    }
}
