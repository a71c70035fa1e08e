use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use dex_model::{AnyRecord, Key, Kind, Record as _, RefreshToken, Timestamp, later};

use super::walk::PAGE;
use super::{Existing, Report, check, copy};
use crate::conformance::samples;
use crate::{Backend, Memory, Readable, Seen, StorageError, Write};

/// Some more than two pages.
const MANY: u32 = 2 * PAGE + 3;

async fn insert(store: &Memory, record: AnyRecord) {
    assert_eq!(store.insert(&record).await.unwrap(), Write::Done);
}

fn token(id: &str, nonce: &str) -> RefreshToken {
    RefreshToken { nonce: nonce.into(), ..samples::refresh_token(id) }
}

/// A store with one record of every kind, and many of one.
async fn full() -> Memory {
    let store = Memory::new();
    for kind in Kind::ALL {
        insert(&store, samples::full(*kind, "a")).await;
        insert(&store, samples::minimal(*kind, "b")).await;
    }
    for n in 0..MANY {
        insert(&store, token(&format!("many{n:04}"), "n").into_any()).await;
    }
    store
}

fn sums(report: &Report) -> [u64; 5] {
    let sum = |of: fn(&super::Count) -> u64| report.counts.iter().map(of).sum();
    [sum(|c| c.read), sum(|c| c.written), sum(|c| c.same), sum(|c| c.overwritten), sum(|c| c.failed)]
}

#[tokio::test]
async fn all_is_copied_once_and_passed_over_the_second_time() {
    let (from, to) = (full().await, Memory::new());
    let all = u64::from(MANY) + 2 * Kind::ALL.len() as u64;
    let mut told = Vec::new();
    let report = copy(&from, &to, Existing::Keep, |report| told.push(sums(report)[0])).await.unwrap();
    assert_eq!(sums(&report), [all, all, 0, 0, 0]);
    assert!(told.is_sorted() && told.len() == Kind::ALL.len() + 2, "{told:?}");
    for kind in Kind::ALL {
        assert_eq!(from.list(*kind, None, 2000).await.unwrap(), to.list(*kind, None, 2000).await.unwrap());
    }
    let report = copy(&from, &to, Existing::Keep, |_| ()).await.unwrap();
    assert_eq!(sums(&report), [all, 0, all, 0, 0]);
}

#[tokio::test]
async fn what_differs_stays_and_is_named_unless_told_otherwise() {
    let (from, to) = (Memory::new(), Memory::new());
    insert(&from, token("a", "new").into_any()).await;
    insert(&to, token("a", "old").into_any()).await;
    let report = copy(&from, &to, Existing::Keep, |_| ()).await.unwrap();
    assert_eq!((sums(&report), report.clean()), ([1, 0, 0, 0, 1], false));
    let faults: Vec<_> = report.counts.iter().flat_map(|count| &count.faults).map(ToString::to_string).collect();
    assert_eq!(faults, ["RefreshToken `a` is there already and differs"]);
    let nonce = async || match to.get(&RefreshToken::key_of("a")).await.unwrap() {
        Some((AnyRecord::RefreshToken(token), _)) => token.nonce,
        _ => String::new(),
    };
    assert_eq!(nonce().await, "old");
    let report = copy(&from, &to, Existing::Overwrite, |_| ()).await.unwrap();
    assert_eq!((sums(&report), nonce().await.as_str()), ([1, 0, 0, 1, 0], "new"));
}

#[tokio::test]
async fn times_are_the_same_to_the_millisecond() {
    for (nanoseconds, same) in [(0, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 0)] {
        for kind in Kind::ALL {
            let (from, to) = (Memory::new(), Memory::new());
            let mut record = samples::full(*kind, "a");
            insert(&from, record.clone()).await;
            let mut moved = 0;
            for time in super::same::times(&mut record) {
                *time = later(*time, Duration::from_nanos(nanoseconds));
                moved += 1;
            }
            insert(&to, record).await;
            let report = copy(&from, &to, Existing::Keep, |_| ()).await.unwrap();
            assert_eq!(sums(&report)[2], if moved == 0 { 1 } else { same }, "{} {nanoseconds}", kind.name());
        }
    }
}

/// A store some of whose records have decayed, and one that fails after a while.
struct Worn {
    below: Memory,
    /// How many more questions are answered.
    left: AtomicU32,
}

#[async_trait]
impl Backend for Worn {
    async fn insert(&self, record: &AnyRecord) -> Result<Write, StorageError> {
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err() {
            return Err(StorageError::unavailable("it is gone"));
        }
        if record.key().id == "many0002" {
            return Err(StorageError::Unstorable { key: Box::new(record.key()), reason: "it is odd".into() });
        }
        self.below.insert(record).await
    }

    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        self.below.get(key).await
    }

    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        self.below.replace(seen, record).await
    }

    async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        self.below.remove(key).await
    }

    async fn list(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<AnyRecord>, StorageError> {
        crate::list_readable(self, kind, after, limit).await
    }

    async fn inspect(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<Readable>, StorageError> {
        let page = self.below.list(kind, after, limit).await?;
        let read = page.into_iter().map(|record| match record.key() {
            key if key.id == "many0001" => {
                Err(StorageError::Undecodable { key: Box::new(key), field: "claims", reason: "is no JSON".into() })
            }
            _ => Ok(record),
        });
        Ok(read.collect())
    }

    async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.below.sweep(kind, now, limit).await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        Ok(())
    }
}

fn named(report: &Report) -> Vec<String> {
    report.counts.iter().flat_map(|count| &count.faults).map(ToString::to_string).collect()
}

#[tokio::test]
async fn what_cannot_be_read_or_kept_is_named_and_the_rest_goes_on() {
    let worn = |below, left| Worn { below, left: AtomicU32::new(left) };
    let from = worn(full().await, 0);
    let all = u64::from(MANY) + 2 * Kind::ALL.len() as u64;
    let undecodable = "RefreshToken `many0001` cannot be read: claims: is no JSON";
    let report = check(&from, |_| ()).await.unwrap();
    assert_eq!((sums(&report), named(&report)), ([all - 1, 0, 0, 0, 1], vec![undecodable.to_owned()]));

    let to = worn(Memory::new(), u32::MAX);
    let report = copy(&from, &to, Existing::Keep, |_| ()).await.unwrap();
    assert_eq!(sums(&report), [all - 1, all - 2, 0, 0, 2]);
    assert_eq!(named(&report), [undecodable, "RefreshToken `many0002` cannot be stored: it is odd"]);
}

#[tokio::test]
async fn a_copy_that_was_cut_off_is_made_again() {
    let (from, to) = (full().await, Worn { below: Memory::new(), left: AtomicU32::new(700) });
    let error = copy(&from, &to, Existing::Keep, |_| ()).await.unwrap_err();
    assert!(matches!(error, StorageError::Unavailable(_)), "{error}");
    to.left.store(u32::MAX, Ordering::SeqCst);
    let report = copy(&from, &to, Existing::Keep, |_| ()).await.unwrap();
    let [read, written, same, overwritten, failed] = sums(&report);
    // One is never kept; all others were written by the first copy or by the second.
    assert_eq!((read, overwritten, failed), (u64::from(MANY) + 2 * Kind::ALL.len() as u64, 0, 1));
    assert!(same >= 690 && written + same == read - 1, "{written} {same}");
}
