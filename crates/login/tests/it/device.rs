use std::time::Duration;

use dex_testkit::{CLIENT, CLIENT_SECRET, TestApp};
use dex_web::Settings;
use http::StatusCode;

use crate::{app, app_with};

/// The codes of a device: its own, and its user's.
pub(crate) async fn codes(app: &TestApp) -> (String, String) {
    let form = [("client_id", CLIENT), ("client_secret", CLIENT_SECRET), ("scope", "openid")];
    let shown = app.browser().post("/dex/device/code", &form).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
    let body: serde_json::Value = serde_json::from_str(&shown.body).expect("the codes come as JSON");
    let value = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (value("device_code"), value("user_code"))
}

pub(crate) async fn poll(app: &TestApp, device_code: &str) -> (StatusCode, String) {
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let form =
        [("grant_type", grant), ("device_code", device_code), ("client_id", CLIENT), ("client_secret", CLIENT_SECRET)];
    let shown = app.browser().post("/dex/token", &form).await;
    (shown.status, shown.body)
}

#[tokio::test]
async fn a_device_gets_its_tokens_once_its_user_has_come() {
    let app = app().await;
    let (device_code, user_code) = codes(&app).await;
    assert!(poll(&app, &device_code).await.1.contains("authorization_pending"));
    let mut browser = app.browser();
    let page = browser.get(&format!("/dex/device?user_code={user_code}")).await;
    assert!(page.body.contains(&user_code));
    let wrong = browser.submit(&page, &[("user_code", "bcdf-bcdf")]).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.body.contains("Invalid or Expired User Code") && wrong.body.contains("BCDF-BCDF"));

    let typed = user_code.to_lowercase().replace('-', " ");
    let list = browser.submit(&wrong, &[("user_code", &typed)]).await;
    assert!(list.body.contains("/dex/auth/mock?"), "{} {}", list.status, list.body);
    let query = list.address.split_once('?').unwrap().1;
    let done = browser.get(&format!("/dex/auth/mock?{query}")).await;
    assert_eq!(done.status, StatusCode::OK);
    assert!(done.body.contains("The web client"), "{}", done.body);
    let (status, tokens) = poll(&app, &device_code).await;
    assert!(status == StatusCode::OK && tokens.contains("id_token"), "{tokens}");
}

#[tokio::test]
async fn a_device_hears_that_its_user_said_no() {
    let app = app_with(Settings::default()).await;
    let (device_code, user_code) = codes(&app).await;
    let mut browser = app.browser();
    let list = browser.post("/dex/device/auth/verify_code", &[("user_code", &user_code)]).await;
    let query = list.address.split_once('?').unwrap().1;
    let page = browser.get(&format!("/dex/auth/mock?{query}")).await;
    let refused = browser.submit(&page, &[("approval", "rejected")]).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(poll(&app, &device_code).await.1.contains("access_denied"));
}

#[tokio::test]
pub(crate) async fn codes_that_are_dead_or_missing_are_refused() {
    let app = app().await;
    let (_, user_code) = codes(&app).await;
    app.clock.advance(Duration::from_secs(301));
    let mut browser = app.browser();
    for (typed, text) in [(user_code.as_str(), "Invalid or Expired User Code"), (" ", "No user code received")] {
        let shown = browser.post("/dex/device/auth/verify_code", &[("user_code", typed)]).await;
        assert_eq!(shown.status, StatusCode::BAD_REQUEST);
        assert!(shown.body.contains(text), "{typed}");
    }
    for query in ["", "?state=x", "?code=x", "?state=x&code=y", "?state=x&error=access_denied"] {
        let shown = browser.get(&format!("/dex/device/callback{query}")).await;
        assert_eq!(shown.status, StatusCode::BAD_REQUEST, "{query}");
    }
    assert_eq!(browser.post("/dex/device", &[]).await.status, StatusCode::BAD_REQUEST);
}
