//! A client whose record cannot be read keeps nobody logged in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use dex_model::{AnyRecord, Client, Key, Kind, Timestamp};
use dex_session::end;
use dex_storage::{Backend, Memory, Seen, StorageError, Write};

use crate::kit::{app_on, change_client, log_in, settings, stored};

/// The client `web` decays there.
#[derive(Default)]
struct Decaying {
    below: Memory,
    decayed: AtomicBool,
}

#[async_trait]
impl Backend for Decaying {
    async fn insert(&self, record: &AnyRecord) -> Result<Write, StorageError> {
        self.below.insert(record).await
    }

    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        if *key == Key::one(Kind::Client, "web") && self.decayed.load(Ordering::SeqCst) {
            let reason = "no JSON".to_owned();
            return Err(StorageError::Undecodable { key: Box::new(key.clone()), field: "name", reason });
        }
        self.below.get(key).await
    }

    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        self.below.replace(seen, record).await
    }

    async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        self.below.remove(key).await
    }

    async fn list(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<AnyRecord>, StorageError> {
        self.below.list(kind, after, limit).await
    }

    async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.below.sweep(kind, now, limit).await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.below.ping().await
    }
}

#[tokio::test]
async fn a_session_ends_though_one_of_its_clients_cannot_be_read_and_the_others_hear_of_it() {
    let store = Arc::new(Decaying::default());
    let app = app_on(store.clone(), settings()).await;
    let hears = |client: Client| Client { backchannel_logout_uri: "https://cli.example/logout".into(), ..client };
    change_client(&app, "cli", hears).await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    let _ = crate::kit::enter(&app, &headers, "jane", "cli").await.unwrap();
    store.decayed.store(true, Ordering::SeqCst);
    assert!(end(&app.app, &session, app.clock.now()).await.unwrap());
    assert_eq!(stored(&app, &session.id).await, None);
    assert_eq!(app.logouts().len(), 1);
}
