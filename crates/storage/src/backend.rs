//! What a place to keep records must be able to do.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use dex_model::{AnyRecord, Key, Kind, Timestamp};
use tracing::warn;

use crate::StorageError;

/// A place to keep records.
///
/// Each operation concerns one record and is atomic; nothing is ever held open between two of
/// them, so no caller can block another.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Keeps a new record. `Lost` if its key is taken.
    async fn insert(&self, record: &AnyRecord) -> Result<Write, StorageError>;

    /// The record, and how it was seen.
    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError>;

    /// Puts `record` in the place of the one that was seen. `Lost` if that has changed or gone.
    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError>;

    /// Removes a record. `Done` for exactly one caller, `Lost` if it was not there.
    async fn remove(&self, key: &Key) -> Result<Write, StorageError>;

    /// Up to `limit` records of a kind in the order of their keys, beginning behind `after`.
    ///
    /// A record that cannot be decoded is named in the log and left out.
    async fn list(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<AnyRecord>, StorageError>;

    /// As [`list`](Self::list), with each record that cannot be decoded in its place, as
    /// [`StorageError::Undecodable`]. A back end whose records can decay answers for itself.
    async fn inspect(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<Readable>, StorageError> {
        Ok(self.list(kind, after, limit).await?.into_iter().map(Ok).collect())
    }

    /// Removes up to `limit` records of a kind whose expiry lies before `now`; answers how many.
    /// Kinds without an expiry are left alone.
    async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError>;

    /// Whether the back end answers, by the cheapest question there is.
    async fn ping(&self) -> Result<(), StorageError>;

    /// Finishes what is on its way and lets go of files and connections. Nothing is asked afterwards.
    async fn close(&self) {}
}

/// A shared back end is one too.
#[async_trait]
impl<B: Backend + ?Sized> Backend for Arc<B> {
    async fn insert(&self, record: &AnyRecord) -> Result<Write, StorageError> {
        (**self).insert(record).await
    }

    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        (**self).get(key).await
    }

    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        (**self).replace(seen, record).await
    }

    async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        (**self).remove(key).await
    }

    async fn list(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<AnyRecord>, StorageError> {
        (**self).list(kind, after, limit).await
    }

    async fn inspect(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<Readable>, StorageError> {
        (**self).inspect(kind, after, limit).await
    }

    async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        (**self).sweep(kind, now, limit).await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        (**self).ping().await
    }

    async fn close(&self) {
        (**self).close().await;
    }
}

/// A record, or why it cannot be read.
pub type Readable = Result<AnyRecord, StorageError>;

/// The key of a record, or of the one that cannot be read.
pub fn key_of(record: &Readable) -> Option<Key> {
    match record {
        Ok(record) => Some(record.key()),
        Err(StorageError::Undecodable { key, .. }) => Some((**key).clone()),
        Err(_) => None,
    }
}

/// A listing made of inspections: what cannot be read is named in the log, and its place is filled with the next.
///
/// # Errors
///
/// [`StorageError`], as [`Backend::list`], whose body this is in back ends that inspect.
pub async fn list_readable<B: Backend + ?Sized>(
    backend: &B,
    kind: Kind,
    after: Option<&Key>,
    limit: u32,
) -> Result<Vec<AnyRecord>, StorageError> {
    let (mut page, mut after) = (Vec::new(), after.cloned());
    loop {
        let room = limit as usize - page.len();
        let found = backend.inspect(kind, after.as_ref(), u32::try_from(room).unwrap_or(limit)).await?;
        let ended = found.len() < room;
        after = found.last().and_then(key_of);
        for record in found {
            match record {
                Ok(record) => page.push(record),
                Err(error) => warn!(kind = kind.name(), %error, "a record is left out of the list"),
            }
        }
        if ended || page.len() >= limit as usize {
            return Ok(page);
        }
    }
}

/// What became of a write that others may have raced for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a write may have been lost"]
pub enum Write {
    /// It was made.
    Done,
    /// Somebody else was faster.
    Lost,
}

/// How a back end recognises that a record is still as it was read: a revision, the resource's
/// metadata, the row itself. Opaque to everyone else.
#[derive(Clone)]
pub struct Seen(Arc<dyn Any + Send + Sync>);

impl Seen {
    /// Wraps a back end's own token.
    pub fn new<T: Any + Send + Sync>(token: T) -> Self {
        Self(Arc::new(token))
    }

    /// The token, for the back end that made it.
    ///
    /// # Panics
    ///
    /// When another back end made it, which mixes up two stores.
    pub fn token<T: Any + Send + Sync>(&self) -> &T {
        self.0.downcast_ref().expect("a record is replaced in the back end it was read from")
    }
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seen(..)")
    }
}
