//! Many requests of one browser at once.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use dex_model::{AnyRecord, AuthSession, Key, Kind, UserIdentity};
use dex_storage::conformance::ReadTogether;
use dex_storage::{Backend, Memory, Seen, StorageError};
use dex_storage_sql::{Layout, Sqlite, SqliteOptions};
use dex_testkit::{Bend, Bent, TestApp};
use futures_util::future::join_all;

use crate::kit::{app_on, carrying, enter, log_in, settings, stored};

/// As many pages as a browser restores at once, and more.
const AT_ONCE: usize = 100;

async fn apps(folder: &std::path::Path) -> [(&'static str, TestApp); 2] {
    let file = folder.join("dex.db").display().to_string();
    let sqlite: Arc<dyn Backend> =
        Arc::new(Sqlite::open(&SqliteOptions { file, layout: Layout::Dex }).expect("the folder can be written"));
    [("memory", app_on(Arc::new(Memory::new()), settings()).await), ("SQLite", app_on(sqlite, settings()).await)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_logins_of_one_browser_at_once_are_one_session() {
    let folder = tempfile::tempdir().unwrap();
    for (told, app) in apps(folder.path()).await {
        let (session, headers) = log_in(&app, "jane", "web").await;
        let clients: Vec<String> = (0..AT_ONCE).map(|n| format!("client-{n}")).collect();
        let logins = clients.iter().map(|client| enter(&app, &headers, "jane", client));
        for entered in join_all(logins).await {
            assert_eq!(entered.unwrap().session.unwrap().id, session.id, "{told}");
        }
        let kept = stored(&app, &session.id).await.unwrap();
        assert_eq!(kept.client_states.len(), AT_ONCE + 1, "{told}: no login is lost");
        assert_eq!((kept.secret, kept.absolute_expiry), (session.secret, session.absolute_expiry));
        assert_eq!(app.records_of(Kind::AuthSession).await, 1, "{told}");

        let notes = clients
            .iter()
            .map(|client| dex_session::note_response(&app.app, &headers, client, ("jane", "mock"), app.clock.now()));
        for noted in join_all(notes).await {
            assert_eq!(noted.unwrap().as_ref(), Some(&session.id), "{told}");
        }
        let kept = stored(&app, &session.id).await.unwrap();
        assert!(clients.iter().all(|client| kept.client_states[client].last_token_issued_at == app.clock.now()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_first_logins_of_one_user_at_once_succeed() {
    let folder = tempfile::tempdir().unwrap();
    for (told, app) in apps(folder.path()).await {
        let fresh = carrying("");
        let logins = (0..AT_ONCE).map(|_| enter(&app, &fresh, "jane", "web"));
        let entered = join_all(logins).await;
        assert!(entered.iter().all(Result::is_ok), "{told}");
        assert_eq!(app.records_of(Kind::AuthSession).await, AT_ONCE, "{told}: each browser has one");
        assert!(app.app.store.get::<UserIdentity>(("jane", "mock")).await.unwrap().is_some());
    }
}

/// Once it is armed, the readers of sessions meet before any of them goes on.
struct Gated {
    below: Arc<Memory>,
    gate: OnceLock<ReadTogether<Arc<Memory>>>,
}

#[async_trait]
impl Bend for Gated {
    fn below(&self) -> &dyn Backend {
        &*self.below
    }

    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        match self.gate.get() {
            Some(gate) if key.kind == Kind::AuthSession => gate.get(key).await,
            _ => self.below.get(key).await,
        }
    }
}

async fn gated() -> (TestApp, Arc<Bent<Gated>>) {
    let gated = Arc::new(Bent(Gated { below: Arc::new(Memory::new()), gate: OnceLock::new() }));
    (app_on(gated.clone(), settings()).await, gated)
}

impl Gated {
    /// The next `readers` of a session meet.
    fn arm(&self, readers: usize) {
        let armed = self.gate.set(ReadTogether::new(self.below.clone(), readers));
        assert!(armed.is_ok(), "once a test");
    }
}

#[tokio::test]
async fn of_those_who_end_a_session_at_once_one_has_ended_it() {
    let (app, gate) = gated().await;
    let (session, _) = log_in(&app, "jane", "web").await;
    gate.0.arm(8);
    let ends = (0..8).map(|_| dex_session::end(&app.app, &session, app.clock.now()));
    let ended = join_all(ends).await.into_iter().filter(|ended| *ended.as_ref().unwrap()).count();
    assert_eq!(ended, 1);
}

#[tokio::test]
async fn logins_that_read_the_same_session_are_both_kept() {
    let (app, gate) = gated().await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    gate.0.arm(8);
    let clients: Vec<String> = (0..8).map(|n| format!("client-{n}")).collect();
    let entered = join_all(clients.iter().map(|client| enter(&app, &headers, "jane", client))).await;
    assert!(entered.iter().all(Result::is_ok));
    assert_eq!(stored(&app, &session.id).await.unwrap().client_states.len(), 9);
}

#[tokio::test]
async fn a_login_that_meets_the_end_of_its_session_begins_another() {
    let (app, gate) = gated().await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    gate.0.arm(2);
    let now = app.clock.now();
    let both = (enter(&app, &headers, "jane", "cli"), dex_session::end(&app.app, &session, now));
    let (entered, ended) = tokio::join!(both.0, both.1);
    assert!(ended.unwrap());
    let entered = entered.unwrap().session.unwrap();
    let left: Vec<AuthSession> = app.app.store.list().await.unwrap();
    let begun_anew = entered.id != session.id;
    assert_eq!(
        left.iter().any(|left| left.id == entered.id),
        begun_anew,
        "unless the end came last, the login has one"
    );
    assert!(left.iter().all(|left| left.id != session.id));
}
