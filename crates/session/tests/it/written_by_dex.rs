//! A browser that Dex has signed in stays signed in (docs/fixtures.md).

use std::path::Path;
use std::time::Duration;

use dex_model::{AuthSession, Client, UserIdentity};
use dex_storage::{Store, Write};
use dex_storage_sql::{Layout, Sqlite, SqliteOptions};
use serde_json::Value;

use crate::kit::{app, carrying, current};

/// The database that Dex left, and what its clients and browsers hold.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../storage-sql/tests/fixtures");

#[tokio::test]
async fn a_browser_that_dex_has_signed_in_stays_signed_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dex.db");
    std::fs::copy(Path::new(FIXTURES).join("dex-master-sessions.db"), &file).unwrap();
    let file = file.display().to_string();
    let left = Store::new(Sqlite::open(&SqliteOptions { file, layout: Layout::Dex }).unwrap());
    let held = std::fs::read(Path::new(FIXTURES).join("dex-master-sessions.json")).unwrap();
    let held: Value = serde_json::from_slice(&held).unwrap();

    let app = app().await;
    for session in left.list::<AuthSession>().await.unwrap() {
        assert_eq!(app.app.store.insert(session).await.unwrap(), Write::Done);
    }
    for identity in left.list::<UserIdentity>().await.unwrap() {
        assert_eq!(app.app.store.insert(identity).await.unwrap(), Write::Done);
    }
    let headers = carrying(&format!("dex_session={}", held["session_cookie"]["dex_session"].as_str().unwrap()));
    let session = current(&app, &headers).await.session.unwrap();
    let login = session.client_states["example-app"].authenticated_at;
    app.clock.advance(Duration::try_from(login.duration_since(app.clock.now())).unwrap() + Duration::from_secs(60));

    let client = Client { id: "example-app".into(), ..Client::default() };
    let now = app.clock.now();
    let reused = dex_session::reuse(&app.app, &session, &client, Some(60), now).await.unwrap().unwrap();
    assert_eq!((reused.auth_time, reused.claims.email.as_str()), (login, "admin@example.com"));
    let whose = (session.user_id.as_str(), session.connector_id.as_str());
    let noted = dex_session::note_response(&app.app, &headers, "example-app", whose, now).await.unwrap();
    assert_eq!(noted.as_ref(), Some(&session.id));
    assert!(dex_session::end(&app.app, &session, now).await.unwrap());
}
