use std::time::Duration;

use dex_model::{Kind, TokenSecret, UserIdentity};
use dex_session::{EnterError, Entering};

use crate::kit::{ABSOLUTE, IDLE, app, app_with, carrying, claims, current, enter, lock, log_in, pair, stored};

#[tokio::test]
async fn a_first_login_begins_a_session_and_remembers_its_user() {
    let app = app().await;
    let entered = enter(&app, &carrying(""), "jane", "web").await.unwrap();
    let session = entered.session.unwrap();
    assert!(session.is_of("jane", "mock") && session.client_states.contains_key("web"));
    assert_eq!((session.ip_address.as_str(), session.user_agent.as_str()), ("192.0.2.1", "Test/1"));
    assert_eq!(stored(&app, &session.id).await.as_ref(), Some(&session));
    let cookie = entered.set_cookie.unwrap().to_str().unwrap().to_owned();
    assert!(cookie.starts_with("dex_session=") && cookie.contains("; Path=/dex; Max-Age=86400; HttpOnly; Secure"));
    let identity = app.app.store.get::<UserIdentity>(("jane", "mock")).await.unwrap();
    assert_eq!(identity, entered.identity);
    assert_eq!(identity.map(|identity| identity.claims), Some(claims("jane")));
}

#[tokio::test]
async fn another_login_of_the_same_user_goes_on_with_the_session() {
    let app = app().await;
    let (first, headers) = log_in(&app, "jane", "web").await;
    app.clock.advance(IDLE / 2);
    let second = enter(&app, &headers, "jane", "cli").await.unwrap();
    let session = second.session.unwrap();
    assert_eq!((&session.id, session.absolute_expiry), (&first.id, first.absolute_expiry));
    assert_eq!(session.client_states.keys().collect::<Vec<_>>(), ["cli", "web"]);
    assert_eq!(app.records_of(Kind::AuthSession).await, 1);
    let cookie = second.set_cookie.unwrap().to_str().unwrap().to_owned();
    let left = ABSOLUTE - IDLE / 2;
    assert!(cookie.contains(&format!("Max-Age={};", left.as_secs())), "no longer than the session: {cookie}");
    assert!(current(&app, &carrying(cookie.split(';').next().unwrap())).await.session.is_some());
}

#[tokio::test]
async fn another_user_or_connector_ends_the_session_of_the_browser() {
    let app = app().await;
    let (first, headers) = log_in(&app, "jane", "web").await;
    let second = enter(&app, &headers, "john", "web").await.unwrap();
    let session = second.session.unwrap();
    assert!(session.is_of("john", "mock") && session.id != first.id);
    assert_eq!(stored(&app, &first.id).await, None);
    let headers = carrying(&pair(second.set_cookie.as_ref()));
    let claims = claims("john");
    let elsewhere = Entering {
        headers: &headers,
        client_id: "web",
        connector_id: "local",
        claims: &claims,
        address: None,
        remember: None,
        now: app.clock.now(),
    };
    let third = dex_session::enter(&app.app, elsewhere).await.unwrap().session.unwrap();
    assert!(third.is_of("john", "local") && third.ip_address.is_empty());
    assert_eq!(app.records_of(Kind::AuthSession).await, 1);
}

#[tokio::test]
async fn a_session_that_is_over_is_not_gone_on_with() {
    let app = app().await;
    let (first, headers) = log_in(&app, "jane", "web").await;
    app.clock.advance(IDLE + Duration::from_secs(1));
    let second = enter(&app, &headers, "jane", "web").await.unwrap().session.unwrap();
    assert!(second.id != first.id && second.secret != first.secret);
    assert_eq!(stored(&app, &first.id).await, None);
}

#[tokio::test]
async fn the_browser_keeps_its_session_if_its_user_wants_that() {
    for (by_default, asked, expected) in
        [(true, None, true), (true, Some(false), false), (false, None, false), (false, Some(true), true)]
    {
        let app = app_with(|sessions| sessions.remember_me_checked_by_default = by_default).await;
        let claims = claims("jane");
        let entering = Entering {
            headers: &carrying(""),
            client_id: "web",
            connector_id: "mock",
            claims: &claims,
            address: None,
            remember: asked,
            now: app.clock.now(),
        };
        let cookie = dex_session::enter(&app.app, entering).await.unwrap().set_cookie.unwrap();
        assert_eq!(cookie.to_str().unwrap().contains("Max-Age"), expected, "{by_default} {asked:?}");
    }
}

#[tokio::test]
async fn a_locked_account_logs_nobody_in_and_stays_as_it_was() {
    let app = app().await;
    log_in(&app, "jane", "web").await;
    lock(&app, "jane").await;
    let before = app.app.store.get::<UserIdentity>(("jane", "mock")).await.unwrap();
    app.clock.advance(Duration::from_secs(59));
    let refused = enter(&app, &carrying(""), "jane", "web").await;
    assert!(matches!(refused, Err(EnterError::Blocked { until }) if until > app.clock.now()));
    assert_eq!(app.app.store.get::<UserIdentity>(("jane", "mock")).await.unwrap(), before);
    assert_eq!(app.records_of(Kind::AuthSession).await, 1);
    app.clock.advance(Duration::from_secs(1));
    assert!(enter(&app, &carrying(""), "jane", "web").await.is_ok());
}

#[tokio::test]
async fn an_encrypted_cookie_shows_nothing_of_the_session() {
    let app = app_with(|sessions| sessions.cookie_key = Some(TokenSecret::new("0123456789abcdef"))).await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    assert_eq!(current(&app, &headers).await.session, Some(session.clone()));
    let plain = dex_oidc::encode_pair(&session.id, session.secret.expose());
    let found = current(&app, &carrying(&format!("dex_session={plain}"))).await;
    assert!(found.session.is_none(), "with a key, nothing else is believed");
    assert!(found.set_cookie.unwrap().to_str().unwrap().contains("Max-Age=0"));
}
