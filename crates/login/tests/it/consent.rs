use std::time::Duration;

use dex_model::Kind;
use dex_testkit::{CALLBACK, ISSUER, LOCAL_PASSWORD, LOCAL_USER};
use dex_web::Settings;
use http::{Method, StatusCode};

use crate::{app, app_with};

#[tokio::test]
async fn consent_is_asked_for_and_given_once() {
    let app = app_with(Settings::default()).await;
    let mut browser = app.browser();
    let scope = ("scope", "openid email offline_access audience:server:client_id:peer");
    let page = browser.log_in_through("mock", &[scope]).await;
    assert_eq!(page.status, StatusCode::OK);
    for text in ["Grant Access", "Kilgore Trout", "The web client", "The peer client", "View your email address"] {
        assert!(page.body.contains(text), "{text}");
    }
    assert_eq!(app.records_of(Kind::AuthRequest).await, 1);

    let shown = browser.submit(&page, &[("approval", "approve")]).await;
    assert!(shown.location().starts_with(&format!("{CALLBACK}?code=")), "{}", shown.location());
    assert_eq!(app.records_of(Kind::AuthRequest).await, 0);
    let second = browser.submit(&page, &[("approval", "approve")]).await;
    assert_eq!(second.status, StatusCode::BAD_REQUEST);
    assert!(second.body.contains("User session error."));
}

#[tokio::test]
async fn who_goes_back_and_logs_in_again_is_asked_again() {
    let app = app_with(Settings::default()).await;
    let mut browser = app.browser();
    let form = browser.log_in_through("local", &[]).await;
    let credentials = [("login", LOCAL_USER), ("password", LOCAL_PASSWORD)];
    let former = browser.submit(&form, &credentials).await;
    let page = browser.submit(&form, &credentials).await;
    assert!(page.body.contains("Grant Access"), "{}", page.body);
    assert_eq!(app.records_of(Kind::AuthRequest).await, 1);
    let approve = [("approval", "approve")];
    assert_eq!(browser.submit(&former, &approve).await.status, StatusCode::UNAUTHORIZED);
    assert!(!browser.submit(&page, &approve).await.told("code").is_empty());
}

#[tokio::test]
async fn two_answers_at_once_bring_one_code() {
    let app = app_with(Settings::default()).await;
    let mut browser = app.browser();
    let page = browser.log_in_through("mock", &[]).await;
    let approved = browser.step(Method::POST, &page.address, &[("approval", "approve")]).await;
    let to = approved.location().to_owned();
    let mut tab = browser.clone();
    let (first, second) = (browser.get(&to).await, tab.get(&to).await);
    assert_eq!((first.status, second.status), (StatusCode::SEE_OTHER, StatusCode::BAD_REQUEST));
}

#[tokio::test]
async fn a_refusal_reaches_the_client_in_its_response_mode() {
    let app = app_with(Settings::default()).await;
    for mode in ["", "fragment"] {
        let mut browser = app.browser();
        let page = browser.log_in_through("mock", &[("response_mode", mode)]).await;
        let shown = browser.submit(&page, &[("approval", "rejected")]).await;
        assert_eq!((shown.told("error"), shown.told("state")), ("access_denied".into(), "xyz".into()));
        assert_eq!(shown.told("iss"), ISSUER);
        assert_eq!(shown.location().contains('#'), mode == "fragment");
        assert_eq!((app.records_of(Kind::AuthRequest).await, browser.cookies().len()), (0, 0));
        let second = browser.submit(&page, &[("approval", "approve")]).await;
        assert_eq!(second.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn consent_is_forced_by_the_client() {
    for forced in [("prompt", "consent"), ("approval_prompt", "force")] {
        let app = app().await;
        let page = app.browser().log_in_through("mock", &[forced]).await;
        assert!(page.body.contains("Grant Access"), "{forced:?}");
    }
}

#[tokio::test]
async fn signatures_open_only_the_step_they_were_made_for() {
    let app = app_with(Settings::default()).await;
    let mut browser = app.browser();
    let page = browser.log_in_through("mock", &[]).await;
    let query = page.address.split_once('?').unwrap().1.to_owned();
    let req = query.split_once("req=").unwrap().1.to_owned();
    let cases = [
        (format!("/dex/auth?{query}"), StatusCode::UNAUTHORIZED),
        (format!("/dex/auth?req={req}"), StatusCode::UNAUTHORIZED),
        (format!("/dex/approval?req={req}"), StatusCode::UNAUTHORIZED),
        (format!("/dex/approval?req={req}&hmac=x"), StatusCode::UNAUTHORIZED),
        ("/dex/approval?req=unknown&hmac=x".into(), StatusCode::BAD_REQUEST),
        (format!("/dex/approval?{query}"), StatusCode::OK),
    ];
    for (address, expected) in cases {
        assert_eq!(browser.get(&address).await.status, expected, "{address}");
    }
    let put = browser.step(Method::PUT, &page.address, &[]).await;
    assert_eq!((put.status, &put.headers["allow"]), (StatusCode::METHOD_NOT_ALLOWED, &"GET, POST".parse().unwrap()));
    app.clock.advance(Duration::from_secs(24 * 3600 + 1));
    let late = browser.get(&page.address).await;
    assert!(late.body.contains("User session has expired."), "{}", late.body);
}
