//! Several at once on one record: one wins, and who was told so did.

use std::sync::Arc;

use dex_model::{AnyRecord, Key, Kind, Record as _, RefreshToken};
use tokio::task::JoinSet;

use super::{ReadTogether, changes, ok, samples};
use crate::{Backend, Change, StorageError, Store, Write};

/// How many take part in a race. Fewer than an update is tried, so each of them may lose to all others.
const RACERS: usize = 8;

/// The kinds that are raced for in production: spent codes, tokens, logins, keys.
const RACED: &[Kind] =
    &[Kind::AuthCode, Kind::AuthRequest, Kind::RefreshToken, Kind::OfflineSessions, Kind::Keys, Kind::Spent];

pub(super) async fn each_of_many_updates_counts(below: Arc<dyn Backend>) {
    let mut token = samples::refresh_token("counted");
    token.nonce = "0".into();
    assert_eq!(ok("insert", below.insert(&token.into_any()).await), Write::Done);
    let store = Store::new(ReadTogether::new(below, RACERS));
    let mut racers = JoinSet::new();
    for _ in 0..RACERS {
        let store = store.clone();
        racers.spawn(async move {
            let count = |mut token: RefreshToken| {
                let count: usize = token.nonce.parse().map_err(StorageError::unavailable)?;
                token.nonce = (count + 1).to_string();
                Ok::<_, StorageError>(token)
            };
            store.update("counted", count).await
        });
    }
    for change in racers.join_all().await {
        assert!(matches!(ok("update", change), Change::Made(_)), "an update was not made");
    }
    let counted = ok("get", store.get::<RefreshToken>("counted").await);
    let count = counted.map(|token| token.nonce);
    assert_eq!(count, Some(RACERS.to_string()), "an update that was told to be made is lost");
}

pub(super) async fn one_of_many_inserts_is_done(below: Arc<dyn Backend>) {
    for kind in RACED {
        let record = samples::full(*kind, "raced");
        let done = race(&below, record.key(), move |store| {
            let record = record.clone();
            async move { store.insert(&record).await }
        });
        assert_eq!(done.await, 1, "inserts of one {}", kind.name());
    }
}

pub(super) async fn one_of_many_removes_is_done(below: Arc<dyn Backend>) {
    for kind in RACED {
        let record = samples::full(*kind, "raced");
        let key = record.key();
        assert_eq!(ok("insert", below.insert(&record).await), Write::Done, "{}", kind.name());
        let done = race(&below, key.clone(), move |store| {
            let key = key.clone();
            async move { store.remove(&key).await }
        });
        assert_eq!(done.await, 1, "removes of one {}", kind.name());
    }
}

/// Has all racers read `key` together, then `act`; answers how many were told that it is done.
async fn race<F, Acted>(below: &Arc<dyn Backend>, key: Key, act: F) -> usize
where
    F: Fn(Arc<dyn Backend>) -> Acted,
    Acted: Future<Output = Result<Write, StorageError>> + Send + 'static,
{
    let gated = Arc::new(ReadTogether::new(below.clone(), RACERS));
    let mut racers = JoinSet::new();
    for _ in 0..RACERS {
        let (gated, key, acted) = (gated.clone(), key.clone(), act(below.clone()));
        racers.spawn(async move {
            ok("get", gated.get(&key).await);
            ok("race", acted.await)
        });
    }
    let answers = racers.join_all().await;
    answers.into_iter().filter(|answer| *answer == Write::Done).count()
}

pub(super) async fn a_removed_record_does_not_come_back(below: Arc<dyn Backend>) {
    for kind in RACED {
        let record = samples::full(*kind, "removed");
        let key = record.key();
        assert_eq!(ok("insert", below.insert(&record).await), Write::Done, "{}", kind.name());
        let changed = changes::changed(record);
        let gated = Arc::new(ReadTogether::new(below.clone(), 2));
        let replacing = tokio::spawn(replace(gated.clone(), key.clone(), changed));
        let removing = tokio::spawn(async move {
            ok("get", gated.get(&key).await);
            (ok("remove", gated.remove(&key).await), key)
        });
        let (Ok(_), Ok((removed, key))) = (replacing.await, removing.await) else {
            panic!("a task of the race panicked");
        };
        assert_eq!(removed, Write::Done, "{} was there", kind.name());
        let left = ok("get", below.get(&key).await);
        assert!(left.is_none(), "a {} that was removed came back", kind.name());
    }
}

async fn replace(gated: Arc<dyn Backend>, key: Key, changed: AnyRecord) -> Write {
    match ok("get", gated.get(&key).await) {
        Some((_, seen)) => ok("replace", gated.replace(&seen, &changed).await),
        None => Write::Lost,
    }
}
