use std::sync::atomic::{AtomicU32, Ordering};

use dex_model::{Client, Key, Kind, OfflineSessions, Record as _, Spent, Timestamp};
use dex_storage::{Backend as _, StorageError, Store, Write};

use crate::{Peer, connect, open, secure};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_is_a_back_end() {
    let peer = Peer::start().await.unwrap();
    let made = AtomicU32::new(0);
    // Without a separator, as the configuration allows.
    let fresh = || connect_to_new(&peer, &made);
    dex_storage::conformance::run(fresh).await;
    users_whose_ids_differ_in_case_are_not_one(&peer).await;
    what_was_renewed_is_not_swept(&peer).await;
    many_are_listed_and_swept(&peer).await;
    what_cannot_be_read_is_named_and_left_out(&peer).await;
}

async fn connect_to_new(peer: &Peer, made: &AtomicU32) -> dex_storage_etcd::Etcd {
    connect(&open(peer, &format!("n{}", made.fetch_add(1, Ordering::Relaxed)))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn etcd_with_tls_and_users_is_a_back_end() {
    let peer = Peer::start_secure(&[("dex", "hunter2", "dex/")]).await.unwrap();
    let made = AtomicU32::new(0);
    let fresh = || async {
        let namespace = format!("dex/{}/", made.fetch_add(1, Ordering::Relaxed));
        connect(&secure(&peer, &namespace, "dex", "hunter2")).await
    };
    dex_storage::conformance::run(fresh).await;
}

fn sessions(user_id: &str) -> OfflineSessions {
    OfflineSessions { user_id: user_id.into(), connector_id: "github".into(), ..OfflineSessions::default() }
}

async fn users_whose_ids_differ_in_case_are_not_one(peer: &Peer) {
    let store = Store::new(connect(&open(peer, "case/")).await);
    assert_eq!(store.insert(sessions("Jane")).await.unwrap(), Write::Done);
    assert_eq!(store.get::<OfflineSessions>(("jane", "github")).await.unwrap(), None);
    assert_eq!(store.remove::<OfflineSessions>(("jane", "github")).await.unwrap(), Write::Lost);
    let refused = store.insert(sessions("jane")).await.unwrap_err();
    assert!(matches!(refused, StorageError::Unstorable { .. }), "{refused}");
    assert_eq!(store.get(("Jane", "github")).await.unwrap(), Some(sessions("Jane")));
    assert_eq!(store.insert(sessions("Jane")).await.unwrap(), Write::Lost);
}

async fn what_was_renewed_is_not_swept(peer: &Peer) {
    let one = connect(&open(peer, "renewed/")).await;
    let at = |second| Timestamp::constant(second, 0);
    let spent = |expiry| Spent { id: "code/a".into(), expiry }.into_any();
    assert_eq!(one.insert(&spent(at(1))).await.unwrap(), Write::Done);
    let (_, seen) = one.get(&Key::one(Kind::Spent, "code/a")).await.unwrap().unwrap();
    assert_eq!(one.replace(&seen, &spent(at(9))).await.unwrap(), Write::Done);
    assert_eq!(one.sweep(Kind::Spent, at(5), 10).await.unwrap(), 0);
    assert_eq!(one.sweep(Kind::Spent, at(10), 10).await.unwrap(), 1);
}

/// More than a page of records, and more than a step removes.
async fn many_are_listed_and_swept(peer: &Peer) {
    let store = connect(&open(peer, "many/")).await;
    let at = |second| Timestamp::constant(second, 0);
    for n in 0..700_i64 {
        let spent = Spent { id: format!("code/{n:04}"), expiry: at(n % 2) };
        assert_eq!(store.insert(&spent.into_any()).await.unwrap(), Write::Done);
    }
    assert_eq!(store.list(Kind::Spent, None, 650).await.unwrap().len(), 650);
    let mut swept = Vec::new();
    for limit in [120, 0, 500, 500] {
        swept.push(store.sweep(Kind::Spent, at(1), limit).await.unwrap());
    }
    assert_eq!(swept, [120, 0, 230, 0]);
    assert_eq!(store.list(Kind::Spent, None, 1000).await.unwrap().len(), 350);
}

async fn what_cannot_be_read_is_named_and_left_out(peer: &Peer) {
    let store = connect(&open(peer, "decayed/")).await;
    for id in ["a", "b", "c", "d"] {
        let client = Client { id: id.into(), ..Client::default() };
        assert_eq!(store.insert(&client.into_any()).await.unwrap(), Write::Done);
    }
    peer.ctl(&["put", "decayed/client/b", r#"{"id":"b","secret":{"hunter2":1}}"#]).await.unwrap();
    let ids: Vec<_> = store.list(Kind::Client, None, 3).await.unwrap().iter().map(|client| client.key().id).collect();
    assert_eq!(ids, ["a", "c", "d"], "a page is filled with what can be read");
    let seen = store.inspect(Kind::Client, None, 9).await.unwrap();
    assert_eq!(seen.len(), 4);
    let told = seen[1].as_ref().unwrap_err().to_string();
    assert_eq!(told, "Client `b` cannot be read: secret: is no text");
    let refused = store.get(&Client::key_of("b")).await.unwrap_err().to_string();
    assert_eq!(refused, told);
}
