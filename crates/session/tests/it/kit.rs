//! What the tests share: an app with sessions, and browsers as far as they carry a cookie.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use dex_model::{AuthSession, Claims, Client, UserIdentity};
use dex_session::{EnterError, Entered, Entering, Found, Reuse, StorageError};
use dex_storage::{Backend, Change};
use dex_testkit::TestApp;
use dex_web::{SessionSettings, Settings};
use http::{HeaderMap, HeaderValue, header};

/// Long enough for both deadlines to be told apart.
pub(crate) const IDLE: Duration = Duration::from_secs(3600);

/// The last deadline.
pub(crate) const ABSOLUTE: Duration = Duration::from_secs(24 * 3600);

pub(crate) fn settings() -> Settings {
    Settings { sessions: Some(SessionSettings::default()), ..Settings::default() }
}

pub(crate) async fn app() -> TestApp {
    app_with(|_| {}).await
}

pub(crate) async fn app_with(change: impl FnOnce(&mut SessionSettings)) -> TestApp {
    let mut settings = settings();
    change(settings.sessions.as_mut().expect("they are on"));
    TestApp::start_with(settings, |_| Router::new()).await
}

pub(crate) async fn app_on(backend: Arc<dyn Backend>, settings: Settings) -> TestApp {
    TestApp::start_on(backend, settings, |_| Router::new()).await
}

/// What a browser with this cookie sends.
pub(crate) fn carrying(cookie: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::USER_AGENT, HeaderValue::from_static("Test/1"));
    if !cookie.is_empty() {
        headers.insert(header::COOKIE, HeaderValue::try_from(cookie).expect("a cookie is ASCII"));
    }
    headers
}

/// `name=value` of a `Set-Cookie` header.
pub(crate) fn pair(set: Option<&HeaderValue>) -> String {
    let set = set.expect("a cookie is set").to_str().expect("a cookie is ASCII");
    set.split(';').next().unwrap_or_default().to_owned()
}

pub(crate) fn claims(user: &str) -> Claims {
    Claims { user_id: user.into(), email: format!("{user}@example.com"), ..Claims::default() }
}

/// A login of `user` through `mock` to `client`, in the browser that sends `headers`.
pub(crate) async fn enter(app: &TestApp, headers: &HeaderMap, user: &str, client: &str) -> Result<Entered, EnterError> {
    let claims = claims(user);
    let entering = Entering {
        headers,
        client_id: client,
        connector_id: "mock",
        claims: &claims,
        address: Some([192, 0, 2, 1].into()),
        remember: None,
        now: app.clock.now(),
    };
    dex_session::enter(&app.app, entering).await
}

/// The same in a new browser: its session, and what it sends from now on.
pub(crate) async fn log_in(app: &TestApp, user: &str, client: &str) -> (AuthSession, HeaderMap) {
    let entered = enter(app, &carrying(""), user, client).await.expect("nothing is wrong");
    let cookie = pair(entered.set_cookie.as_ref());
    (entered.session.expect("sessions are on"), carrying(&cookie))
}

pub(crate) async fn current(app: &TestApp, headers: &HeaderMap) -> Found {
    dex_session::current(&app.app, headers, app.clock.now()).await.expect("the store answers")
}

pub(crate) async fn reuse(app: &TestApp, session: &AuthSession, client: &str, max_age: Option<u32>) -> Option<Reuse> {
    let client = app.app.store.get::<Client>(client).await.expect("the store answers").expect("there is such a client");
    dex_session::reuse(&app.app, session, &client, max_age, app.clock.now()).await.expect("the store answers")
}

/// What is stored of a session.
pub(crate) async fn stored(app: &TestApp, id: &str) -> Option<AuthSession> {
    app.app.store.get::<AuthSession>(id).await.expect("the store answers")
}

pub(crate) async fn change_client(app: &TestApp, id: &str, change: impl Fn(Client) -> Client + Send + Sync) {
    let changed = app.app.store.update::<Client, StorageError, _>(id, |client| Ok(change(client))).await;
    assert!(matches!(changed, Ok(Change::Made(_))), "there is such a client");
}

pub(crate) async fn share(app: &TestApp, id: &str, with: &[&str]) {
    let with: Vec<String> = with.iter().map(|id| (*id).to_owned()).collect();
    change_client(app, id, |client| Client { sso_shared_with: Some(with.clone()), ..client }).await;
}

/// Locks the account for a minute.
pub(crate) async fn lock(app: &TestApp, user: &str) {
    let until = dex_model::later(app.clock.now(), Duration::from_secs(60));
    let lock = |identity: UserIdentity| Ok(UserIdentity { blocked_until: until, ..identity });
    let locked = app.app.store.update::<UserIdentity, StorageError, _>((user, "mock"), lock).await;
    assert!(matches!(locked, Ok(Change::Made(_))), "the user has logged in before");
}
