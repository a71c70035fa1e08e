//! A client whose record cannot be read keeps nobody logged in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use dex_model::{AnyRecord, Client, Key, Kind};
use dex_session::end;
use dex_storage::{Backend, Memory, Seen, StorageError};
use dex_testkit::{Bend, Bent};

use crate::kit::{app_on, change_client, log_in, settings, stored};

/// The client `web` decays there.
#[derive(Default)]
struct Decaying {
    below: Memory,
    decayed: AtomicBool,
}

#[async_trait]
impl Bend for Decaying {
    fn below(&self) -> &dyn Backend {
        &self.below
    }

    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        if *key == Key::one(Kind::Client, "web") && self.decayed.load(Ordering::SeqCst) {
            let reason = "no JSON".to_owned();
            return Err(StorageError::Undecodable { key: Box::new(key.clone()), field: "name", reason });
        }
        self.below.get(key).await
    }
}

#[tokio::test]
async fn a_session_ends_though_one_of_its_clients_cannot_be_read_and_the_others_hear_of_it() {
    let store = Arc::new(Bent(Decaying::default()));
    let app = app_on(store.clone(), settings()).await;
    let hears = |client: Client| Client { backchannel_logout_uri: "https://cli.example/logout".into(), ..client };
    change_client(&app, "cli", hears).await;
    let (session, headers) = log_in(&app, "jane", "web").await;
    let _ = crate::kit::enter(&app, &headers, "jane", "cli").await.unwrap();
    store.0.decayed.store(true, Ordering::SeqCst);
    assert!(end(&app.app, &session, app.clock.now()).await.unwrap());
    assert_eq!(stored(&app, &session.id).await, None);
    assert_eq!(app.logouts().len(), 1);
}
