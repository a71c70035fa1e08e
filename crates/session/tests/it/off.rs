//! Without sessions the store is not asked for any, and what it says of them counts for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use dex_model::{AnyRecord, Client, Key, Kind, Timestamp};
use dex_storage::{Backend, Memory, Seen, StorageError, Write};
use dex_web::Settings;

use crate::kit::{app_on, carrying, enter, log_in, settings};

/// Counts what is asked of it.
#[derive(Default)]
struct Counted {
    below: Memory,
    calls: AtomicUsize,
}

impl Counted {
    fn count(&self) -> &Memory {
        self.calls.fetch_add(1, Ordering::SeqCst);
        &self.below
    }
}

#[async_trait]
impl Backend for Counted {
    async fn insert(&self, record: &AnyRecord) -> Result<Write, StorageError> {
        self.count().insert(record).await
    }

    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        self.count().get(key).await
    }

    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        self.count().replace(seen, record).await
    }

    async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        self.count().remove(key).await
    }

    async fn list(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<AnyRecord>, StorageError> {
        self.count().list(kind, after, limit).await
    }

    async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.count().sweep(kind, now, limit).await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.count().ping().await
    }
}

#[tokio::test]
async fn without_sessions_nothing_is_asked_of_the_store() {
    let counted = Arc::new(Counted::default());
    let on = app_on(Arc::new(Memory::new()), settings()).await;
    let (session, headers) = log_in(&on, "jane", "web").await;
    let off = app_on(counted.clone(), Settings::default()).await;
    let (app, now) = (&off.app, off.clock.now());
    let client = app.store.get::<Client>("web").await.unwrap().unwrap();
    let before = counted.calls.load(Ordering::SeqCst);

    let found = dex_session::current(app, &headers, now).await.unwrap();
    assert!(found.session.is_none() && found.set_cookie.is_none(), "a cookie of former times stays as it is");
    let entered = enter(&off, &carrying(""), "jane", "web").await.unwrap();
    assert!(entered.session.is_none() && entered.set_cookie.is_none() && entered.identity.is_none());
    assert!(dex_session::reuse(app, &session, &client, None, now).await.unwrap().is_none());
    let whose = ("jane", "mock");
    assert_eq!(dex_session::note_response(app, &headers, "web", whose, now).await.unwrap(), None);
    assert!(!dex_session::consented(app, whose, "web", &[]).await.unwrap());
    dex_session::remember_consent(app, whose, "web", &["email".to_owned()]).await.unwrap();

    assert_eq!(counted.calls.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn each_step_asks_the_store_as_little_as_it_can() {
    let counted = Arc::new(Counted::default());
    let app = app_on(counted.clone(), settings()).await;
    let calls = || counted.calls.swap(0, Ordering::SeqCst);
    calls();
    let (session, headers) = log_in(&app, "jane", "web").await;
    assert_eq!(calls(), 3, "the user is looked for and kept, the session is kept");
    let client = app.app.store.get::<Client>("web").await.unwrap().unwrap();
    calls();
    let now = app.clock.now();
    assert!(dex_session::reuse(&app.app, &session, &client, None, now).await.unwrap().is_some());
    assert_eq!(calls(), 2, "the session and the user are read");
    assert!(dex_session::note_response(&app.app, &headers, "web", ("jane", "mock"), now).await.unwrap().is_some());
    assert_eq!(calls(), 2, "the session is read and written");
}
