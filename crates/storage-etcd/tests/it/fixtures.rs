use std::collections::BTreeMap;

use dex_model::{AuthRequest, AuthSession, Client, Keys, Kind, Password};
use dex_peers::Etcd as Peer;
use dex_storage::{Backend as _, Store, Write};
use serde_json::Value;

use crate::{connect, open};

/// What Dex wrote, and how many records that is.
const FIXTURES: &[(&str, usize, &str)] = &[
    (OLD, 18, include_str!("../fixtures/dex-2.45.1.json")),
    ("dex-master", 18, include_str!("../fixtures/dex-master.json")),
    (SESSIONS, 28, include_str!("../fixtures/dex-master-sessions.json")),
];

/// The one of a release whose values lack what was added later.
const OLD: &str = "dex-2.45.1";

/// The one with sessions and identities.
const SESSIONS: &str = "dex-master-sessions";

/// More records than any kind of them has.
const ALL: u32 = 100;

fn values(json: &str) -> BTreeMap<String, String> {
    let fixture: Value = serde_json::from_str(json).unwrap();
    serde_json::from_value(fixture["values"].clone()).unwrap()
}

/// A value without the method of a challenge that is not there, which Dex notes and nobody reads.
fn sense(value: &str) -> String {
    if value.contains("\"code_challenge\"") {
        return value.to_owned();
    }
    value.replace(r#","code_challenge_method":"plain""#, "")
}

/// Every key below `namespace`, without that, and its value.
async fn dump(peer: &Peer, namespace: &str) -> BTreeMap<String, String> {
    let lines = peer.ctl(&["get", "--prefix", namespace]).await.unwrap();
    let lines: Vec<_> = lines.lines().collect();
    let pairs = lines.chunks(2).map(|pair| (pair[0].strip_prefix(namespace).unwrap().to_owned(), pair[1].to_owned()));
    pairs.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_dex_wrote_is_read_and_written_again_to_the_byte() {
    let peer = Peer::start().await.unwrap();
    for (name, count, json) in FIXTURES {
        let before = values(json);
        for (key, value) in &before {
            peer.ctl(&["put", &format!("{name}/{key}"), value]).await.unwrap();
        }
        let etcd = connect(&open(&peer, &format!("{name}/"))).await;
        let mut read = 0;
        for kind in Kind::ALL {
            for record in etcd.list(*kind, None, ALL).await.unwrap() {
                let (again, seen) = etcd.get(&record.key()).await.unwrap().unwrap();
                assert_eq!(again, record, "{name}");
                assert_eq!(etcd.replace(&seen, &record).await.unwrap(), Write::Done, "{name}: {:?}", record.key());
                read += 1;
            }
        }
        assert_eq!((read, before.len()), (*count, *count), "{name}");
        let after = dump(&peer, &format!("{name}/")).await;
        assert_eq!(after.len(), before.len(), "{name}");
        for (key, value) in &before {
            let value = &sense(value);
            if *name == OLD {
                let [old, new] = [value, &after[key]].map(|text| serde_json::from_str::<Value>(text).unwrap());
                assert!(holds(&new, &old), "{name}: {key}: {old} became {new}");
            } else {
                assert_eq!(&after[key], value, "{name}: {key}");
            }
        }
    }
    what_is_read_is_what_was_meant(Store::new(connect(&open(&peer, "dex-master-sessions/")).await)).await;
    let old = Store::new(connect(&open(&peer, "dex-2.45.1/")).await);
    let requests = old.list::<AuthRequest>().await.unwrap();
    assert!(requests.iter().all(|request| request.max_age.is_none()), "no age is not the age 0");
}

/// Whether `new` has all that `old` has; more was added since.
fn holds(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            old.iter().all(|(name, old)| new.get(name).is_some_and(|new| holds(new, old)))
        }
        _ => new == old,
    }
}

async fn what_is_read_is_what_was_meant(store: Store) {
    let jane: Password = store.get("Jane@Example.com").await.unwrap().unwrap();
    assert_eq!((jane.email.as_str(), jane.user_id.as_str()), ("Jane@Example.com", "jane-id"));
    assert!(jane.hash.checked().is_ok());
    let keys: Keys = store.get(Keys::SIGNING).await.unwrap().unwrap();
    assert!(keys.signing_key.is_some() && keys.verification_keys.is_some_and(|keys| !keys.is_empty()));
    let app: Client = store.get("api-app").await.unwrap().unwrap();
    assert!(app.secret.matches("YXBpLWFwcC1zZWNyZXQ") && app.trusts("example-app") && app.sso_shared_with.is_none());
    let requests = store.list::<AuthRequest>().await.unwrap();
    let done = |request: &&AuthRequest| matches!(&request.login, dex_model::Login::Done { claims, .. } if !claims.user_id.is_empty());
    assert_eq!(requests.iter().filter(done).count(), 1);
    let sessions = store.list::<AuthSession>().await.unwrap();
    assert!(sessions.iter().all(|session| !session.secret.is_empty() && !session.client_states.is_empty()));
}
