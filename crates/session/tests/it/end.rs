use std::time::Duration;

use dex_model::{Client, Kind, OfflineSessions, RefreshTokenRef};
use dex_session::{Which, end, end_all, end_expired};
use dex_testkit::TestApp;

use crate::kit::{IDLE, app, carrying, change_client, claims, current, enter, log_in, reuse, share, stored};

/// More than two pages of sessions.
const MANY: usize = 450;

async fn hold(app: &TestApp, user: &str, tokens: &[(&str, &str, &str)]) {
    let whose = OfflineSessions { user_id: user.into(), connector_id: "mock".into(), ..OfflineSessions::default() };
    let offline = tokens.iter().fold(whose, |offline, (id, client_id, session_id)| {
        let token = RefreshTokenRef {
            id: (*id).into(),
            client_id: (*client_id).into(),
            session_id: (*session_id).into(),
            ..RefreshTokenRef::default()
        };
        offline.hold(token).0
    });
    let written = app.app.store.insert(offline).await.expect("memory answers");
    assert_eq!(written, dex_storage::Write::Done);
}

async fn held(app: &TestApp, user: &str) -> Vec<String> {
    let offline = app.app.store.get::<OfflineSessions>((user, "mock")).await;
    let offline = offline.expect("memory answers").expect("the user holds tokens");
    let mut held: Vec<String> = offline.refresh.into_values().map(|token| token.id).collect();
    held.sort();
    held
}

#[tokio::test]
async fn a_session_ends_once() {
    let app = app().await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    assert!(dex_session::alive(&app.app, &session.id, app.clock.now()).await.unwrap());
    assert!(end(&app.app, &session, app.clock.now()).await.unwrap());
    assert!(!end(&app.app, &session, app.clock.now()).await.unwrap(), "somebody else has ended it");
    assert!(!dex_session::alive(&app.app, &session.id, app.clock.now()).await.unwrap());
    let found = current(&app, &headers).await;
    assert!(found.session.is_none() && found.set_cookie.is_some());
}

#[tokio::test]
async fn only_what_is_bound_to_exactly_this_session_ends_with_it() {
    let app = app().await;
    change_client(&app, "web", |client| Client { refresh_token_lifetime: "session".into(), ..client }).await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    let _ = enter(&app, &headers, "jane", "cli").await.unwrap();
    let (other, _) = log_in(&app, "jane", "web").await;
    let (this, that) = (session.id.as_str(), other.id.as_str());
    let tokens = [
        ("bound", "web", this),
        ("another browser's", "web", that),
        ("of no browser", "web", ""),
        ("standalone", "cli", this),
        ("bound too", "web", this),
    ];
    hold(&app, "jane", &tokens).await;
    assert!(end(&app.app, &session, app.clock.now()).await.unwrap());
    assert_eq!(held(&app, "jane").await, ["another browser's", "of no browser", "standalone"]);
}

#[tokio::test]
async fn all_sessions_of_a_user_or_a_connector_end_page_by_page() {
    let app = app().await;
    for n in 0..MANY {
        let user = if n % 3 == 0 { "jane" } else { "john" };
        let _ = log_in(&app, user, "web").await;
    }
    let elsewhere = dex_session::Entering {
        headers: &carrying(""),
        client_id: "web",
        connector_id: "local",
        claims: &claims("jane"),
        address: None,
        remember: None,
        now: app.clock.now(),
    };
    let elsewhere = dex_session::enter(&app.app, elsewhere).await.unwrap().session.unwrap();
    let all = async |which| end_all(&app.app, which, app.clock.now()).await.unwrap();
    assert_eq!(all(Which::User { user_id: "jane", connector_id: "mock" }).await, MANY as u64 / 3);
    assert_eq!(all(Which::User { user_id: "jane", connector_id: "mock" }).await, 0);
    assert_eq!(all(Which::Connector("mock")).await, MANY as u64 * 2 / 3);
    assert_eq!(stored(&app, &elsewhere.id).await, Some(elsewhere), "who came through another connector stays");
    assert_eq!(app.records_of(Kind::AuthSession).await, 1);
}

#[tokio::test]
async fn sessions_whose_time_is_over_are_ended_too() {
    let app = app().await;
    let (session, _) = log_in(&app, "jane", "web").await;
    app.clock.advance(IDLE + Duration::from_secs(1));
    let which = Which::User { user_id: "jane", connector_id: "mock" };
    assert_eq!(end_all(&app.app, which, app.clock.now()).await.unwrap(), 1);
    assert_eq!(stored(&app, &session.id).await, None);
}

#[tokio::test]
async fn what_other_tabs_have_made_of_the_session_ends_with_it() {
    let app = app().await;
    change_client(&app, "cli", |client| Client { refresh_token_lifetime: "session".into(), ..client }).await;
    let (as_read, headers) = log_in(&app, "jane", "web").await;
    let _ = enter(&app, &headers, "jane", "cli").await.unwrap();
    hold(&app, "jane", &[("bound", "cli", &as_read.id)]).await;
    assert!(end(&app.app, &as_read, app.clock.now()).await.unwrap());
    assert_eq!(held(&app, "jane").await, Vec::<String>::new());
}

async fn hear(app: &TestApp, client: &str, lifetime: &str) {
    change_client(app, client, |client| Client {
        backchannel_logout_uri: format!("https://{}.example/logout", client.id),
        refresh_token_lifetime: lifetime.into(),
        ..client
    })
    .await;
}

fn told(app: &TestApp) -> Vec<String> {
    app.logouts().into_iter().map(|notice| notice.client_id).collect()
}

#[tokio::test]
async fn every_client_of_a_session_hears_of_its_logout() {
    let app = app().await;
    hear(&app, "web", "").await;
    hear(&app, "peer", "session").await;
    share(&app, "web", &["peer"]).await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    let _ = enter(&app, &headers, "jane", "cli").await.unwrap();
    assert!(reuse(&app, &session, "peer", None).await.is_some());
    assert!(end(&app.app, &session, app.clock.now()).await.unwrap());
    let notices = app.logouts();
    assert_eq!(notices.iter().map(|notice| notice.client_id.as_str()).collect::<Vec<_>>(), ["peer", "web"]);
    let notice = &notices[1];
    assert_eq!((notice.issuer.as_str(), notice.uri.as_str()), (dex_testkit::ISSUER, "https://web.example/logout"));
    assert_eq!((notice.user_id.as_str(), notice.connector_id.as_str()), ("jane", "mock"));
    assert_eq!(notice.session_id, session.id);
    assert!(!end(&app.app, &session, app.clock.now()).await.unwrap());
    assert_eq!(app.logouts(), [], "one logout, one notice");
}

#[tokio::test]
async fn a_session_that_gives_way_to_another_user_is_a_logout() {
    let app = app().await;
    hear(&app, "web", "").await;
    let (_, headers) = log_in(&app, "jane", "web").await;
    let _ = enter(&app, &headers, "jane", "cli").await.unwrap();
    assert_eq!(told(&app), Vec::<String>::new());
    let _ = enter(&app, &headers, "john", "cli").await.unwrap();
    assert_eq!(told(&app), ["web"]);
}

#[tokio::test]
async fn the_end_of_its_time_is_told_to_clients_whose_tokens_end_with_it() {
    let app = app().await;
    hear(&app, "web", "").await;
    let (first, _) = log_in(&app, "jane", "web").await;
    app.clock.advance(IDLE + Duration::from_secs(1));
    assert_eq!(end_expired(&app.app, app.clock.now()).await.unwrap(), 0, "nobody is to hear of it: the store sweeps");
    assert!(stored(&app, &first.id).await.is_some());
    hear(&app, "peer", "session").await;
    let (second, headers) = log_in(&app, "jane", "web").await;
    let _ = enter(&app, &headers, "jane", "peer").await.unwrap();
    hold(&app, "jane", &[("bound", "peer", &second.id), ("standalone", "web", &second.id)]).await;
    assert_eq!(end_expired(&app.app, app.clock.now()).await.unwrap(), 1);
    assert_eq!((stored(&app, &first.id).await, told(&app)), (None, vec![]));
    app.clock.advance(IDLE);
    assert_eq!(end_expired(&app.app, app.clock.now()).await.unwrap(), 0, "the last moment");
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(end_expired(&app.app, app.clock.now()).await.unwrap(), 1);
    assert_eq!((told(&app), held(&app, "jane").await), (vec!["peer".into()], vec!["standalone".into()]));
}
