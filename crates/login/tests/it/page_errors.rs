//! Every error that a person sees as a page: status, words, and that it is a page.

use dex_model::{AuthRequest, Client};
use dex_storage::{Change, StorageError};
use dex_testkit::{Browser, Shown, TestApp};
use dex_web::Settings;
use http::{Method, header};

use crate::{app, app_with};

/// A page in our own clothes, with the words and nothing of what lies behind them.
fn assert_page(shown: &Shown, status: u16, words: &str, told: &str) {
    assert_eq!(shown.status.as_u16(), status, "{told}: {}", shown.body);
    assert!(shown.body.contains(words), "{told}: {}", shown.body);
    assert!(shown.headers[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"), "{told}");
    assert_eq!(shown.headers.contains_key(header::RETRY_AFTER), status == 503, "{told}");
    assert_eq!(shown.location(), "", "{told}");
}

/// A request of a browser that begins nothing, and what it is shown.
const STRANGERS: &[(Method, &str, u16, &str)] = &[
    (Method::POST, "/auth/mock", 400, "Unsupported request method."),
    (Method::GET, "/callback", 400, "User session error."),
    (Method::GET, "/callback?state=unknown", 400, "Requested resource does not exist."),
    (Method::GET, "/callback?state=%zz", 400, "Failed to parse request."),
    (Method::PUT, "/callback?state=x", 400, "Method not supported"),
    (Method::GET, "/auth/local/login?state=unknown", 400, "Requested resource does not exist."),
    (Method::GET, "/approval", 401, "Unauthorized request"),
    (Method::GET, "/approval?req=x&hmac=y", 400, "User session error."),
    (Method::DELETE, "/approval", 405, "Method not allowed."),
    (Method::GET, "/auth?req=x&hmac=y", 400, "User session error."),
    (Method::POST, "/device", 400, "Requested resource does not exist."),
    (Method::GET, "/device/auth/verify_code", 400, "Requested resource does not exist."),
    (Method::POST, "/device/auth/verify_code", 400, "No user code received"),
    (Method::POST, "/device/callback", 400, "Method not allowed."),
    (Method::GET, "/device/callback", 400, "Request was missing parameters"),
    (Method::GET, "/device/callback?error=server_error", 400, "Authorization failed. Please try again."),
    (Method::GET, "/device/callback?state=BCDF-GHJK&code=x", 400, "The code of the device was not entered"),
];

#[tokio::test]
async fn a_request_that_belongs_to_no_login_is_told_so() {
    let app = app().await;
    for (method, route, status, words) in STRANGERS {
        let address = if *route == "/auth/mock" { app.authorization(route, &[]) } else { format!("/dex{route}") };
        let shown = app.browser().step(method.clone(), &address, &[]).await;
        assert_page(&shown, *status, words, &format!("{method} {route}"));
    }
}

async fn scripted(browser: &mut Browser<'_>, error: &str) -> Shown {
    let state = browser.log_in_through("scripted", &[]).await.told("state");
    browser.get(&format!("/dex/callback?state={state}&error={error}")).await
}

#[tokio::test]
async fn what_an_upstream_did_is_told_without_its_words() {
    let app = app().await;
    let cases = [
        ("groups", 403, "You are not a member of any of the required groups to authenticate."),
        ("groups", 403, "Ask whoever runs the application to add you to one of its groups."),
        ("down", 503, "The login provider cannot be reached."),
        ("odd", 500, "Authentication failed. Please contact your administrator or try again later."),
    ];
    for (error, status, words) in cases {
        let shown = scripted(&mut app.browser(), error).await;
        assert_page(&shown, status, words, error);
    }
    let denied = scripted(&mut app.browser(), "denied").await;
    let description = "The login was refused by the upstream or its user.";
    assert_eq!((denied.told("error"), denied.told("error_description")), ("access_denied".into(), description.into()));
    let mut browser = app.browser();
    for (words, status) in [("", 303), ("Please go back to the application and start again.", 400)] {
        let state = browser.log_in_through("scripted", &[]).await.told("state");
        let shown = browser.get(&format!("/dex/callback?state={state}&once=x")).await;
        assert_eq!(shown.status.as_u16(), status);
        assert!(shown.body.contains(words), "{}", shown.body);
    }
}

async fn change_client(app: &TestApp, change: impl Fn(Client) -> Client + Send + Sync) {
    let changed = app.app.store.update::<Client, StorageError, _>("web", |client| Ok(change(client))).await;
    assert!(matches!(changed, Ok(Change::Made(_))));
}

#[tokio::test]
async fn a_client_that_lost_its_rights_meanwhile_is_told_to_its_user() {
    let app = app().await;
    let mut browser = app.browser();
    let state = browser.log_in_through("scripted", &[]).await.told("state");
    let back = format!("/dex/callback?state={state}");
    let client = app.app.store.get::<Client>("web").await.unwrap().unwrap();

    change_client(&app, |client| Client { allowed_connectors: vec!["local".into()], ..client }).await;
    assert_page(&browser.get(&back).await, 403, "Connector not allowed for this client.", "connector");
    change_client(&app, |client| {
        let mut restricted = Client { allowed_connectors: Vec::new(), ..client };
        restricted.restrictions.disabled = true;
        restricted
    })
    .await;
    assert_page(&browser.get(&back).await, 403, "The client is disabled.", "disabled");
    let begun = browser.get(&app.authorization("/auth", &[])).await;
    assert_page(&begun, 403, "The client is disabled.", "disabled at the start");
    change_client(&app, |client| {
        let mut restricted = client;
        restricted.restrictions.disabled = false;
        restricted.restrictions.allowed_groups = vec!["nobody".into()];
        restricted
    })
    .await;
    let words = "You are not a member of any of the groups that may use this application.";
    assert_page(&browser.get(&back).await, 403, words, "groups");
    change_client(&app, |_| client.clone()).await;
    change_client(&app, |client| Client { redirect_uris: vec!["https://moved.example/".into()], ..client }).await;
    assert_page(&browser.get(&back).await, 400, "Unregistered redirect_uri.", "redirect URI");
    let _ = app.app.store.remove::<Client>("web").await.unwrap();
    let words = "The application that this login is for is not registered any more.";
    assert_page(&browser.get(&back).await, 400, words, "gone");
}

#[tokio::test]
async fn nobody_comes_in_where_no_connector_is_left() {
    let app = app().await;
    change_client(&app, |client| Client { allowed_connectors: vec!["gone".into()], ..client }).await;
    let shown = app.browser().get(&app.authorization("/auth", &[])).await;
    assert_page(&shown, 400, "No connectors available for this client.", "none");
}

#[tokio::test]
async fn steps_out_of_order_are_refused() {
    let app = app_with(Settings::default()).await;
    let mut browser = app.browser();
    let page = browser.log_in_through("mock", &[]).await;
    let (path, query) = page.address.split_once('?').unwrap();
    assert_eq!(path, "/dex/approval");
    let id = query.split('&').find_map(|pair| pair.strip_prefix("req=")).unwrap().to_owned();
    let skipped = browser.get(&format!("/dex/auth?{query}")).await;
    assert_page(&skipped, 401, "Unauthorized request", "the signature of another step");
    let login = app.app.store.get::<AuthRequest>(&id).await.unwrap().unwrap();
    let changed = app.app.store.update::<AuthRequest, StorageError, _>(&id, |request| {
        Ok(AuthRequest { login: dex_model::Login::Awaited, ..request })
    });
    assert!(matches!(changed.await, Ok(Change::Made(_))));
    assert_page(&browser.get(&page.address).await, 400, "Login process not yet finalized.", "nobody logged in");
    let changed = app.app.store.update::<AuthRequest, StorageError, _>(&id, |_| Ok(login.clone()));
    assert!(matches!(changed.await, Ok(Change::Made(_))));
    let refused = browser.submit(&page, &[("approval", "rejected")]).await;
    assert_eq!(refused.told("error_description"), "The user refused.");
    app.clock.advance(app.app.settings.auth_requests_valid_for + std::time::Duration::from_secs(1));
    assert_page(&browser.get(&page.address).await, 400, "User session error.", "it has ended");
}

#[tokio::test]
async fn a_device_is_told_what_its_user_brings() {
    let app = app().await;
    let (_, user_code) = crate::device::codes(&app).await;
    let mut browser = app.browser();
    browser.step(Method::POST, "/dex/device/auth/verify_code", &[("user_code", &user_code)]).await;
    let shown = browser.get(&format!("/dex/device/callback?state={user_code}&code=x")).await;
    assert_page(&shown, 400, "Invalid or expired auth code.", "no code");
    app.clock.advance(std::time::Duration::from_secs(301));
    let challenge = dex_token::device::challenge(&user_code);
    let link = [
        ("redirect_uri", "/dex/device/callback"),
        ("state", user_code.as_str()),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    let late = browser.get(&app.authorization("/auth/mock", &link)).await;
    assert_page(&late, 400, "Invalid or expired user code.", "too late");
}
