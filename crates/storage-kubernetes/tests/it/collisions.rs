//! Two that want one name, and two that remove one object.

use dex_model::{AnyRecord, OfflineSessions, Record as _};
use dex_storage::{Backend as _, Write};

use crate::Cluster;

fn sessions(user: &str, connector: &str) -> AnyRecord {
    OfflineSessions { user_id: user.into(), connector_id: connector.into(), ..OfflineSessions::default() }.into_any()
}

/// Both pairs have the hash `olvwklepe43wg` (storage spec, 9.5).
pub(crate) async fn pairs_of_one_hash_live_apart(cluster: &Cluster) {
    let store = cluster.fresh().await;
    let pairs = [sessions("john", "local"), sessions("joh", "nlocal")];
    for (one, other) in [(&pairs[0], &pairs[1]), (&pairs[1], &pairs[0])] {
        assert_eq!(store.insert(one).await.unwrap(), Write::Done);
        assert!(store.get(&other.key()).await.unwrap().is_none());
        assert_eq!(store.remove(&other.key()).await.unwrap(), Write::Lost, "it is another's");
        assert_eq!(store.insert(other).await.unwrap(), Write::Done);
        assert_eq!(store.insert(one).await.unwrap(), Write::Lost);
        assert_eq!(store.insert(other).await.unwrap(), Write::Lost);
        assert_eq!(store.remove(&one.key()).await.unwrap(), Write::Done);
        // Now the name is free, and yet it is taken.
        assert_eq!(store.insert(other).await.unwrap(), Write::Lost);
        let (_, seen) = store.get(&other.key()).await.unwrap().unwrap();
        assert_eq!(store.replace(&seen, other).await.unwrap(), Write::Done);
        assert_eq!(store.insert(one).await.unwrap(), Write::Done);
        let kind = one.key().kind;
        let mut listed = Vec::new();
        while let Some(next) = store.list(kind, listed.last(), 1).await.unwrap().pop() {
            listed.push(next.key());
            assert!(listed.len() <= 2, "{listed:?}");
        }
        assert_eq!(listed.len(), 2);
        assert_eq!(store.remove(&one.key()).await.unwrap(), Write::Done);
        assert_eq!(store.remove(&other.key()).await.unwrap(), Write::Done);
    }
}

pub(crate) async fn a_finalizer_does_not_remove_twice(cluster: &Cluster) {
    let namespace = cluster.namespace().await;
    let store = cluster.open(&namespace).await;
    let record = sessions("1", "mock");
    assert_eq!(store.insert(&record).await.unwrap(), Write::Done);
    let object = ["-n", &namespace, "patch", "offlinesessionses", "5gwdavclsmksy", "--type=merge", "-p"];
    let finalizers = async |list: &str| {
        let patch = format!(r#"{{"metadata":{{"finalizers":{list}}}}}"#);
        cluster.server.kubectl(&[&object[..], &[patch.as_str()]].concat()).await.unwrap();
    };
    finalizers(r#"["example.com/keep"]"#).await;
    let key = record.key();
    let both = tokio::join!(store.remove(&key), store.remove(&key));
    let done = [both.0.unwrap(), both.1.unwrap()].into_iter().filter(|write| *write == Write::Done).count();
    assert_eq!(done, 1);
    assert!(store.get(&record.key()).await.unwrap().is_none());
    assert!(store.list(record.key().kind, None, 9).await.unwrap().is_empty());
    assert_eq!(store.remove(&record.key()).await.unwrap(), Write::Lost);
    finalizers("null").await;
    assert_eq!(store.insert(&record).await.unwrap(), Write::Done);
}
