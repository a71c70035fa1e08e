//! Pages and sweeps.

use dex_model::{Client, Kind, Record as _, Spent, Timestamp};
use dex_storage::copy::check;
use dex_storage::{Backend as _, Store, Write, key_of};

use crate::Cluster;

/// More than two pages of the API server's, and no multiple of one.
const MARKS: usize = 601;

fn mark(number: usize, prefix: &str, expiry: i64) -> dex_model::AnyRecord {
    Spent { id: format!("{prefix}/{number:04}"), expiry: Timestamp::constant(expiry, 0) }.into_any()
}

pub(crate) async fn pages_begin_behind_any_name(cluster: &Cluster) {
    let store = cluster.fresh().await;
    for number in 0..MARKS {
        let prefix = if number % 2 == 0 { "code" } else { "jti" };
        assert_eq!(store.insert(&mark(number, prefix, 9)).await.unwrap(), Write::Done);
    }
    let all = store.list(Kind::Spent, None, 1000).await.unwrap();
    assert_eq!(all.len(), MARKS);
    let keys: Vec<_> = all.iter().map(dex_model::AnyRecord::key).collect();
    assert!(keys.is_sorted(), "marks are listed as their ids sort");
    for from in [0, 249, 250, 299, 300, 301, 600] {
        let page = store.list(Kind::Spent, Some(&keys[from]), 260).await.unwrap();
        let page: Vec<_> = page.iter().map(dex_model::AnyRecord::key).collect();
        assert_eq!(page, keys[from + 1..MARKS.min(from + 261)], "behind {from}");
    }
    // Behind a name that is not there, or cannot be.
    let revoked = Store::new(store);
    assert_eq!(revoked.list_prefix::<Spent>("jti/").await.unwrap().len(), MARKS / 2);
    assert_eq!(revoked.list_prefix::<Spent>("codf").await.unwrap().len(), 0);
    assert_eq!(revoked.list::<Client>().await.unwrap().len(), 0);
}

pub(crate) async fn a_sweep_goes_on_where_it_was_full(cluster: &Cluster) {
    let store = cluster.fresh().await;
    for number in 0..20 {
        let expiry = if number % 4 == 3 { 100 } else { 1 };
        assert_eq!(store.insert(&mark(number, "code", expiry)).await.unwrap(), Write::Done);
    }
    let now = Timestamp::constant(50, 0);
    let mut swept = Vec::new();
    for _ in 0..5 {
        swept.push(store.sweep(Kind::Spent, now, 4).await.unwrap());
    }
    assert_eq!(swept, [4, 4, 4, 3, 0]);
    assert_eq!(store.list(Kind::Spent, None, 100).await.unwrap().len(), 5);
    // What lies before the place of the last full sweep is found by the one after its end.
    assert_eq!(store.insert(&mark(0, "code", 1)).await.unwrap(), Write::Done);
    assert_eq!(store.sweep(Kind::Spent, now, 4).await.unwrap(), 1);
}

pub(crate) async fn what_cannot_be_read_is_named_and_keeps_its_place(cluster: &Cluster) {
    let namespace = cluster.namespace().await;
    let store = cluster.open(&namespace).await;
    for id in ["a", "b", "c"] {
        let client = Client { id: id.into(), ..Client::default() };
        assert_eq!(store.insert(&client.into_any()).await.unwrap(), Write::Done);
    }
    // The second one does not even say its id.
    let damages = [
        ("mhf7fhheqqrcgji", r#"{"redirectURIs":"hunter2"}"#),
        ("mlf7fhheqqrcgji", r#"{"redirectURIs":"hunter2","id":null}"#),
    ];
    for (name, patch) in damages {
        let object = ["-n", &namespace, "patch", "oauth2clients", name, "--type=merge", "-p", patch];
        cluster.server.kubectl(&object).await.unwrap();
    }
    let (mut told, mut after) = (Vec::new(), None);
    while let Some(record) = store.inspect(Kind::Client, after.as_ref(), 1).await.unwrap().pop() {
        after = key_of(&record);
        told.push(record.map_or_else(|error| error.to_string(), |record| record.key().id));
        assert!(told.len() <= 3, "{told:?}");
    }
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].starts_with("Client `a` cannot be read: ") && !told[0].contains("hunter2"), "{}", told[0]);
    assert!(told[1].starts_with("Client `mlf7fhheqqrcgji` cannot be read: "), "{}", told[1]);
    assert_eq!(told[2], "c");
    assert_eq!(store.list(Kind::Client, None, 1).await.unwrap().len(), 1, "a list fills the places");
    assert_eq!(check(&store, |_| ()).await.unwrap().failed(), 2);
}
