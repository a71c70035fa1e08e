//! What an operator changes while somebody logs in.

use dex_model::{Client, Connector};
use dex_storage::{Change, StorageError, Write};
use dex_testkit::{CALLBACK, CLIENT, CLIENT_SECRET, Shown, TestApp};
use dex_web::Settings;
use http::{Method, StatusCode};

use crate::{app, app_with};

const GONE: &str = "not registered any more";

async fn forbid_client(app: &TestApp) {
    let changed = app.app.store.update::<Client, StorageError, _>(CLIENT, |client| {
        Ok(Client { allowed_connectors: vec!["local".into()], ..client })
    });
    assert!(matches!(changed.await, Ok(Change::Made(_))));
}

async fn forbid_grant(app: &TestApp) {
    let changed = app.app.store.update::<Connector, StorageError, _>("mock", |connector| {
        Ok(Connector { grant_types: vec!["refresh_token".into()], ..connector })
    });
    assert!(matches!(changed.await, Ok(Change::Made(_))));
}

async fn remove_client(app: &TestApp) {
    assert!(matches!(app.app.store.remove::<Client>(CLIENT).await, Ok(Write::Done)));
}

/// Makes one of three changes.
async fn change(app: &TestApp, which: usize) {
    match which {
        0 => forbid_client(app).await,
        1 => forbid_grant(app).await,
        _ => remove_client(app).await,
    }
}

/// What each change is answered with.
const ANSWERS: [(StatusCode, &str); 3] = [
    (StatusCode::FORBIDDEN, "Connector not allowed for this client."),
    (StatusCode::BAD_REQUEST, "does not support this grant type."),
    (StatusCode::BAD_REQUEST, GONE),
];

fn assert_refused(shown: &Shown, which: usize) {
    let (status, text) = ANSWERS[which];
    assert_eq!((shown.status, shown.location()), (status, ""), "{which}");
    assert!(shown.body.contains(text), "{which}: {}", shown.body);
}

#[tokio::test]
async fn a_callback_obeys_what_was_changed_since_the_login_began() {
    for which in 0..ANSWERS.len() {
        let app = app().await;
        let mut browser = app.browser();
        let begun = browser.step(Method::GET, &app.authorization("/auth/mock", &[]), &[]).await;
        change(&app, which).await;
        assert_refused(&browser.get(begun.location()).await, which);
    }
}

#[tokio::test]
async fn consent_does_not_outlive_the_policy_it_was_asked_under() {
    for which in 0..ANSWERS.len() {
        let app = app_with(Settings::default()).await;
        let mut browser = app.browser();
        let page = browser.log_in_through("mock", &[]).await;
        change(&app, which).await;
        assert_refused(&browser.submit(&page, &[("approval", "approve")]).await, which);
    }
}

#[tokio::test]
async fn a_code_does_not_outlive_the_policy_it_was_issued_under() {
    let refusals = ["Connector not allowed", "does not support this grant", "invalid_client"];
    for (which, text) in refusals.into_iter().enumerate() {
        let app = app().await;
        let code = app.browser().log_in_through("mock", &[]).await.told("code");
        change(&app, which).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT),
            ("client_secret", CLIENT_SECRET),
            ("redirect_uri", CALLBACK),
            ("code", &code),
        ];
        let refused = app.browser().post("/dex/token", &form).await;
        assert!(refused.status.is_client_error() && refused.body.contains(text), "{which}: {}", refused.body);
    }
}
