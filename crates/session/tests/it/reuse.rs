use std::time::Duration;

use dex_model::Client;
use dex_session::StorageError;
use dex_storage::Write;
use dex_testkit::TestApp;

use crate::kit::{IDLE, app, app_with, current, enter, lock, log_in, reuse, share, stored};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_client_that_its_user_logged_in_for_needs_no_other_login() {
    let app = app().await;
    let (session, _) = log_in(&app, "jane", "web").await;
    let begun = app.clock.now();
    app.clock.advance(MINUTE);
    let reused = reuse(&app, &session, "web", None).await.unwrap();
    assert_eq!((reused.auth_time, reused.claims.email.as_str()), (begun, "jane@example.com"));
    assert_eq!(stored(&app, &session.id).await, Some(session.clone()), "what changes little is not written");
    app.clock.advance(IDLE / 2);
    let reused = reuse(&app, &session, "web", None).await.unwrap();
    assert!(reused.session.idle_expiry > session.idle_expiry, "the session is worn out half");
    assert_eq!(stored(&app, &session.id).await, Some(reused.session));
    assert!(reuse(&app, &session, "cli", None).await.is_none(), "nobody logged in for this one");
}

#[tokio::test]
async fn only_who_logged_in_lately_enough_is_let_in() {
    let app = app().await;
    let (session, _) = log_in(&app, "jane", "web").await;
    app.clock.advance(MINUTE);
    for (max_age, expected) in [(None, true), (Some(60), true), (Some(59), false), (Some(0), false)] {
        assert_eq!(reuse(&app, &session, "web", max_age).await.is_some(), expected, "{max_age:?}");
    }
    // Another browser of the same user proves nothing here.
    let _ = log_in(&app, "jane", "web").await;
    assert!(reuse(&app, &session, "web", Some(59)).await.is_none());
}

#[tokio::test]
async fn a_sign_in_is_shared_as_its_client_says_and_no_further() {
    let app = app().await;
    share(&app, "web", &["peer"]).await;
    share(&app, "peer", &["cli"]).await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    let begun = app.clock.now();
    app.clock.advance(MINUTE);
    let shared = reuse(&app, &session, "peer", None).await.unwrap();
    let state = &shared.session.client_states["peer"];
    assert_eq!((shared.auth_time, state.authenticated_at, state.via_sso), (begun, begun, true));
    assert_eq!(stored(&app, &session.id).await, Some(shared.session));
    assert!(reuse(&app, &session, "cli", None).await.is_none(), "what came by sharing is not shared");
    let again = enter(&app, &headers, "jane", "peer").await.unwrap().session.unwrap();
    assert!(reuse(&app, &again, "cli", None).await.is_some(), "what its user logged in for is");
}

#[tokio::test]
async fn a_sharing_that_was_taken_back_lets_nobody_in() {
    let app = app().await;
    share(&app, "web", &["*"]).await;
    let (session, _) = log_in(&app, "jane", "web").await;
    assert!(reuse(&app, &session, "peer", None).await.is_some());
    share(&app, "web", &[]).await;
    assert!(reuse(&app, &session, "peer", None).await.is_none());
    share(&app, "web", &["peer"]).await;
    remove(&app, "web").await;
    assert!(reuse(&app, &session, "peer", None).await.is_none(), "the client that shares is gone");
}

#[tokio::test]
async fn the_default_decides_for_clients_that_do_not_say() {
    for by_default in [true, false] {
        let app = app_with(|sessions| sessions.sso_shared_with_all = by_default).await;
        let (session, _) = log_in(&app, "jane", "web").await;
        assert_eq!(reuse(&app, &session, "peer", None).await.is_some(), by_default);
    }
}

#[tokio::test]
async fn of_several_sign_ins_the_latest_is_shared() {
    let app = app().await;
    share(&app, "web", &["*"]).await;
    share(&app, "cli", &["*"]).await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    assert_eq!(reuse(&app, &session, "peer", None).await.unwrap().auth_time, app.clock.now());
    app.clock.advance(MINUTE);
    let session = enter(&app, &headers, "jane", "cli").await.unwrap().session.unwrap();
    let shared = reuse(&app, &session, "peer", Some(30)).await.unwrap();
    assert_eq!(shared.auth_time, app.clock.now());
    assert_eq!(shared.session.client_states["peer"].authenticated_at, app.clock.now());
}

#[tokio::test]
async fn who_is_refused_leaves_nothing_behind() {
    let app = app().await;
    share(&app, "web", &["*"]).await;
    let (session, _) = log_in(&app, "jane", "web").await;
    app.clock.advance(MINUTE);
    assert!(reuse(&app, &session, "peer", Some(59)).await.is_none());
    lock(&app, "jane").await;
    assert!(reuse(&app, &session, "peer", None).await.is_none());
    assert!(reuse(&app, &session, "web", None).await.is_none(), "a locked account has no session either");
    assert_eq!(stored(&app, &session.id).await, Some(session.clone()));
    let forgotten = app.app.store.remove::<dex_model::UserIdentity>(("jane", "mock")).await;
    assert_eq!(forgotten.unwrap(), Write::Done);
    assert!(reuse(&app, &session, "web", None).await.is_none(), "a user who is not known");
}

#[tokio::test]
async fn what_is_over_or_ended_lets_nobody_in() {
    let app = app().await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    app.clock.advance(IDLE + Duration::from_secs(1));
    assert!(reuse(&app, &session, "web", None).await.is_none());
    assert!(current(&app, &headers).await.session.is_none());
    let (session, _) = log_in(&app, "jane", "web").await;
    assert!(dex_session::end(&app.app, &session, app.clock.now()).await.unwrap());
    assert!(reuse(&app, &session, "web", None).await.is_none());
}

#[tokio::test]
async fn consents_are_remembered_beyond_the_session() {
    let app = app().await;
    let (session, _) = log_in(&app, "jane", "web").await;
    let whose = ("jane", "mock");
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let asked =
        async |client: &str, text: &str| dex_session::consented(&app.app, whose, client, &words(text)).await.unwrap();
    assert!(!asked("web", "openid email").await);
    for scopes in ["openid email", "openid groups"] {
        let remembered = dex_session::remember_consent(&app.app, whose, "web", &words(scopes)).await;
        assert!(remembered.is_ok());
    }
    assert!(dex_session::end(&app.app, &session, app.clock.now()).await.unwrap());
    assert!(asked("web", "openid email groups").await);
    assert!(!asked("web", "openid profile").await && !asked("cli", "openid email").await);
    let _ = log_in(&app, "jane", "web").await;
    assert!(asked("web", "email").await, "another login forgets none of it");
}

async fn remove(app: &TestApp, client: &str) {
    let removed: Result<Write, StorageError> = app.app.store.remove::<Client>(client).await;
    assert_eq!(removed.expect("memory answers"), Write::Done);
}
