//! Records in memory, gone when the process ends.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use dex_model::{AnyRecord, Key, Kind, Timestamp};

use crate::marks::{self, Marks};
use crate::{Backend, Seen, StorageError, Write, expiry_of};

/// A back end that keeps its records in memory (storage spec, 6).
///
/// One lock guards them all; it is held for a few map steps and never across an await.
#[derive(Default)]
pub struct Memory(Mutex<Records>);

#[derive(Default)]
struct Records {
    by_key: BTreeMap<Arc<Key>, Entry>,
    /// What can be swept, soonest first within a kind.
    by_expiry: BTreeSet<(Kind, Timestamp, Arc<Key>)>,
    /// Records of the kind `Spent`, of which there are by far the most.
    marks: Marks,
    /// How many writes there were; each gives its record a version of its own.
    writes: u64,
}

struct Entry {
    version: u64,
    record: AnyRecord,
}

impl Memory {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Records {
    fn put(&mut self, key: Key, record: AnyRecord) {
        let _ = self.take(&key);
        let key = Arc::new(key);
        if let Some(expiry) = expiry_of(&record) {
            self.by_expiry.insert((key.kind, expiry, key.clone()));
        }
        self.writes += 1;
        self.by_key.insert(key, Entry { version: self.writes, record });
    }

    fn take(&mut self, key: &Key) -> Write {
        let Some((key, Entry { record, .. })) = self.by_key.remove_entry(key) else {
            return Write::Lost;
        };
        if let Some(expiry) = expiry_of(&record) {
            self.by_expiry.remove(&(key.kind, expiry, key));
        }
        Write::Done
    }
}

#[async_trait]
impl Backend for Memory {
    async fn insert(&self, record: &AnyRecord) -> Result<Write, StorageError> {
        let mut records = self.records();
        if let AnyRecord::Spent(mark) = record {
            return Ok(records.marks.insert(mark));
        }
        let (key, record) = (record.key(), record.clone());
        if records.by_key.contains_key(&key) {
            return Ok(Write::Lost);
        }
        records.put(key, record);
        Ok(Write::Done)
    }

    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        let records = self.records();
        if key.kind == Kind::Spent {
            let found = records.marks.get(&key.id);
            return Ok(found.map(|expiry| (marks::record(&key.id, expiry), Seen::new(expiry))));
        }
        let found = records.by_key.get(key);
        Ok(found.map(|entry| (entry.record.clone(), Seen::new(entry.version))))
    }

    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        let mut records = self.records();
        if let AnyRecord::Spent(mark) = record {
            return Ok(records.marks.replace(*seen.token::<Timestamp>(), mark));
        }
        let (key, record) = (record.key(), record.clone());
        let version = records.by_key.get(&key).map(|entry| entry.version);
        if version != Some(*seen.token::<u64>()) {
            return Ok(Write::Lost);
        }
        records.put(key, record);
        Ok(Write::Done)
    }

    async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        let mut records = self.records();
        Ok(if key.kind == Kind::Spent { records.marks.remove(&key.id) } else { records.take(key) })
    }

    async fn list(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<AnyRecord>, StorageError> {
        if kind == Kind::Spent {
            return Ok(self.records().marks.list(after.map(|key| key.id.as_str()), limit as usize));
        }
        let first = Key::one(kind, "");
        let from = after.map_or(Bound::Included(&first), Bound::Excluded);
        let records = self.records();
        let behind = records.by_key.range::<Key, _>((from, Bound::Unbounded));
        let page = behind.take_while(|(key, _)| key.kind == kind).take(limit as usize);
        Ok(page.map(|(_, entry)| entry.record.clone()).collect())
    }

    async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        if kind == Kind::Spent {
            return Ok(self.records().marks.sweep(now, limit));
        }
        // The empty key is the least of its kind, so what expires at `now` itself stays.
        let least = Arc::new(Key::one(kind, ""));
        let (from, to) = ((kind, Timestamp::MIN, least.clone()), (kind, now, least));
        let mut records = self.records();
        let over = records.by_expiry.range(from..to).take(limit as usize);
        let over: Vec<Arc<Key>> = over.map(|(_, _, key)| key.clone()).collect();
        let mut swept = 0;
        for key in over {
            swept += u32::from(records.take(&key) == Write::Done);
        }
        Ok(swept)
    }

    async fn ping(&self) -> Result<(), StorageError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn memory_is_a_back_end() {
        crate::conformance::run(|| async { Memory::new() }).await;
    }

    #[tokio::test]
    async fn nothing_is_left_of_what_was_swept() {
        let memory = Memory::new();
        for (id, second) in [("a", 1), ("b", 2), ("a", 3)] {
            let expiry = Timestamp::constant(second, 0);
            let spent = dex_model::Record::into_any(dex_model::Spent { id: id.into(), expiry });
            let key = spent.key();
            match memory.get(&key).await.unwrap() {
                None => assert_eq!(memory.insert(&spent).await.unwrap(), Write::Done),
                Some((_, seen)) => {
                    assert_eq!(memory.replace(&seen, &spent).await.unwrap(), Write::Done)
                }
            }
        }
        assert_eq!(memory.sweep(Kind::Spent, Timestamp::constant(3, 0), 9).await.unwrap(), 1);
        assert_eq!(memory.sweep(Kind::Spent, Timestamp::constant(4, 0), 9).await.unwrap(), 1);
        let records = memory.records();
        assert_eq!((records.by_key.len(), records.by_expiry.len()), (0, 0));
        assert!(records.marks.is_empty());
    }
}
