//! The typed face of a back end.

use std::sync::Arc;

use dex_model::{AnyRecord, Key, Kind, Record, Timestamp};

use crate::{Backend, Seen, StorageError, Write};

/// How often an update is tried before it is given up. Each try that loses means that another one won.
pub const UPDATE_TRIES_MAX: u32 = 16;

/// How many records one question of a listing asks for.
const LIST_PAGE: u32 = 500;

/// Where the rest of dex keeps its records.
#[derive(Clone)]
pub struct Store(Arc<dyn Backend>);

/// What became of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the record may not have been there"]
pub enum Change<T> {
    /// It was made; the record is as told.
    Made(T),
    /// There is no such record.
    Missing,
}

/// A record, and how it was seen.
#[derive(Debug, Clone)]
pub struct Read<T> {
    /// The record.
    pub record: T,
    seen: Seen,
}

/// Some records of a kind, in the order of their keys.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The records.
    pub records: Vec<T>,
    /// Behind what the next page begins; `None` after the last.
    pub next: Option<Key>,
}

impl Store {
    /// The face of `backend`.
    pub fn new(backend: impl Backend + 'static) -> Self {
        Self(Arc::new(backend))
    }

    /// Keeps a new record; `Lost` if its key is taken.
    ///
    /// # Errors
    ///
    /// [`StorageError`], as all methods here.
    pub async fn insert<T: Record>(&self, record: T) -> Result<Write, StorageError> {
        self.0.insert(&record.into_any()).await
    }

    /// The record of this id.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn get<T: Record>(&self, id: T::Id<'_>) -> Result<Option<T>, StorageError> {
        let found = self.0.get(&T::key_of(id)).await?;
        Ok(found.and_then(|(record, _)| T::from_any(record)))
    }

    /// Removes a record: `Done` for exactly one caller.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn remove<T: Record>(&self, id: T::Id<'_>) -> Result<Write, StorageError> {
        self.0.remove(&T::key_of(id)).await
    }

    /// Reads a record, changes it, and puts it back if nobody else did meanwhile; otherwise begins again.
    ///
    /// `change` may run several times. It cannot await, so nothing is asked of anybody inside a write. An
    /// error of it ends the update, and nothing is written.
    ///
    /// # Errors
    ///
    /// The error of `change`, or [`StorageError`]: [`StorageError::Contended`] after [`UPDATE_TRIES_MAX`] tries.
    pub async fn update<T, E, F>(&self, id: T::Id<'_>, change: F) -> Result<Change<T>, E>
    where
        T: Record,
        E: From<StorageError>,
        F: FnMut(T) -> Result<T, E> + Send,
    {
        match self.read(id).await? {
            Some(read) => self.update_read(read, change).await,
            None => Ok(Change::Missing),
        }
    }

    /// The record of this id, ready to be changed without being read again.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn read<T: Record>(&self, id: T::Id<'_>) -> Result<Option<Read<T>>, StorageError> {
        self.read_key(&T::key_of(id)).await
    }

    async fn read_key<T: Record>(&self, key: &Key) -> Result<Option<Read<T>>, StorageError> {
        let found = self.0.get(key).await?;
        Ok(found.and_then(|(record, seen)| Some(Read { record: T::from_any(record)?, seen })))
    }

    /// As [`update`](Self::update), beginning with what was read before.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn update_read<T, E, F>(&self, read: Read<T>, mut change: F) -> Result<Change<T>, E>
    where
        T: Record,
        E: From<StorageError>,
        F: FnMut(T) -> Result<T, E> + Send,
    {
        let key = read.record.clone().into_any().key();
        let mut read = Some(read);
        for _ in 0..UPDATE_TRIES_MAX {
            let Some(Read { record, seen }) = read else { return Ok(Change::Missing) };
            let changed = change(record)?;
            if self.0.replace(&seen, &changed.clone().into_any()).await? == Write::Done {
                return Ok(Change::Made(changed));
            }
            read = self.read_key(&key).await?;
        }
        Err(StorageError::Contended { key: Box::new(key) }.into())
    }

    /// Changes the record of this id, or keeps `new` if there is none.
    ///
    /// # Errors
    ///
    /// As [`update`](Self::update).
    pub async fn upsert<T, F>(&self, id: T::Id<'_>, new: T, mut change: F) -> Result<T, StorageError>
    where
        T: Record,
        F: FnMut(T) -> T + Send,
    {
        for _ in 0..UPDATE_TRIES_MAX {
            if let Change::Made(record) = self.update(id, |record| Ok::<_, StorageError>(change(record))).await? {
                return Ok(record);
            }
            if self.insert(new.clone()).await? == Write::Done {
                return Ok(new);
            }
        }
        Err(StorageError::Contended { key: Box::new(T::key_of(id)) })
    }

    /// Every record of a kind that callers know to be few: clients, passwords, connectors.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn list<T: Record>(&self) -> Result<Vec<T>, StorageError> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.page(after.as_ref(), LIST_PAGE).await?;
            all.extend(page.records);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// The next `limit` records of a kind, behind `after` or from the first, for kinds that may be many.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn page<T: Record>(&self, after: Option<&Key>, limit: u32) -> Result<Page<T>, StorageError> {
        let page = self.0.list(T::KIND, after, limit).await?;
        let next = if page.len() < limit as usize { None } else { page.last().map(AnyRecord::key) };
        Ok(Page { records: page.into_iter().filter_map(T::from_any).collect(), next })
    }

    /// The records of a kind whose id begins with `prefix`; nothing else of the kind is read.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn list_prefix<T: Record>(&self, prefix: &str) -> Result<Vec<T>, StorageError> {
        let mut found = Vec::new();
        let mut after = Key::one(T::KIND, prefix);
        loop {
            let page = self.0.list(T::KIND, Some(&after), LIST_PAGE).await?;
            let last = page.last().map(AnyRecord::key);
            let more = page.len() >= LIST_PAGE as usize;
            let fitting = page.into_iter().take_while(|record| record.key().id.starts_with(prefix));
            found.extend(fitting.filter_map(T::from_any));
            match last.filter(|last| more && last.id.starts_with(prefix)) {
                Some(last) => after = last,
                None => return Ok(found),
            }
        }
    }

    /// Removes up to `limit` records of a kind whose time is over; answers how many.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.0.sweep(kind, now, limit).await
    }

    /// Whether the back end answers.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn ping(&self) -> Result<(), StorageError> {
        self.0.ping().await
    }

    /// Finishes what is on its way and lets go of files and connections.
    pub async fn close(&self) {
        self.0.close().await;
    }
}
