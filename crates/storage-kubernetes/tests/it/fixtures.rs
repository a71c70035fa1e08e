//! Objects that Dex wrote.

use dex_model::{AuthRequest, AuthSession, DeviceToken, Keys, Kind, Login, Password};
use dex_storage::{Backend as _, Store, Write};
use serde_json::Value;

use crate::Cluster;

/// What the two releases left, and how many objects each. A namespace is named for each.
const FIXTURES: &[(&str, &str, usize)] = &[
    ("dex-2-45-1", include_str!("../fixtures/dex-2.45.1.json"), 18),
    ("dex-master", include_str!("../fixtures/dex-master.json"), 18),
    (SESSIONS, include_str!("../fixtures/dex-master-sessions.json"), 28),
];

const SESSIONS: &str = "dex-master-sessions";

/// More than any kind has.
const ALL: u32 = 100;

/// Every object of Dex's kinds, without what the API server adds.
async fn objects(cluster: &Cluster, namespace: &str, written: &str) -> Vec<Value> {
    let list: Value = serde_json::from_str(written).unwrap();
    let mut objects = Vec::new();
    for object in list["items"].as_array().unwrap() {
        let kind = format!("{}.dex.coreos.com", object["kind"].as_str().unwrap());
        let name = object["metadata"]["name"].as_str().unwrap();
        let stored = cluster.server.kubectl(&["-n", namespace, "get", &kind, name, "-o", "json"]).await.unwrap();
        let mut stored: Value = serde_json::from_str(&stored).unwrap();
        stored["metadata"].take();
        objects.push(stored);
    }
    objects
}

pub(crate) async fn what_dex_wrote_is_read_and_written_again(cluster: &Cluster) {
    for (namespace, written, count) in FIXTURES {
        cluster.server.kubectl(&["create", "namespace", namespace]).await.unwrap();
        let mut list: Value = serde_json::from_str(written).unwrap();
        for object in list["items"].as_array_mut().unwrap() {
            object["metadata"]["namespace"] = (*namespace).into();
        }
        cluster.server.create(&list.to_string()).await.unwrap();
        let before = objects(cluster, namespace, written).await;
        let store = cluster.open(namespace).await;
        let mut read = 0;
        for kind in Kind::ALL {
            for record in store.list(*kind, None, ALL).await.unwrap() {
                let (again, seen) = store.get(&record.key()).await.unwrap().unwrap();
                assert_eq!(again, record, "{namespace}");
                assert_eq!(
                    store.replace(&seen, &record).await.unwrap(),
                    Write::Done,
                    "{namespace}: {:?}",
                    record.key()
                );
                read += 1;
            }
        }
        assert_eq!(read, *count, "{namespace}");
        for (mut before, after) in before.into_iter().zip(objects(cluster, namespace, written).await) {
            as_master(&mut before);
            assert_eq!(before, after, "{namespace}");
        }
    }
}

/// An object of the release as master writes it again: with what was added since.
fn as_master(object: &mut Value) {
    let added: &[(&str, Value)] = match object["kind"].as_str() {
        Some("AuthRequest") => {
            &[("mfa_validated", false.into()), ("maxAge", Value::from(-1)), ("authTime", ZERO_TIME.into())]
        }
        Some("AuthCode") => &[("authTime", ZERO_TIME.into())],
        Some("OAuth2Client") => &[("ssoSharedWith", Value::Null)],
        _ => &[],
    };
    let object = object.as_object_mut().unwrap();
    for (name, value) in added {
        object.entry(*name).or_insert_with(|| value.clone());
    }
    if let Some(refresh) = object.get_mut("refresh").and_then(Value::as_object_mut) {
        for token in refresh.values_mut() {
            token.as_object_mut().unwrap().entry("SessionID").or_insert_with(|| "".into());
        }
    }
}

const ZERO_TIME: &str = "0001-01-01T00:00:00Z";

pub(crate) async fn what_is_read_is_what_was_meant(cluster: &Cluster) {
    let store = Store::new(cluster.open(SESSIONS).await);
    let jane: Password = store.get("Jane@Example.com").await.unwrap().unwrap();
    assert_eq!(jane.user_id, "jane-id");
    assert!(jane.hash.checked().is_ok());
    let keys: Keys = store.get(Keys::SIGNING).await.unwrap().unwrap();
    assert!(keys.signing_key.is_some() && keys.verification_keys.is_some_and(|keys| !keys.is_empty()));
    let waiting = store.list::<DeviceToken>().await.unwrap();
    assert!(waiting.iter().any(|token| token.status == dex_model::DeviceStatus::Pending));
    let requests = store.list::<AuthRequest>().await.unwrap();
    assert!(
        requests
            .iter()
            .any(|request| matches!(&request.login, Login::Done { claims, .. } if !claims.user_id.is_empty()))
    );
    let sessions = store.list::<AuthSession>().await.unwrap();
    assert!(!sessions.is_empty());
    assert!(sessions.iter().all(|session| !session.secret.is_empty() && !session.client_states.is_empty()));
}
