use dex_testkit::{LOCAL_PASSWORD, LOCAL_USER};
use dex_web::Settings;
use http::{Method, StatusCode};

use crate::{app, app_with};

#[tokio::test]
async fn a_callback_is_worth_nothing_in_another_browser() {
    let app = app().await;
    let mut victim = app.browser();
    let shown = victim.step(Method::GET, &app.authorization("/auth/mock", &[]), &[]).await;
    let callback = shown.location().to_owned();
    let stolen = app.browser().get(&callback).await;
    assert_eq!(stolen.status, StatusCode::BAD_REQUEST);
    assert!(stolen.body.contains("start again"));
    assert_eq!(victim.get(&callback).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_password_page_is_worth_nothing_in_another_browser() {
    let app = app().await;
    let mut victim = app.browser();
    let form = victim.log_in_through("local", &[]).await;
    let credentials = [("login", LOCAL_USER), ("password", LOCAL_PASSWORD)];
    let stolen = app.browser().submit(&form, &credentials).await;
    assert_eq!(stolen.status, StatusCode::BAD_REQUEST);
    assert_eq!(victim.submit(&form, &credentials).await.status, StatusCode::SEE_OTHER);
    let replayed = victim.submit(&form, &credentials).await;
    assert_eq!(replayed.status, StatusCode::BAD_REQUEST, "the browser has given the login back");
}

#[tokio::test]
async fn an_approval_is_worth_nothing_in_another_browser() {
    let app = app_with(Settings::default()).await;
    let mut victim = app.browser();
    let page = victim.log_in_through("mock", &[]).await;
    let mut thief = app.browser();
    assert_eq!(thief.get(&page.address).await.status, StatusCode::BAD_REQUEST);
    let approve = [("approval", "approve")];
    assert_eq!(thief.submit(&page, &approve).await.status, StatusCode::BAD_REQUEST);
    let refuse = [("approval", "rejected")];
    assert_eq!(thief.submit(&page, &refuse).await.status, StatusCode::BAD_REQUEST);
    let approved = victim.step(Method::POST, &page.address, &approve).await;
    let to = approved.location().to_owned();
    assert_eq!(thief.get(&to).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(victim.get(&to).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_login_of_another_deployment_or_connector_is_refused() {
    let (ours, theirs) = (app().await, app().await);
    let mut browser = ours.browser();
    let shown = browser.step(Method::GET, &ours.authorization("/auth/mock", &[]), &[]).await;
    let callback = shown.location().to_owned();
    let cookie = shown.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let path = callback.strip_prefix("https://dex.example").unwrap();
    let request = http::Request::get(path).header("cookie", cookie).body(axum::body::Body::empty());
    assert_eq!(theirs.send(request.unwrap()).await.status, StatusCode::BAD_REQUEST);

    let state = callback.split_once("state=").unwrap().1;
    for address in [
        format!("/dex/callback/local?state={state}"),
        format!("/dex/auth/local/login?state={state}"),
        format!("/dex/auth/mock/login?state={state}"),
        "/dex/callback".to_owned(),
        "/dex/callback?state=%zz".to_owned(),
        format!("/dex/callback?state={}", "a".repeat(25)),
    ] {
        assert_eq!(browser.get(&address).await.status, StatusCode::BAD_REQUEST, "{address}");
    }
    assert_eq!(browser.get(&format!("/dex/callback/mock?state={state}")).await.status, StatusCode::SEE_OTHER);
}
