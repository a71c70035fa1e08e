//! The words of PostgreSQL.

use async_trait::async_trait;
use sqlx_core::arguments::Arguments as _;
use sqlx_core::connection::{ConnectOptions as _, Connection as _};
use sqlx_core::encode::{Encode, IsNull};
use sqlx_core::error::{BoxDynError, DatabaseError, Error};
use sqlx_core::query::query_with;
use sqlx_core::raw_sql::raw_sql;
use sqlx_core::row::Row as _;
use sqlx_core::sql_str::AssertSqlSafe;
use sqlx_core::types::Type as Typed;
use sqlx_core::value::ValueRef as _;
use sqlx_postgres::types::Oid;
use sqlx_postgres::{
    PgArgumentBuffer, PgArguments, PgConnectOptions, PgConnection, PgRow, PgTypeInfo, Postgres as Server,
};

use super::steps;
use super::time;
use crate::options::Layout;
use crate::server::{Answer, Dialect, Fault, Migrations, Order, Schema, Text};
use crate::table::Table;
use crate::value::{Type, Value};

/// The type `timestamptz`.
const TIMESTAMPTZ: Oid = Oid(1184);

/// Names the lock under which the schema is made: "dex" and a version.
const LOCK: &str = "select 1 from pg_advisory_xact_lock(1684371456)";

/// A connection to PostgreSQL.
pub(crate) struct Session(PgConnection);

/// A time as the server takes it.
struct Instant(i64);

impl Typed<Server> for Instant {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ)
    }
}

impl Encode<'_, Server> for Instant {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&self.0.to_be_bytes());
        Ok(IsNull::No)
    }
}

/// The parameters of a statement. Each has the type of its column, so that a NULL has one too.
fn arguments(order: &Order) -> Result<PgArguments, Error> {
    let mut arguments = PgArguments::default();
    for (of, value) in &order.parameters {
        let added = match (of, value) {
            (_, Value::Bool(value)) => arguments.add(*value),
            (_, Value::Int(number)) => arguments.add(*number),
            (Type::TextInBytes, Value::Text(text)) => arguments.add(text.as_bytes()),
            (Type::Json, Value::Bytes(json)) => arguments.add(String::from_utf8_lossy(json).as_ref()),
            (_, Value::Text(text)) => arguments.add(text.as_str()),
            (_, Value::Bytes(bytes)) => arguments.add(bytes.as_slice()),
            (_, Value::Time(at)) => arguments.add(Instant(time::write(*at))),
            (Type::Bool, Value::Null) => arguments.add(None::<bool>),
            (Type::Int, Value::Null) => arguments.add(None::<i64>),
            (Type::Text | Type::Json, Value::Null) => arguments.add(None::<&str>),
            (Type::Bytes | Type::TextInBytes, Value::Null) => arguments.add(None::<&[u8]>),
            (Type::Time, Value::Null) => arguments.add(None::<Instant>),
        };
        added.map_err(Error::Encode)?;
    }
    Ok(arguments)
}

fn value(row: &PgRow, at: usize, of: Type) -> Result<Value, Error> {
    let value = row.try_get_raw(at)?;
    if value.is_null() {
        return Ok(Value::Null);
    }
    let bytes = value.as_bytes().map_err(Error::Decode)?;
    let text = || String::from_utf8_lossy(bytes).into_owned();
    let wrong = || Error::Decode(format!("column {at} is of another type").into());
    Ok(match of {
        Type::Bool => Value::Bool(bytes.first().is_some_and(|byte| *byte != 0)),
        Type::Int => Value::Int(integer(bytes).ok_or_else(wrong)?),
        Type::Text | Type::TextInBytes => Value::Text(text()),
        Type::Bytes | Type::Json => Value::Bytes(bytes.to_vec()),
        Type::Time => Value::Time(time::read(integer(bytes).ok_or_else(wrong)?)),
    })
}

/// A big-endian integer of the lengths that the server has.
fn integer(bytes: &[u8]) -> Option<i64> {
    match bytes.len() {
        4 => Some(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        8 => Some(i64::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}

#[async_trait]
impl Dialect for Session {
    type Options = PgConnectOptions;

    async fn open(options: &PgConnectOptions) -> Result<Self, Error> {
        Ok(Self(options.connect().await?))
    }

    async fn run(&mut self, order: &Order) -> Result<Answer, Error> {
        let query = query_with::<Server, _>(AssertSqlSafe(order.text.clone()), arguments(order)?);
        if order.columns.is_empty() {
            let done = query.execute(&mut self.0).await?;
            return Ok(Answer { written: done.rows_affected(), rows: Vec::new() });
        }
        let rows = query.fetch_all(&mut self.0).await?;
        let row = |row: &PgRow| -> Result<Vec<Value>, Error> {
            order.columns.iter().enumerate().map(|(at, of)| value(row, at, *of)).collect()
        };
        Ok(Answer { rows: rows.iter().map(row).collect::<Result<_, _>>()?, written: 0 })
    }

    async fn script(&mut self, text: &str) -> Result<(), Error> {
        raw_sql(AssertSqlSafe(text)).execute(&mut self.0).await.map(drop)
    }

    async fn close(self) {
        // The server notices by itself when it cannot be told.
        self.0.close().await.ok();
    }

    /// By the classes of PostgreSQL's documentation, appendix A.
    fn fault(error: &dyn DatabaseError) -> Fault {
        let code = error.code().unwrap_or_default();
        match &*code {
            "23505" => Fault::Taken,
            "40001" | "40P01" => Fault::Again,
            "42501" => Fault::Right,
            "3D000" => Fault::Missing,
            // A plan that no longer fits its table, a statement that a proxy has lost, a server that goes away, or one that
            // takes no writes any more since another took its place.
            "0A000" | "25006" | "26000" | "57P01" | "57P02" | "57P03" | "57P05" => Fault::Broken,
            code if code.starts_with("22") || code.starts_with("23") || code.starts_with("54") => Fault::Value,
            code if code.starts_with("28") => Fault::Login,
            code if code.starts_with("08") => Fault::Broken,
            _ => Fault::Other,
        }
    }

    const FOLDS: bool = false;

    fn can_hold(text: &str) -> bool {
        !text.contains('\0')
    }

    fn place(n: usize, of: Type) -> String {
        let cast = if of == Type::Json { "::jsonb" } else { "" };
        format!("${n}{cast}")
    }

    fn name(name: &str) -> String {
        format!("\"{name}\"")
    }

    fn read(column: &str, of: Type) -> String {
        let cast = if of == Type::Json { "::text" } else { "" };
        format!("{column}{cast}")
    }

    fn meaning(_: Type, value: Value) -> Value {
        value
    }

    fn key_is(text: &mut Text<Self>, table: &Table) {
        text.each(table.key, " and ", |text, column| {
            text.push(&Self::name(column)).push(" = ").bind(Type::Text);
        });
        text.pair(table);
    }

    fn key_parameters(_: &Table, key: Vec<Value>) -> Vec<Value> {
        key
    }

    /// The transaction that wrote the row last. A row that is written again has another one.
    const VERSION: Option<(&'static str, Type)> = Some(("xmin::text", Type::Text));

    fn as_seen(text: &mut Text<Self>, _: &Table) {
        text.push("xmin::text = ").bind(Type::Text);
    }

    fn seen_parameters(_: &Table, row: &[Value]) -> Vec<Value> {
        row.last().cloned().into_iter().collect()
    }

    fn insert(into: String) -> String {
        format!("{into} on conflict do nothing")
    }

    /// Replicas that sweep together take different rows.
    fn sweep(text: &mut Text<Self>, table: &Table) {
        let (name, key) = (Self::name(table.name), Self::name(table.key[0]));
        text.push(&format!("delete from {name} where {key} in (select {key} from {name} where "));
        text.each(table.expiry, " or ", |text, column| {
            text.push(&Self::name(column)).push(" < ").bind(Type::Time);
        });
        text.push(" limit ").bind(Type::Int).push(" for update skip locked)");
    }

    fn migrations(layout: Layout) -> Migrations {
        Migrations {
            begin: "begin; set local lock_timeout = '300s'",
            lock: LOCK,
            end: "commit",
            undo: "rollback",
            present: "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname = current_schema()",
            schema: match layout {
                Layout::Dex => Schema::Steps { create: steps::CREATE, steps: steps::STEPS },
                Layout::Ent => Schema::Ent { words: steps::WORDS, columns: steps::COLUMNS },
            },
            spent: steps::SPENT,
        }
    }
}
