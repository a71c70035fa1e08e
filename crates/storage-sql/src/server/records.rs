//! The six operations, each a statement.

use dex_model::{AnyRecord, Key, Kind, Timestamp};
use dex_storage::{Readable, Seen, StorageError, Write};
use tracing::debug;

use super::dialect::{Answer, Dialect, Fault, Order};
use super::failure::{Failure, Place};
use super::migrations;
use super::pool::Pool;
use super::statements::{Statements, behind};
use crate::codec;
use crate::open_error::OpenError;
use crate::options::{Layout, ServerOptions};
use crate::table::Table;
use crate::value::{Type, Value};

/// How often a statement is run that others were in the way of, before it is given up.
const TRIES_MAX: u32 = 8;

/// Records in the tables of a server.
pub(crate) struct Records<D: Dialect> {
    place: Place,
    layout: Layout,
    pool: Pool<D>,
    /// By kind, in the order of [`Kind::ALL`].
    statements: Vec<Statements>,
}

/// A failure of a statement, and what it means.
type Failed = (Failure, Fault);

impl<D: Dialect> Records<D> {
    /// Connects and brings the database to the schema.
    pub(crate) async fn connect(connect: D::Options, options: &ServerOptions, place: Place) -> Result<Self, OpenError> {
        let pool = Pool::<D>::new(connect, options);
        let server = |cause| OpenError::server(&place, cause);
        let mut held = pool.take().await.map_err(server)?;
        migrations::bring_up(held.connection(), &place, options.layout).await?;
        held.give_back();
        let statements = Kind::ALL.iter().map(|kind| Statements::of::<D>(Table::of(options.layout, *kind))).collect();
        Ok(Self { place, layout: options.layout, pool, statements })
    }

    fn of(&self, kind: Kind) -> (&'static Table, &Statements) {
        (Table::of(self.layout, kind), &self.statements[kind as usize])
    }

    /// Runs a statement, again when others were in its way. A question is asked once more when its
    /// connection had broken unnoticed; a write is not, for it may have been made.
    async fn run(&self, order: &Order) -> Result<Answer, Failed> {
        let question = !order.columns.is_empty();
        let mut tries = 0;
        loop {
            tries += 1;
            let held = self.pool.take().await.map_err(|failure| (failure, Fault::Other))?;
            let failed = match held.run(order).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            let again = failed.1 == Fault::Again || (failed.1 == Fault::Broken && question);
            if !again || tries >= TRIES_MAX {
                return Err(failed);
            }
            debug!(error = %failed.0, tries, "a statement is tried again");
        }
    }

    fn unavailable(&self, failure: &Failure) -> StorageError {
        StorageError::unavailable(format!("{}: {failure}", self.place))
    }

    /// What a failed write is for its caller.
    fn unwritten(&self, key: &Key, (failure, fault): Failed) -> StorageError {
        match fault {
            Fault::Value => StorageError::Unstorable { key: Box::new(key.clone()), reason: failure.to_string() },
            _ => self.unavailable(&failure),
        }
    }

    fn row(&self, record: &AnyRecord) -> Result<Vec<Value>, StorageError> {
        let row = codec::encode(self.layout, record)?;
        let held = row.iter().all(|value| match value {
            Value::Text(text) => D::can_hold(text),
            _ => true,
        });
        if held {
            return Ok(row);
        }
        let reason = "a value holds a character that the database does not take".into();
        Err(StorageError::Unstorable { key: Box::new(record.key()), reason })
    }

    /// The parameters by which a row is found; none if no row can have such a key.
    fn key(&self, key: &Key) -> Option<Vec<(Type, Value)>> {
        let values = codec::key_values(self.layout, key);
        let held = values.iter().all(|value| D::can_hold(value));
        let table = Table::of(self.layout, key.kind);
        held.then(|| texts(D::key_parameters(table, values.into_iter().map(Value::Text).collect())))
    }

    pub(crate) async fn insert(&self, record: &AnyRecord) -> Result<Write, StorageError> {
        let key = record.key();
        let (table, statements) = self.of(key.kind);
        let row = self.row(record)?;
        if self.try_insert(table, statements, &key, row.clone()).await? == Write::Done {
            return Ok(Write::Done);
        }
        // Where two names are one to the server or to Dex, the row in the way may be that of another.
        let doubtful = D::FOLDS || table.paired;
        if !doubtful || self.get(&key).await.is_ok_and(|found| found.is_some()) {
            return Ok(Write::Lost);
        }
        let row = if table.paired { codec::second(table, row) } else { row };
        if self.try_insert(table, statements, &key, row).await? == Write::Done {
            return Ok(Write::Done);
        }
        let reason = "the database takes its name for another that is there".into();
        Err(StorageError::Unstorable { key: Box::new(key), reason })
    }

    async fn try_insert(
        &self,
        table: &Table,
        statements: &Statements,
        key: &Key,
        row: Vec<Value>,
    ) -> Result<Write, StorageError> {
        let order = Order { text: statements.insert.clone(), parameters: typed(table, row), columns: [].into() };
        match self.run(&order).await {
            Ok(answer) => Ok(written(&answer)),
            Err((_, Fault::Taken)) => Ok(Write::Lost),
            Err(failed) => Err(self.unwritten(key, failed)),
        }
    }

    pub(crate) async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        let (table, statements) = self.of(key.kind);
        let Some(parameters) = self.key(key) else { return Ok(None) };
        let order = Order { text: statements.get.clone(), parameters, columns: statements.columns.clone() };
        let answer = self.run(&order).await.map_err(|(failure, _)| self.unavailable(&failure))?;
        let Some(row) = answer.rows.into_iter().next() else { return Ok(None) };
        let seen = D::seen_parameters(table, &row);
        let decoded = D::row(table, row).and_then(|mut row| codec::decode(key.kind, &mut row));
        let record = decoded.map_err(|fault| fault.of(key))?;
        Ok(Some((record, Seen::new(seen))))
    }

    pub(crate) async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        let key = record.key();
        let (table, statements) = self.of(key.kind);
        let row = table.changing_of(self.row(record)?);
        let Some(found_by) = self.key(&key) else { return Ok(Write::Lost) };
        let types = table.changing().map(|(_, of)| of);
        let seen = seen.token::<Vec<Value>>().iter().map(|value| (type_of(value), value.clone()));
        let parameters = types.zip(row).chain(found_by).chain(seen).collect();
        let order = Order { text: statements.replace.clone(), parameters, columns: [].into() };
        let answer = self.run(&order).await.map_err(|failed| self.unwritten(&key, failed))?;
        Ok(written(&answer))
    }

    pub(crate) async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        let (_, statements) = self.of(key.kind);
        let Some(parameters) = self.key(key) else { return Ok(Write::Lost) };
        let order = Order { text: statements.remove.clone(), parameters, columns: [].into() };
        let answer = self.run(&order).await.map_err(|(failure, _)| self.unavailable(&failure))?;
        Ok(written(&answer))
    }

    pub(crate) async fn inspect(
        &self,
        kind: Kind,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Readable>, StorageError> {
        let (table, statements) = self.of(kind);
        let values = after.map(|key| codec::key_values(self.layout, key).into_iter().take(table.key.len()));
        let after: Option<Vec<Value>> = values.map(|values| values.map(Value::Text).collect());
        let text = statements.pages[usize::from(after.is_some())].clone();
        let mut parameters = texts(after.map(behind).unwrap_or_default());
        parameters.push((Type::Int, Value::Int(limit.into())));
        let order = Order { text, parameters, columns: statements.columns.clone() };
        let answer = self.run(&order).await.map_err(|(failure, _)| self.unavailable(&failure))?;
        let read = |row: Vec<Value>| {
            let key = codec::key_of(kind, &row);
            let decoded = D::row(table, row).and_then(|mut row| codec::decode(kind, &mut row));
            decoded.map_err(|fault| fault.of(&key))
        };
        Ok(answer.rows.into_iter().map(read).collect())
    }

    pub(crate) async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        let (table, statements) = self.of(kind);
        if table.expiry.is_empty() {
            return Ok(0);
        }
        let now = table.expiry.iter().map(|_| (Type::Time, Value::Time(now)));
        let parameters = now.chain([(Type::Int, Value::Int(limit.into()))]).collect();
        let order = Order { text: statements.sweep.clone(), parameters, columns: [].into() };
        let answer = self.run(&order).await.map_err(|(failure, _)| self.unavailable(&failure))?;
        Ok(u32::try_from(answer.written).unwrap_or(limit))
    }

    pub(crate) async fn ping(&self) -> Result<(), StorageError> {
        let order = Order::question("select 1", &[Type::Int]);
        self.run(&order).await.map(drop).map_err(|(failure, _)| self.unavailable(&failure))
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

fn written(answer: &Answer) -> Write {
    if answer.written == 0 { Write::Lost } else { Write::Done }
}

fn typed(table: &Table, row: Vec<Value>) -> Vec<(Type, Value)> {
    table.columns.iter().map(|(_, of)| *of).zip(row).collect()
}

fn texts(values: Vec<Value>) -> Vec<(Type, Value)> {
    values.into_iter().map(|value| (Type::Text, value)).collect()
}

fn type_of(value: &Value) -> Type {
    match value {
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Null | Value::Text(_) => Type::Text,
        Value::Bytes(_) => Type::Bytes,
        Value::Time(_) => Type::Time,
    }
}
