//! The SQLite back end (storage spec, 7).
//!
//! Owns the database file: how it is opened, brought to Dex's schema, and asked by one thread.
//! Other processes, Dex among them, may use the file at the same time. A caller leaves with what
//! was committed, or with a [`StorageError`]; the file is whole either way.

mod file;
mod migrations;
mod native;
mod statements;
mod time;
mod worker;

use async_trait::async_trait;
use dex_model::{AnyRecord, Key, Kind, Timestamp};
use dex_storage::{Backend, Readable, Seen, StorageError, Write};
use rusqlite::{Connection, ErrorCode};
use tracing::debug;

use self::file::File;
use self::native::Native;
use self::statements::Natives;
use self::worker::{Access, Failure, Worker};
use crate::codec;
use crate::open_error::OpenError;
use crate::options::Layout;
use crate::row::Fault;
use crate::table::Table;
use crate::value::Value;

/// How many statements stay prepared; there are about six a table.
const STATEMENTS_KEPT: usize = 80;

/// How many rows are removed before others get their turn. There is one thread for all, and a row lies in three places of
/// a file that can be larger than its cache.
const SWEPT_AT_ONCE: u32 = 25;

/// `storage.config` of the type `sqlite3`.
#[derive(Debug, Clone, Default)]
pub struct SqliteOptions {
    /// A path, `:memory:`, `file:..?..`, or empty for a temporary database. Parameters after `?`
    /// that Dex's driver knows count here too.
    pub file: String,
    /// Which tables it holds.
    pub layout: Layout,
}

/// Records in a SQLite database.
pub struct Sqlite {
    layout: Layout,
    worker: Worker,
}

impl Sqlite {
    /// Opens or makes the database and brings it to the schema. Blocks, so call it at the start.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the caller stops the start and shows it.
    pub fn open(options: &SqliteOptions) -> Result<Self, OpenError> {
        let file = File::parse(&options.file)?;
        let opened = Connection::open(&file.name).and_then(|db| {
            configure(&db, &file)?;
            Ok(db)
        });
        let db = opened.map_err(|cause| OpenError::Open { file: options.file.clone(), cause })?;
        options.layout.check(&migrations::tables(&db)?)?;
        match options.layout {
            Layout::Dex => migrations::apply(&db, migrations::STEPS)?,
            Layout::Ent => migrations::make_ent(&db)?,
        }
        migrations::add_ours(&db, options.layout)?;
        Ok(Self { layout: options.layout, worker: Worker::start(db)? })
    }

    fn natives(&self, record: &AnyRecord) -> Result<Natives, StorageError> {
        Ok(codec::encode(self.layout, record)?.into_iter().map(Native::from).collect())
    }

    fn key_natives(&self, key: &Key) -> Natives {
        codec::key_values(self.layout, key).into_iter().map(|part| Native::from(Value::Text(part))).collect()
    }

    fn decode(&self, kind: Kind, natives: Natives) -> Result<AnyRecord, Fault> {
        let mut row = native::row(Table::of(self.layout, kind), natives)?;
        codec::decode(kind, &mut row)
    }

    async fn ask<T, F>(&self, access: Access, key: &Key, work: F) -> Result<T, StorageError>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let answer = self.worker.ask(access, work).await;
        answer.map_err(|failure| match failure {
            Failure::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::TooBig) => {
                let reason = "a value is longer than SQLite takes".into();
                StorageError::Unstorable { key: Box::new(key.clone()), reason }
            }
            failure => StorageError::unavailable(failure),
        })
    }
}

/// A write that was answered survives a crash of the machine (`FULL`), and readers of other
/// processes do not wait for it (WAL), unless the name of the file says otherwise.
fn configure(db: &Connection, file: &File) -> rusqlite::Result<()> {
    db.busy_timeout(file.busy_timeout)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    db.pragma_update(None, "synchronous", "FULL")?;
    if !file.pragmas.iter().any(|(name, _)| *name == "journal_mode") {
        // Not every file system can do it, nor can it be changed while another process has the file open.
        if let Err(error) = db.pragma_update(None, "journal_mode", "WAL") {
            debug!(%error, "the database keeps its journal mode");
        }
    }
    for (name, value) in &file.pragmas {
        db.pragma_update(None, name, value)?;
    }
    Ok(())
}

#[async_trait]
impl Backend for Sqlite {
    async fn insert(&self, record: &AnyRecord) -> Result<Write, StorageError> {
        let (key, row) = (record.key(), self.natives(record)?);
        let table = Table::of(self.layout, key.kind);
        if !table.paired {
            return self.ask(Access::Write, &key, move |db| statements::insert(db, table, &row)).await;
        }
        // The first id of a pair may belong to another pair, but not the second too.
        let second = codec::second(table, codec::encode(self.layout, record)?);
        let (wanted, second) = (self.key_natives(&key), second.into_iter().map(Native::from).collect::<Natives>());
        let insert = move |db: &Connection| match statements::insert(db, table, &row)? {
            Write::Lost if statements::get(db, table, &wanted)?.is_none() => statements::insert(db, table, &second),
            written => Ok(written),
        };
        self.ask(Access::Write, &key, insert).await
    }

    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        let (table, wanted) = (Table::of(self.layout, key.kind), self.key_natives(key));
        let found = self.ask(Access::Read, key, move |db| statements::get(db, table, &wanted)).await?;
        let Some(found) = found else {
            return Ok(None);
        };
        let record = self.decode(key.kind, found.clone()).map_err(|fault| fault.of(key))?;
        Ok(Some((record, Seen::new(found))))
    }

    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        let (key, seen) = (record.key(), seen.clone());
        let table = Table::of(self.layout, key.kind);
        let row = table.changing_of(self.natives(record)?);
        self.ask(Access::Write, &key, move |db| statements::replace(db, table, seen.token::<Natives>(), &row)).await
    }

    async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        let (table, gone) = (Table::of(self.layout, key.kind), self.key_natives(key));
        self.ask(Access::Write, key, move |db| statements::remove(db, table, &gone)).await
    }

    async fn list(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<AnyRecord>, StorageError> {
        dex_storage::list_readable(self, kind, after, limit).await
    }

    async fn inspect(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<Readable>, StorageError> {
        let (table, whole) = (Table::of(self.layout, kind), Key::one(kind, ""));
        let mut behind = after.map(|key| self.key_natives(key)).unwrap_or_default();
        behind.truncate(table.key.len());
        let list = move |db: &Connection| statements::list(db, table, &behind, limit.into());
        let rows = self.ask(Access::Read, &whole, list).await?;
        let read = |row: Natives| {
            let key = codec::key_of(kind, &native::key(table, &row));
            self.decode(kind, row).map_err(|fault| fault.of(&key))
        };
        Ok(rows.into_iter().map(read).collect())
    }

    async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        let table = Table::of(self.layout, kind);
        if table.expiry.is_empty() {
            return Ok(0);
        }
        let (now, whole) = (Native::from(Value::Time(now)), Key::one(kind, ""));
        let mut swept = 0;
        loop {
            let (now, some) = (now.clone(), SWEPT_AT_ONCE.min(limit - swept));
            let work = move |db: &Connection| statements::sweep(db, table, &now, some.into());
            let gone = self.ask(Access::Write, &whole, work).await?;
            swept += u32::try_from(gone).unwrap_or(some).min(some);
            if gone < some as usize || swept >= limit {
                return Ok(swept);
            }
        }
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.worker.ask(Access::Read, statements::ping).await.map_err(StorageError::unavailable)
    }

    async fn close(&self) {
        self.worker.close().await;
    }
}
