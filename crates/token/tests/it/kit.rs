//! What the journeys share: a client that posts forms, and codes as a login would have made them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use dex_model::{AuthCode, Claims, ConnectorData, RefreshPolicy, id, later};
use dex_oidc::{GrantType, encode_form};
use dex_storage_sql::{Layout, Sqlite, SqliteOptions};
use dex_testkit::{CALLBACK, CLIENT, CLIENT_SECRET, Shown, TestApp};
use dex_web::Settings;
use http::{Request, header};
use serde_json::Value;

pub(crate) const REUSE_INTERVAL: Duration = Duration::from_secs(3);

/// A dex with every grant, a reuse interval, and passwords through `local`.
pub(crate) async fn app() -> TestApp {
    app_with(|_| {}).await
}

/// The same on every back end that lives in this process, by name. The folder holds the database file.
pub(crate) async fn apps(folder: &std::path::Path) -> [(&'static str, TestApp); 2] {
    let file = folder.join("dex.db").display().to_string();
    let options = SqliteOptions { file, layout: Layout::Dex };
    let sqlite = Arc::new(Sqlite::open(&options).expect("the folder can be written"));
    let on_sqlite = TestApp::start_on(sqlite, settings(), dex_token::routes).await;
    [("memory", app().await), ("SQLite", on_sqlite)]
}

pub(crate) async fn app_with(change: impl FnOnce(&mut Settings)) -> TestApp {
    let mut settings = settings();
    change(&mut settings);
    TestApp::start_with(settings, dex_token::routes).await
}

fn settings() -> Settings {
    Settings {
        grant_types: GrantType::ALL.to_vec(),
        password_connector: Some("local".into()),
        refresh: RefreshPolicy {
            rotate: true,
            reuse_interval: REUSE_INTERVAL,
            absolute_lifetime: Some(Duration::from_secs(30 * 24 * 3600)),
            idle_lifetime: None,
        },
        ..Settings::default()
    }
}

/// Posts a form as [`CLIENT`].
pub(crate) async fn post(app: &TestApp, route: &str, form: &[(&str, &str)]) -> Shown {
    post_as(app, (CLIENT, CLIENT_SECRET), route, form).await
}

/// Posts a form with HTTP Basic; without credentials if the id is empty.
pub(crate) async fn post_as(app: &TestApp, (id, secret): (&str, &str), route: &str, form: &[(&str, &str)]) -> Shown {
    let mut request =
        Request::post(format!("/dex{route}")).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if !id.is_empty() {
        let basic = STANDARD.encode(format!("{id}:{secret}"));
        request = request.header(header::AUTHORIZATION, format!("Basic {basic}"));
    }
    let body = encode_form(form.iter().copied());
    app.send(request.body(Body::from(body)).expect("a form is a request")).await
}

/// Asks for the user's claims with a bearer token.
pub(crate) async fn userinfo(app: &TestApp, token: &str) -> Shown {
    let request = Request::get("/dex/userinfo").header(header::AUTHORIZATION, format!("Bearer {token}"));
    app.send(request.body(Body::empty()).expect("it is a request")).await
}

/// What a code of this test stands for: the mock user, just now, for [`CLIENT`].
pub(crate) fn what_it_stands_for(app: &TestApp, scopes: &[&str]) -> AuthCode {
    let now = app.clock.now();
    AuthCode {
        id: id::new_long_id(),
        client_id: CLIENT.into(),
        redirect_uri: CALLBACK.into(),
        nonce: "n-1".into(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        connector_id: "mock".into(),
        connector_data: ConnectorData::new("foobar"),
        claims: Claims {
            user_id: "0-385-28089-0".into(),
            username: "Kilgore Trout".into(),
            email: "kilgore@kilgore.trout".into(),
            email_verified: true,
            groups: vec!["authors".into()],
            ..Claims::default()
        },
        expiry: later(now, app.app.settings.auth_codes_valid_for),
        session_id: String::new(),
        auth_time: now,
        pkce: None,
    }
}

/// A code as the login hands it out.
pub(crate) fn code(app: &TestApp, scopes: &[&str]) -> String {
    app.app.seals.seal_code(&what_it_stands_for(app, scopes)).expect("it is short")
}

pub(crate) async fn redeem(app: &TestApp, code: &str) -> Shown {
    let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
    post(app, "/token", &form).await
}

pub(crate) async fn refresh(app: &TestApp, token: &str) -> Shown {
    post(app, "/token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

/// A member of a JSON answer, as text.
pub(crate) fn member(shown: &Shown, name: &str) -> String {
    let json: Value = serde_json::from_str(&shown.body).unwrap_or_else(|_| panic!("{} is JSON", shown.body));
    json[name].as_str().unwrap_or_default().to_owned()
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a token has three parts");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("a payload is base64");
    serde_json::from_slice(&payload).expect("a payload is JSON")
}

/// Status and error code of a refusal.
pub(crate) fn refusal(shown: &Shown) -> (u16, String) {
    (shown.status.as_u16(), member(shown, "error"))
}
