//! One record at a time: what is kept comes back, and nothing else changes.

use std::sync::Arc;

use dex_model::{AnyRecord, Client, ConnectorData, Keys, Kind, Record as _, Timestamp};

use super::{changes, ok, samples};
use crate::copy::normal;
use crate::{Backend, StorageError, Write};

/// Two records of each kind under different keys.
fn samples_of(kind: Kind) -> [AnyRecord; 2] {
    match kind {
        Kind::Keys => [samples::full(kind, Keys::SIGNING), samples::minimal(kind, Keys::NEXT)],
        _ => [samples::full(kind, "one"), samples::minimal(kind, "two")],
    }
}

async fn assert_kept(store: &Arc<dyn Backend>, record: &AnyRecord) {
    let found = ok("get", store.get(&record.key()).await);
    let found = found.map(|(found, _)| normal(found));
    assert_eq!(found, Some(normal(record.clone())), "what was kept does not come back");
}

pub(super) async fn every_kind_lives_its_life(store: &Arc<dyn Backend>) {
    for kind in Kind::ALL {
        for record in samples_of(*kind) {
            let told = kind.name();
            assert!(ok(told, store.get(&record.key()).await).is_none(), "{told} is there before it came");
            assert_eq!(ok(told, store.insert(&record).await), Write::Done, "{told}");
            assert_kept(store, &record).await;
        }
    }
    for kind in Kind::ALL {
        let [record, other] = samples_of(*kind);
        let told = kind.name();
        let changed = changes::changed(record.clone());
        let Some((_, seen)) = ok(told, store.get(&record.key()).await) else {
            panic!("{told} has gone by itself");
        };
        assert_eq!(ok(told, store.replace(&seen, &changed).await), Write::Done, "{told}");
        assert_kept(store, &changed).await;
        assert_kept(store, &other).await;
        assert_eq!(ok(told, store.remove(&record.key()).await), Write::Done, "{told}");
        assert!(ok(told, store.get(&record.key()).await).is_none(), "{told} is there after it went");
        assert_kept(store, &other).await;
    }
}

pub(super) async fn who_comes_second_has_lost(store: &Arc<dyn Backend>) {
    for kind in Kind::ALL {
        let [record, _] = samples_of(*kind);
        let told = kind.name();
        let changed = changes::changed(record.clone());
        assert_eq!(ok(told, store.remove(&record.key()).await), Write::Lost, "{told} removed, not there");
        assert_eq!(ok(told, store.insert(&record).await), Write::Done, "{told}");
        assert_eq!(ok(told, store.insert(&changed).await), Write::Lost, "{told} inserted twice");
        assert_kept(store, &record).await;
        let Some((_, seen)) = ok(told, store.get(&record.key()).await) else {
            panic!("{told} has gone by itself");
        };
        assert_eq!(ok(told, store.replace(&seen, &changed).await), Write::Done, "{told}");
        assert_eq!(ok(told, store.replace(&seen, &record).await), Write::Lost, "{told} replaced, seen otherwise");
        assert_kept(store, &changed).await;
        let Some((_, seen)) = ok(told, store.get(&record.key()).await) else {
            panic!("{told} has gone by itself");
        };
        assert_eq!(ok(told, store.remove(&record.key()).await), Write::Done, "{told}");
        assert_eq!(ok(told, store.remove(&record.key()).await), Write::Lost, "{told} removed twice");
        assert_eq!(ok(told, store.replace(&seen, &record).await), Write::Lost, "{told} replaced, not there");
        assert!(ok(told, store.get(&record.key()).await).is_none(), "{told} came back");
    }
}

pub(super) async fn instants_are_kept_to_the_millisecond(store: &Arc<dyn Backend>) {
    let instants = [
        ("a", Timestamp::constant(1_786_029_264, 123_456_789)),
        ("b", Timestamp::constant(1_786_029_264, 0)),
        ("c", Timestamp::constant(1_786_029_264, 120_000_000)),
        ("d", dex_model::ZERO_TIME),
        ("e", Timestamp::UNIX_EPOCH),
        ("f", Timestamp::constant(253_402_200_000, 0)),
    ];
    for (id, at) in instants {
        let mut token = samples::refresh_token(id);
        (token.created_at, token.last_used) = (at, at);
        assert_eq!(ok(id, store.insert(&token.into_any()).await), Write::Done);
        let key = samples::refresh_token(id).key();
        let Some((AnyRecord::RefreshToken(found), _)) = ok(id, store.get(&key).await) else {
            panic!("a token has gone by itself");
        };
        let kept = (found.created_at.as_millisecond(), found.last_used.as_millisecond());
        assert_eq!(kept, (at.as_millisecond(), at.as_millisecond()), "{at}");
    }
}

pub(super) async fn strange_names_are_kept_apart_or_refused(store: &Arc<dyn Backend>) {
    let names = [
        "jane doe",
        "JANE DOE",
        "jane doe ",
        "jane%20doe",
        "jane/doe",
        "jane/../doe",
        "..",
        ".",
        "jane\\doe",
        "'; drop table client; --",
        "\"",
        "`",
        "%",
        "_",
        "jane\u{0}doe",
        "jane\ndoe",
        "żółć",
        "z\u{307}o\u{301}łc\u{301}",
        "日本語",
        "🦀",
        "\u{202e}eod",
        "\u{2028}",
        "<&>",
        "keys",
        "null",
        "",
        "a b",
        "a",
    ];
    let kinds =
        [Kind::Client, Kind::Connector, Kind::OfflineSessions, Kind::UserIdentity, Kind::AuthRequest, Kind::Spent];
    for kind in kinds {
        let mut kept = Vec::new();
        for name in names {
            let record = samples::full(kind, name);
            match store.insert(&record).await {
                Ok(Write::Done) => kept.push(record),
                Err(StorageError::Unstorable { .. }) => {}
                Ok(Write::Lost) => panic!("{} {name:?} is taken for another", kind.name()),
                Err(error) => panic!("{} {name:?}: {error}", kind.name()),
            }
        }
        for record in kept {
            assert_kept(store, &record).await;
            assert_eq!(ok("remove", store.remove(&record.key()).await), Write::Done, "{:?}", record.key());
        }
    }
    pairs_are_kept_apart(store).await;
}

async fn pairs_are_kept_apart(store: &Arc<dyn Backend>) {
    let pairs = [("ab", "c"), ("a", "bc"), ("a b", "c"), ("a", "b c")];
    for (user, connector) in pairs {
        let record = samples::offline_sessions(user, connector).into_any();
        assert_eq!(ok("insert", store.insert(&record).await), Write::Done, "{user} and {connector}");
    }
    for (user, connector) in pairs {
        assert_kept(store, &samples::offline_sessions(user, connector).into_any()).await;
    }
}

pub(super) async fn a_megabyte_is_kept_or_refused(store: &Arc<dyn Backend>) {
    let mut large = samples::offline_sessions("large", "local");
    large.connector_data = ConnectorData::new((0..=255).cycle().take(1_000_000).collect::<Vec<u8>>());
    let large = large.into_any();
    match store.insert(&large).await {
        Ok(written) => {
            assert_eq!(written, Write::Done);
            assert_kept(store, &large).await;
        }
        Err(StorageError::Unstorable { .. }) => {
            assert!(ok("get", store.get(&large.key()).await).is_none(), "a refused record is there");
        }
        Err(error) => panic!("a megabyte: {error}"),
    }
}

pub(super) async fn none_is_not_empty(store: &Arc<dyn Backend>) {
    let values = [None, Some(Vec::new()), Some(vec!["*".to_owned()])];
    for (n, value) in values.iter().enumerate() {
        let client = Client {
            id: format!("client{n}"),
            sso_shared_with: value.clone(),
            mfa_chain: value.clone(),
            ..Client::default()
        };
        let client = client.into_any();
        assert_eq!(ok("insert", store.insert(&client).await), Write::Done);
        assert_kept(store, &client).await;
    }
}

pub(super) async fn an_email_has_no_case(store: &Arc<dyn Backend>) {
    let mut jane = samples::password("jane");
    jane.email = "Jane.Doe@Example.com".into();
    let jane = jane.into_any();
    assert_eq!(ok("insert", store.insert(&jane).await), Write::Done);
    for spelt in ["jane.doe@example.com", "JANE.DOE@EXAMPLE.COM", "Jane.Doe@Example.com"] {
        let found = ok("get", store.get(&dex_model::Password::key_of(spelt)).await);
        assert!(found.is_some(), "{spelt} is not found");
        let mut again = samples::password("jane");
        again.email = spelt.into();
        assert_eq!(ok("insert", store.insert(&again.into_any()).await), Write::Lost, "{spelt}");
    }
    assert_eq!(ok("remove", store.remove(&dex_model::Password::key_of("jane.doe@EXAMPLE.com")).await), Write::Done);
}
