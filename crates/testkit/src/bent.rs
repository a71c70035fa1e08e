//! A back end that does something else than it should, as a test wants it.

use async_trait::async_trait;
use dex_model::{AnyRecord, Key, Kind, Timestamp};
use dex_storage::{Backend, Seen, StorageError, Write};

/// What becomes of the calls of a back end. Those that a test leaves alone go to the one below.
#[async_trait]
pub trait Bend: Send + Sync {
    /// The back end below.
    fn below(&self) -> &dyn Backend;

    /// In the place of [`Backend::get`].
    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        self.below().get(key).await
    }

    /// In the place of [`Backend::replace`].
    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        self.below().replace(seen, record).await
    }

    /// In the place of [`Backend::remove`].
    async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        self.below().remove(key).await
    }
}

/// The back end that a [`Bend`] makes.
#[derive(Default)]
pub struct Bent<T>(pub T);

#[async_trait]
impl<T: Bend> Backend for Bent<T> {
    async fn insert(&self, record: &AnyRecord) -> Result<Write, StorageError> {
        self.0.below().insert(record).await
    }

    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        self.0.get(key).await
    }

    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        self.0.replace(seen, record).await
    }

    async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        self.0.remove(key).await
    }

    async fn list(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<AnyRecord>, StorageError> {
        self.0.below().list(kind, after, limit).await
    }

    async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.0.below().sweep(kind, now, limit).await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.0.below().ping().await
    }
}
