//! What a stranger tries with the device flow.

use std::net::IpAddr;

use axum::body::Body;
use dex_testkit::{CLIENT, CLIENT_SECRET, Shown, TestApp};
use dex_web::Settings;
use http::{Method, Request, StatusCode, header};

use crate::device::{codes, poll};
use crate::{app, app_with};

const NOT_HERE: &str = "was not entered in this browser";

#[tokio::test]
async fn a_link_gives_no_device_a_login() {
    let app = app().await;
    let (device_code, user_code) = codes(&app).await;
    let link = [("redirect_uri", "/dex/device/callback"), ("state", user_code.as_str())];
    let shown = app.browser().get(&app.authorization("/auth/mock", &link)).await;
    assert_eq!(shown.status, StatusCode::BAD_REQUEST);
    assert!(shown.body.contains(NOT_HERE), "{}", shown.body);
    let refusal = format!("/dex/device/callback?error=access_denied&state={user_code}");
    assert!(app.browser().get(&refusal).await.body.contains(NOT_HERE));
    assert!(poll(&app, &device_code).await.1.contains("authorization_pending"));
}

#[tokio::test]
async fn a_code_is_good_for_the_device_it_was_asked_for_alone() {
    let app = app().await;
    let ((stranger, theirs), (device_code, mine)) = (codes(&app).await, codes(&app).await);
    let mut browser = app.browser();
    for code in [&theirs, &mine] {
        browser.step(Method::POST, "/dex/device/auth/verify_code", &[("user_code", code)]).await;
    }
    // A code of a login for no device, and one for another device: what the browser brings is another's.
    let link = [("redirect_uri", "/dex/device/callback"), ("state", mine.as_str())];
    let unbound = browser.get(&app.authorization("/auth/mock", &link)).await;
    assert_eq!(unbound.status, StatusCode::BAD_REQUEST, "{}", unbound.body);
    let challenge = dex_token::device::challenge(&theirs);
    let bound = [("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")];
    let others = browser.get(&app.authorization("/auth/mock", &[link.as_slice(), &bound].concat())).await;
    assert_eq!(others.status, StatusCode::BAD_REQUEST, "{}", others.body);
    for device_code in [&stranger, &device_code] {
        assert!(poll(&app, device_code).await.1.contains("authorization_pending"));
    }
}

/// Types a user code, as the browser sends it from `site` and `address`.
async fn typed(app: &TestApp, user_code: &str, site: &str, address: &str) -> Shown {
    let request = Request::post("/dex/device/auth/verify_code")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", site)
        .extension(address.parse::<IpAddr>().expect("a test names an address"))
        .body(Body::from(dex_oidc::encode_form([("user_code", user_code)])));
    app.send(request.expect("the request is well formed")).await
}

#[tokio::test]
async fn another_site_types_no_code() {
    let app = app().await;
    let (_, user_code) = codes(&app).await;
    for site in ["cross-site", "same-site"] {
        let shown = typed(&app, &user_code, site, "192.0.2.1").await;
        assert_eq!((shown.status, shown.headers.get(header::SET_COOKIE)), (StatusCode::OK, None), "{site}");
        assert!(shown.body.contains(&user_code), "the user is asked");
    }
    let shown = typed(&app, &user_code, "same-origin", "192.0.2.1").await;
    assert_eq!(shown.status, StatusCode::FOUND);
    assert!(shown.headers.contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn guessing_codes_is_held_up() {
    let app = app().await;
    let (_, user_code) = codes(&app).await;
    for n in 0..30 {
        let guess = format!("BCDF-{n:04}");
        let shown = typed(&app, &guess, "same-origin", "192.0.2.1").await;
        assert_eq!(shown.status, StatusCode::BAD_REQUEST, "{n}");
    }
    let held = typed(&app, &user_code, "same-origin", "192.0.2.1").await;
    assert_eq!(held.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(held.headers[header::RETRY_AFTER], "11");
    assert_eq!(typed(&app, &user_code, "same-origin", "192.0.2.2").await.status, StatusCode::FOUND);
}

#[tokio::test]
async fn what_a_device_leaves_behind_is_bounded() {
    let app = app().await;
    let long = "x".repeat(2049);
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[("scope", &long)], "invalid_scope"),
        (&[("scope", "openid"), ("code_challenge", &long[..129])], "invalid_request"),
        (&[("scope", "openid"), ("scope", "email")], "invalid_request"),
        (&[("client_id", "cli")], "invalid_request"),
    ];
    let before = app.records().await;
    for (extra, error) in cases {
        let form = [&[("client_id", CLIENT), ("client_secret", CLIENT_SECRET)], extra].concat();
        let shown = app.browser().post("/dex/device/code", &form).await;
        assert_eq!(shown.status, StatusCode::BAD_REQUEST, "{}", shown.body);
        assert!(shown.body.contains(error), "{}", shown.body);
    }
    assert_eq!(app.records().await, before);
    for _ in 0..1000 {
        codes(&app).await;
    }
    let form = [("client_id", CLIENT), ("client_secret", CLIENT_SECRET)];
    let held = app.browser().post("/dex/device/code", &form).await;
    assert_eq!(held.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(held.headers[header::RETRY_AFTER], "1");
    let other = app.browser().post("/dex/device/code", &[("client_id", "cli")]).await;
    assert_eq!(other.status, StatusCode::OK, "another client is served");
}

#[tokio::test]
async fn a_grant_that_is_not_offered_hands_out_no_codes() {
    let app = app_with(Settings { grant_types: Vec::new(), ..Settings::default() }).await;
    let shown = app.browser().step(Method::POST, "/dex/device/code", &[("client_id", "cli")]).await;
    assert_eq!(shown.status, StatusCode::BAD_REQUEST);
    assert!(shown.body.contains("unsupported_grant_type"));
}
