//! What every back end with a server does when that stumbles.

use std::time::Duration;

use dex_model::{AnyRecord, Client, Key, Kind, Record as _};
use dex_storage::{Backend, StorageError, Store, Write};
use dex_storage_sql::Layout;

/// How long after a pause the back end may take to be as before.
const HEALED_WITHIN: Duration = Duration::from_secs(15);

/// How many callers go away; more than there are connections.
const CALLERS: usize = 7;

/// A pause that is waited for.
const SHORT: Duration = Duration::from_secs(1);

/// Statements that leave Dex's tables, whose names stand between `quotes`, without a row.
pub(crate) fn empty_all(layout: Layout, quotes: char) -> String {
    let dex = [
        "client",
        "auth_request",
        "auth_code",
        "refresh_token",
        "password",
        "keys",
        "offline_session",
        "connector",
        "device_request",
        "device_token",
        "user_identity",
        "auth_session",
        "dex_spent",
    ];
    let ent = [
        "oauth2clients",
        "auth_requests",
        "auth_codes",
        "refresh_tokens",
        "passwords",
        "keys",
        "offline_sessions",
        "connectors",
        "device_requests",
        "device_tokens",
        "user_identities",
        "auth_sessions",
        "dex_spent",
    ];
    let tables = if layout == Layout::Ent { ent } else { dex };
    tables.map(|table| format!("delete from {quotes}{table}{quotes};")).concat()
}

pub(crate) fn client(id: &str) -> Client {
    Client { id: id.into(), ..Client::default() }
}

/// A row is replaced only as it was seen; `write` runs a statement in another process.
pub(crate) async fn what_another_process_wrote_is_not_overwritten(backend: &dyn Backend, write: impl AsyncFn(&str)) {
    let record = Client { name: "ours".into(), ..client("web") }.into_any();
    let key = record.key();
    assert_eq!(backend.insert(&record).await.unwrap(), Write::Done);
    for theirs in ["name = 'Ours'", "name = 'Ours '", "sso_shared_with = '[]'", "public = true"] {
        let (found, seen) = backend.get(&key).await.unwrap().unwrap();
        write(&format!("update client set {theirs}")).await;
        assert_eq!(backend.replace(&seen, &found).await.unwrap(), Write::Lost, "{theirs}");
        let (found, seen) = backend.get(&key).await.unwrap().unwrap();
        assert_eq!(backend.replace(&seen, &found).await.unwrap(), Write::Done, "{theirs}");
    }
}

/// Callers who go away while they wait leave no answer behind for others; `lock` holds the table of clients for two
/// seconds.
pub(crate) async fn who_goes_away_takes_no_answer_of_another(backend: &dyn Backend, lock: impl AsyncFn()) {
    for id in ["a", "b"] {
        assert_eq!(backend.insert(&client(id).into_any()).await.unwrap(), Write::Done);
    }
    let (a, b) = (client("a").key(), client("b").key());
    let give_up = async {
        tokio::time::sleep(SHORT / 2).await;
        for _ in 0..CALLERS {
            let asked = tokio::time::timeout(SHORT / 20, backend.get(&a)).await;
            assert!(asked.is_err(), "the table is locked");
        }
    };
    tokio::join!(lock(), give_up);
    for _ in 0..CALLERS {
        let (found, _) = backend.get(&b).await.unwrap().unwrap();
        assert_eq!(found.key(), b);
    }
}

/// A connection to a server that another one has replaced, and that only reads from now on, is not kept; `only_read` has
/// new connections be so or not, and ends those there are when it begins.
pub(crate) async fn who_takes_no_writes_any_more_is_left(backend: &dyn Backend, only_read: impl AsyncFn(bool)) {
    assert_eq!(backend.insert(&client("written").into_any()).await.unwrap(), Write::Done);
    only_read(true).await;
    assert!(backend.get(&client("written").key()).await.unwrap().is_some(), "it is read on a new connection");
    let refused = backend.insert(&client("refused").into_any()).await;
    assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    only_read(false).await;
    assert_eq!(backend.insert(&client("refused").into_any()).await.unwrap(), Write::Done);
}

/// Asks again on another connection when one is gone; `break_all` ends all of them on the server's side.
pub(crate) async fn broken_connections_heal(backend: &dyn Backend, break_all: impl AsyncFn()) {
    for n in 0..3 {
        let id = n.to_string();
        assert_eq!(backend.insert(&client(&id).into_any()).await.unwrap(), Write::Done);
        break_all().await;
        let found = backend.get(&Key::one(Kind::Client, &id)).await.unwrap();
        assert!(matches!(found, Some((AnyRecord::Client(_), _))));
    }
}

pub(crate) async fn a_paused_server_is_unavailable_and_heals(
    backend: impl Backend + 'static,
    pause: impl Fn() -> anyhow::Result<()>,
    resume: impl Fn() -> anyhow::Result<()>,
) {
    let store = Store::new(backend);
    assert_eq!(store.insert(client("before")).await.unwrap(), Write::Done);
    pause().unwrap();
    let waiting = store.clone();
    let short = tokio::spawn(async move { waiting.insert(client("during")).await });
    tokio::time::sleep(SHORT).await;
    resume().unwrap();
    assert_eq!(short.await.unwrap().unwrap(), Write::Done, "a short pause is waited for");
    pause().unwrap();
    // A thread of the server may answer once more before it stops.
    let refused = tokio::time::timeout(HEALED_WITHIN, async {
        loop {
            if let Err(refused) = store.get::<Client>("before").await {
                break refused;
            }
        }
    });
    let refused = refused.await.expect("a paused server does not answer");
    assert!(matches!(refused, StorageError::Unavailable(_)), "{refused}");
    assert!(refused.to_string().contains("no answer within"), "{refused}");
    resume().unwrap();
    let healed = tokio::time::timeout(HEALED_WITHIN, async { while store.get::<Client>("before").await.is_err() {} });
    healed.await.expect("it heals by itself");
}
