//! A back end whose readers meet, so that a race happens for certain.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use dex_model::{AnyRecord, Key, Kind, Timestamp};
use tokio::sync::Barrier;

use crate::{Backend, Seen, StorageError, Write};

/// Lets the first readers go on only when all of them have read.
///
/// Each of them then holds what it read, and what it was seen by, before any of them has written.
pub struct ReadTogether<B> {
    below: B,
    gate: Barrier,
    awaited: AtomicUsize,
}

impl<B: Backend> ReadTogether<B> {
    /// Makes the first `readers` reads meet. Fewer of them wait for ever.
    pub fn new(below: B, readers: usize) -> Self {
        Self { below, gate: Barrier::new(readers), awaited: AtomicUsize::new(readers) }
    }
}

#[async_trait]
impl<B: Backend> Backend for ReadTogether<B> {
    async fn insert(&self, record: &AnyRecord) -> Result<Write, StorageError> {
        self.below.insert(record).await
    }

    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        let found = self.below.get(key).await;
        let one_fewer = |awaited: usize| awaited.checked_sub(1);
        if self.awaited.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_fewer).is_ok() {
            self.gate.wait().await;
        }
        found
    }

    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        self.below.replace(seen, record).await
    }

    async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        self.below.remove(key).await
    }

    async fn list(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<AnyRecord>, StorageError> {
        self.below.list(kind, after, limit).await
    }

    async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.below.sweep(kind, now, limit).await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.below.ping().await
    }

    async fn close(&self) {
        self.below.close().await;
    }
}
