//! What a dialect says of itself.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx_core::error::DatabaseError;

use super::migrations::Migrations;
use super::statements::Text;
use crate::options::Layout;
use crate::row::Fault as ColumnFault;
use crate::table::Table;
use crate::value::{Type, Value};

/// A statement with what is bound to it.
#[derive(Clone)]
pub(crate) struct Order {
    pub(crate) text: Arc<str>,
    pub(crate) parameters: Vec<(Type, Value)>,
    /// The types of the columns that are asked for; none for a write.
    pub(crate) columns: Arc<[Type]>,
}

impl Order {
    /// A statement that stands by itself.
    pub(crate) fn plain(text: &str) -> Self {
        Self { text: text.into(), parameters: Vec::new(), columns: Arc::new([]) }
    }

    /// A question for these columns.
    pub(crate) fn question(text: &str, columns: &[Type]) -> Self {
        Self { columns: columns.into(), ..Self::plain(text) }
    }
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Answer {
    /// Values as the dialect holds them.
    pub(crate) rows: Vec<Vec<Value>>,
    /// How many rows were written.
    pub(crate) written: u64,
}

/// What an error of the server means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The key is taken.
    Taken,
    /// A value is longer or stranger than the column takes.
    Value,
    /// Others were in the way and the statement was undone: it can be repeated.
    Again,
    /// It is there already: a table, a column or an index.
    Exists,
    /// The user or the password is wrong.
    Login,
    /// The database is not there.
    Missing,
    /// The user may not do this.
    Right,
    /// The connection is of no more use.
    Broken,
    /// Anything else.
    Other,
}

/// One connection to a server, and what is particular to its dialect.
#[async_trait]
pub(crate) trait Dialect: Send + Sized + 'static {
    /// How to connect.
    type Options: Send + Sync;

    /// Connects and logs in.
    async fn open(options: &Self::Options) -> Result<Self, sqlx_core::Error>;

    /// Runs one statement.
    async fn run(&mut self, order: &Order) -> Result<Answer, sqlx_core::Error>;

    /// Runs a statement as it is, unprepared.
    async fn script(&mut self, text: &str) -> Result<(), sqlx_core::Error>;

    /// Says good-bye.
    async fn close(self);

    /// What an error of the server means.
    fn fault(error: &dyn DatabaseError) -> Fault;

    /// Whether two names may be one to it, by the rules of a language.
    const FOLDS: bool;

    /// Whether text can be kept at all.
    fn can_hold(text: &str) -> bool;

    /// The n-th parameter, from 1.
    fn place(n: usize, of: Type) -> String;

    /// A name as an identifier.
    fn name(name: &str) -> String;

    /// How a column is read.
    fn read(column: &str, of: Type) -> String;

    /// What a value that was read means.
    fn meaning(of: Type, value: Value) -> Value;

    /// Adds the conditions by which exactly the row with a key is found.
    fn key_is(text: &mut Text<Self>, table: &Table);

    /// The parameters of these conditions.
    fn key_parameters(table: &Table, key: Vec<Value>) -> Vec<Value>;

    /// What is read besides the table's columns, to recognise the row again.
    const VERSION: Option<(&'static str, Type)>;

    /// Adds the conditions that the row is still as it was seen.
    fn as_seen(text: &mut Text<Self>, table: &Table);

    /// The parameters of these conditions, of a row with what is read besides.
    fn seen_parameters(table: &Table, row: &[Value]) -> Vec<Value>;

    /// The insert of a row that does nothing where its key is taken, or fails with [`Fault::Taken`].
    fn insert(into: String) -> String;

    /// The text that removes up to as many rows as the last parameter says.
    fn sweep(text: &mut Text<Self>, table: &Table);

    /// How the schema is made.
    fn migrations(layout: Layout) -> Migrations;

    /// The row that was asked for.
    fn row(table: &'static Table, values: Vec<Value>) -> Result<crate::row::Row, ColumnFault> {
        let columns = table.columns.iter().zip(values);
        let values = columns.map(|((_, of), value)| Self::meaning(*of, value)).collect();
        Ok(crate::row::Row::new(table, values))
    }
}
