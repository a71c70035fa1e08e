use std::time::Duration;

use dex_model::{AuthSession, TokenSecret};
use dex_session::StorageError;
use dex_storage::Change;

use crate::kit::{ABSOLUTE, IDLE, app, carrying, current, log_in, stored};

#[tokio::test]
async fn a_cookie_proves_a_session_by_its_secret() {
    let app = app().await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    let found = current(&app, &headers).await;
    assert_eq!((found.session.as_ref(), found.set_cookie), (Some(&session), None));
    let value = |id: &str, secret: &str| format!("dex_session={}", dex_oidc::encode_pair(id, secret));
    let right = session.secret.expose();
    let cases = [
        ("no cookie", String::new(), false),
        ("an empty one", "dex_session=".to_owned(), false),
        ("another one", format!("other={right}"), false),
        ("another secret", value(&session.id, "asecret"), true),
        ("half a secret", value(&session.id, &right[..10]), true),
        ("no secret", value(&session.id, ""), true),
        ("another session", value("another", right), true),
        ("rubbish", "dex_session=%%%".to_owned(), true),
        ("the first of two counts", format!("dex_session=rubbish; {}", value(&session.id, right)), true),
    ];
    for (told, cookie, taken_back) in cases {
        let found = current(&app, &carrying(&cookie)).await;
        assert!(found.session.is_none(), "{told}");
        assert_eq!(found.set_cookie.is_some(), taken_back, "{told}");
    }
    assert_eq!(stored(&app, &session.id).await, Some(session), "nothing of it touches the session");
}

#[tokio::test]
async fn a_row_without_a_secret_proves_nobody() {
    let app = app().await;
    let (session, _) = log_in(&app, "jane", "web").await;
    let lose = |session: AuthSession| Ok(AuthSession { secret: TokenSecret::default(), ..session });
    let changed = app.app.store.update::<AuthSession, StorageError, _>(&session.id, lose).await;
    assert!(matches!(changed, Ok(Change::Made(_))));
    let cookie = format!("dex_session={}", dex_oidc::encode_pair(&session.id, ""));
    assert!(current(&app, &carrying(&cookie)).await.session.is_none());
}

#[tokio::test]
async fn a_session_is_over_after_its_deadlines_and_is_removed_when_it_is_seen() {
    let app = app().await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    app.clock.advance(IDLE);
    assert!(current(&app, &headers).await.session.is_some(), "the last moment");
    assert_eq!(stored(&app, &session.id).await, Some(session.clone()), "viewing is no use");
    app.clock.advance(Duration::from_secs(1));
    let found = current(&app, &headers).await;
    assert!(found.session.is_none() && found.set_cookie.is_some());
    assert_eq!(stored(&app, &session.id).await, None);
}

#[tokio::test]
async fn what_gets_its_responses_goes_on_until_the_last_deadline() {
    let app = app().await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    let note = async |user: &str| {
        let now = app.clock.now();
        dex_session::note_response(&app.app, &headers, "web", (user, "mock"), now).await.unwrap()
    };
    assert_eq!(note("john").await, None, "another user's session is none");
    for _ in 0..ABSOLUTE.as_secs() / IDLE.as_secs() {
        app.clock.advance(IDLE);
        assert_eq!(note("jane").await.as_ref(), Some(&session.id));
        let noted = stored(&app, &session.id).await.unwrap();
        assert_eq!(noted.client_states["web"].last_token_issued_at, app.clock.now());
    }
    app.clock.advance(Duration::from_secs(1));
    assert_eq!(note("jane").await, None);
}

#[tokio::test]
async fn a_session_that_ended_while_its_user_was_asked_is_not_revived() {
    let app = app().await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    app.clock.advance(IDLE + Duration::from_secs(1));
    let noted = dex_session::note_response(&app.app, &headers, "web", ("jane", "mock"), app.clock.now()).await;
    assert_eq!(noted.unwrap(), None);
    let unchanged = stored(&app, &session.id).await;
    assert_eq!(unchanged, Some(session));
}
