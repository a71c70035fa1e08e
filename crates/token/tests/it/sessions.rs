//! Tokens and the browser's session they came from.

use std::time::Duration;

use axum::body::Body;
use dex_model::{
    AuthCode, AuthRequest, AuthSession, Claims, Client, ConnectorData, Kind, Login, OfflineSessions, SessionLogin,
    TokenSecret, UserIdentity, later,
};
use dex_storage::{Change, StorageError, Write};
use dex_testkit::{CALLBACK, CLIENT, LOCAL_PASSWORD, LOCAL_USER, TestApp};
use dex_token::Authenticated;
use dex_web::SessionSettings;
use http::Request;
use serde_json::Value;

use crate::kit::{app, app_with, claims, member, post, redeem, refresh, refusal, what_it_stands_for};

const SID: &str = "session-1";
const IDLE: Duration = Duration::from_secs(3600);
const ENDED: &str = "The session this refresh token belongs to has ended.";

async fn with_sessions() -> TestApp {
    app_with(|settings| settings.sessions = Some(SessionSettings::default())).await
}

/// The session that [`code`]'s login began.
async fn begin(app: &TestApp) {
    let user = what_it_stands_for(app, &[]).claims.user_id;
    let login = SessionLogin { client_id: CLIENT, ip_address: "", user_agent: "", now: app.clock.now() };
    let policy = SessionSettings::default().policy();
    let session = AuthSession::begin((SID.into(), TokenSecret::new("secret")), (&user, "mock"), &login, &policy);
    assert_eq!(app.app.store.insert(session).await.expect("memory answers"), Write::Done);
}

async fn end(app: &TestApp) {
    assert_eq!(app.app.store.remove::<AuthSession>(SID).await.expect("memory answers"), Write::Done);
}

async fn bind(app: &TestApp) {
    let bind = |client: Client| Ok(Client { refresh_token_lifetime: "session".into(), ..client });
    let bound = app.app.store.update::<Client, StorageError, _>(CLIENT, bind).await;
    assert!(matches!(bound, Ok(Change::Made(_))));
}

/// A code of a browser with this session, or of none.
fn code(app: &TestApp, sid: &str) -> String {
    let code = what_it_stands_for(app, &["openid", "offline_access"]);
    app.app.seals.seal_code(&AuthCode { session_id: sid.into(), ..code }).expect("it is short")
}

async fn active(app: &TestApp, token: &str) -> bool {
    let shown = post(app, "/token/introspect", &[("token", token)]).await;
    serde_json::from_str::<Value>(&shown.body).expect("it is JSON")["active"] == true
}

fn sid(token: &str) -> Value {
    claims(token)["sid"].clone()
}

#[tokio::test]
async fn what_a_login_brings_and_its_refreshes_name_the_session() {
    let app = with_sessions().await;
    begin(&app).await;
    let mut tokens = redeem(&app, &code(&app, SID)).await;
    for told in ["the code", "a refresh", "another"] {
        for token in ["access_token", "id_token"] {
            assert_eq!(sid(&member(&tokens, token)), SID, "{told}: {token}");
        }
        tokens = refresh(&app, &member(&tokens, "refresh_token")).await;
    }
    let user = what_it_stands_for(&app, &[]).claims.user_id;
    let held = app.app.store.get::<OfflineSessions>((&user, "mock")).await.unwrap().unwrap();
    assert_eq!(held.refresh[CLIENT].session_id, SID);
    end(&app).await;
    assert_eq!(sid(&member(&tokens, "id_token")), SID);
    let after = refresh(&app, &member(&tokens, "refresh_token")).await;
    assert_eq!(sid(&member(&after, "id_token")), SID, "a standalone token outlives its session");
    assert!(active(&app, &member(&after, "access_token")).await);
}

#[tokio::test]
async fn a_code_whose_session_was_ended_begins_nothing_that_nobody_could_end() {
    let app = with_sessions().await;
    begin(&app).await;
    let (code, used) = (code(&app, SID), self::code(&app, SID));
    redeem(&app, &used).await;
    assert_eq!(app.records_of(Kind::RefreshToken).await, 1);
    end(&app).await;
    let refused = redeem(&app, &code).await;
    assert_eq!(refusal(&refused), (400, "invalid_grant".into()));
    assert_eq!(app.records_of(Kind::RefreshToken).await, 1);
    assert_eq!(refusal(&redeem(&app, &used).await), (400, "invalid_grant".into()));
    assert_eq!(app.records_of(Kind::RefreshToken).await, 0, "a replay is one all the same");
}

#[tokio::test]
async fn a_token_of_no_browser_names_no_session() {
    let app = with_sessions().await;
    begin(&app).await;
    let form = [
        ("grant_type", "password"),
        ("username", LOCAL_USER),
        ("password", LOCAL_PASSWORD),
        ("scope", "openid offline_access"),
    ];
    let tokens = post(&app, "/token", &form).await;
    assert!(sid(&member(&tokens, "id_token")).is_null());
    bind(&app).await;
    let refreshed = refresh(&app, &member(&tokens, "refresh_token")).await;
    assert!(sid(&member(&refreshed, "id_token")).is_null());
    assert!(active(&app, &member(&refreshed, "access_token")).await, "what is of no session ends with none");
    assert!(active(&app, &member(&refreshed, "refresh_token")).await);
}

#[tokio::test]
async fn what_is_bound_ends_with_its_session() {
    for by_time in [false, true] {
        let app = with_sessions().await;
        bind(&app).await;
        begin(&app).await;
        let tokens = redeem(&app, &code(&app, SID)).await;
        let tokens = refresh(&app, &member(&tokens, "refresh_token")).await;
        let (access, refreshing) = (member(&tokens, "access_token"), member(&tokens, "refresh_token"));
        app.clock.advance(IDLE);
        assert!(active(&app, &access).await && active(&app, &refreshing).await, "to the last moment");
        if by_time {
            app.clock.advance(Duration::from_secs(1));
        } else {
            end(&app).await;
        }
        assert!(!active(&app, &access).await && !active(&app, &refreshing).await);
        let refused = refresh(&app, &refreshing).await;
        assert_eq!(refusal(&refused), (400, "invalid_grant".into()));
        assert_eq!(app.records_of(Kind::RefreshToken).await, 0, "it is removed");
    }
}

#[tokio::test]
async fn who_is_refused_hears_that_the_session_has_ended() {
    let app = with_sessions().await;
    bind(&app).await;
    begin(&app).await;
    let token = member(&redeem(&app, &code(&app, SID)).await, "refresh_token");
    end(&app).await;
    assert_eq!(member(&refresh(&app, &token).await, "error_description"), ENDED);
    assert_eq!(app.records_of(Kind::RefreshToken).await, 0, "the token is removed");
    let user = what_it_stands_for(&app, &[]).claims.user_id;
    let held = app.app.store.get::<OfflineSessions>((&user, "mock")).await.unwrap().unwrap();
    assert!(held.refresh.is_empty());
    assert_ne!(member(&refresh(&app, &token).await, "error_description"), ENDED, "and not known any more");
}

#[tokio::test]
async fn a_token_that_is_to_end_with_a_session_begins_with_one() {
    let app = with_sessions().await;
    bind(&app).await;
    let tokens = redeem(&app, &code(&app, "")).await;
    assert_eq!((tokens.status.as_u16(), member(&tokens, "refresh_token")), (200, String::new()));
    assert!(!member(&tokens, "id_token").is_empty());
}

#[tokio::test]
async fn without_sessions_none_is_named_and_nothing_ends_with_one() {
    let app = app().await;
    bind(&app).await;
    let tokens = redeem(&app, &code(&app, "")).await;
    let refreshed = refresh(&app, &member(&tokens, "refresh_token")).await;
    assert_eq!(refreshed.status, 200);
    assert!(active(&app, &member(&refreshed, "access_token")).await);
    assert!(active(&app, &member(&refreshed, "refresh_token")).await);
}

#[tokio::test]
async fn a_locked_account_gets_no_tokens() {
    let app = with_sessions().await;
    begin(&app).await;
    let token = member(&redeem(&app, &code(&app, SID)).await, "refresh_token");
    let lock = async |user: &str, connector: &str| {
        let claims = Claims { user_id: user.into(), ..Claims::default() };
        let identity = UserIdentity::begin(user, connector, claims, app.clock.now());
        let blocked_until = later(app.clock.now(), Duration::from_secs(60));
        let written = app.app.store.insert(UserIdentity { blocked_until, ..identity }).await;
        assert_eq!(written.unwrap(), Write::Done);
    };
    lock(&what_it_stands_for(&app, &[]).claims.user_id, "mock").await;
    lock("08a8684b-db88-4b73-90a9-3cd1661f5466", "local").await;
    assert_eq!(refusal(&refresh(&app, &token).await), (400, "invalid_grant".into()));
    assert_eq!(refusal(&redeem(&app, &code(&app, SID)).await), (400, "invalid_grant".into()));
    let form =
        [("grant_type", "password"), ("username", LOCAL_USER), ("password", LOCAL_PASSWORD), ("scope", "openid")];
    assert_eq!(refusal(&post(&app, "/token", &form).await), (401, "access_denied".into()));
    app.clock.advance(Duration::from_secs(60));
    assert_eq!(refresh(&app, &token).await.status, 200, "the token stays valid");
    assert_eq!(post(&app, "/token", &form).await.status, 200);
}

#[tokio::test]
async fn tokens_that_travel_with_the_browser_name_the_session_too() {
    let app = with_sessions().await;
    let AuthCode { claims: user, auth_time, .. } = what_it_stands_for(&app, &[]);
    let request = AuthRequest {
        id: "r".into(),
        client_id: CLIENT.into(),
        response_types: vec!["id_token".into(), "token".into()],
        scopes: vec!["openid".into()],
        redirect_uri: CALLBACK.into(),
        nonce: "n".into(),
        state: String::new(),
        force_approval_prompt: false,
        prompt: String::new(),
        max_age: None,
        expiry: later(app.clock.now(), IDLE),
        login: Login::Awaited,
        connector_id: "mock".into(),
        connector_data: ConnectorData::default(),
        pkce: None,
        hmac_key: TokenSecret::new("key"),
        mfa_validated: false,
        webauthn_session_data: None,
    };
    let who = Authenticated { claims: &user, auth_time, session_id: SID };
    let issued = dex_token::issue_front_channel(&app.app, &request, who, None, app.clock.now()).await.unwrap();
    assert_eq!(sid(&issued.access_token.unwrap()), SID);
    assert_eq!(sid(&issued.id_token.unwrap()), SID);
}

#[tokio::test]
async fn the_document_tells_of_logouts_where_there_are_sessions() {
    const MEMBERS: [&str; 3] =
        ["end_session_endpoint", "backchannel_logout_supported", "backchannel_logout_session_supported"];
    for (app, on) in [(app().await, false), (with_sessions().await, true)] {
        let request = Request::get("/dex/.well-known/openid-configuration").body(Body::empty()).unwrap();
        let document: Value = serde_json::from_str(&app.send(request).await.body).unwrap();
        let there = MEMBERS.map(|member| document.get(member).cloned());
        let expected =
            ["https://dex.example/dex/logout".into(), true.into(), true.into()].map(|value| on.then_some(value));
        assert_eq!(there, expected);
        assert_eq!(document["claims_supported"].as_array().unwrap().contains(&"sid".into()), on);
    }
}
