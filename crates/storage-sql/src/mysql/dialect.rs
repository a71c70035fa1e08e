//! The words of MySQL and MariaDB.

use async_trait::async_trait;
use dex_model::{Timestamp, ZERO_TIME};
use sqlx_core::arguments::Arguments as _;
use sqlx_core::connection::{ConnectOptions as _, Connection as _};
use sqlx_core::error::{DatabaseError, Error};
use sqlx_core::query::query_with;
use sqlx_core::raw_sql::raw_sql;
use sqlx_core::row::Row as _;
use sqlx_core::sql_str::AssertSqlSafe;
use sqlx_mysql::{MySql as Server, MySqlArguments, MySqlConnectOptions, MySqlConnection, MySqlDatabaseError, MySqlRow};

use super::steps;
use crate::options::Layout;
use crate::server::{Answer, Dialect, Fault, Migrations, Order, Schema, Text};
use crate::table::Table;
use crate::time;
use crate::value::{Type, Value};

/// How a session behaves, whatever the server's settings: a value that does not fit is refused, never cut; the zero
/// date that stands for no time can be written, as Dex reads it; no lock is waited for longer than a statement may take.
const SESSION: &str = "set sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00',
    innodb_lock_wait_timeout = 3, autocommit = 1, names utf8mb4";

/// The text of no time.
const NO_TIME: &str = "0000-00-00 00:00:00.000";

/// The first instant that the server's calendar knows. It stands for no time where Dex's migrations set it.
const FIRST: Timestamp = Timestamp::constant(-30_610_224_000, 0);

/// A connection to the server.
pub(crate) struct Session(MySqlConnection);

/// A time as the server is sent it; finer than it keeps is cut, never rounded up.
fn write(at: Timestamp) -> String {
    if at <= FIRST {
        return NO_TIME.to_owned();
    }
    let (text, nanosecond) = time::write(at);
    format!("{text}.{:03}", nanosecond / 1_000_000)
}

fn read(text: &str) -> Timestamp {
    let at = time::read(text);
    if at <= FIRST { ZERO_TIME } else { at }
}

fn arguments(order: &Order) -> Result<MySqlArguments, Error> {
    let mut arguments = MySqlArguments::default();
    for (of, value) in &order.parameters {
        let added = match (of, value) {
            (_, Value::Null) => arguments.add(None::<&str>),
            (_, Value::Bool(value)) => arguments.add(*value),
            (_, Value::Int(number)) => arguments.add(*number),
            (Type::TextInBytes, Value::Text(text)) => arguments.add(text.as_bytes()),
            (Type::Json, Value::Bytes(json)) => arguments.add(String::from_utf8_lossy(json).as_ref()),
            (_, Value::Text(text)) => arguments.add(text.as_str()),
            (_, Value::Bytes(bytes)) => arguments.add(bytes.as_slice()),
            (_, Value::Time(at)) => arguments.add(write(*at)),
        };
        added.map_err(Error::Encode)?;
    }
    Ok(arguments)
}

/// A value as it came; a time is its text.
fn value(row: &MySqlRow, at: usize, of: Type) -> Result<Value, Error> {
    let value = match of {
        Type::Bool | Type::Int => row.try_get_unchecked::<Option<i64>, _>(at)?.map(Value::Int),
        Type::Text | Type::TextInBytes | Type::Time => row
            .try_get_unchecked::<Option<Vec<u8>>, _>(at)?
            .map(|text| Value::Text(String::from_utf8_lossy(&text).into_owned())),
        Type::Bytes | Type::Json => row.try_get_unchecked::<Option<Vec<u8>>, _>(at)?.map(Value::Bytes),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// A column so that only the same characters are equal.
fn exactly(column: &str) -> String {
    format!("cast(cast({column} as char) as binary)")
}

#[async_trait]
impl Dialect for Session {
    type Options = MySqlConnectOptions;

    async fn open(options: &MySqlConnectOptions) -> Result<Self, Error> {
        let opened = options.connect().await.map_err(|error| match error {
            Error::Configuration(cause) if cause.to_string().contains("RSA") => {
                Error::Configuration("the server takes this user's password over TLS only; set `ssl.mode`".into())
            }
            error => error,
        });
        let mut session = Self(opened?);
        session.script(SESSION).await?;
        Ok(session)
    }

    async fn run(&mut self, order: &Order) -> Result<Answer, Error> {
        let query = query_with::<Server, _>(AssertSqlSafe(order.text.clone()), arguments(order)?);
        if order.columns.is_empty() {
            let done = query.execute(&mut self.0).await?;
            return Ok(Answer { written: done.rows_affected(), rows: Vec::new() });
        }
        let rows = query.fetch_all(&mut self.0).await?;
        let row = |row: &MySqlRow| -> Result<Vec<Value>, Error> {
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

    /// By the numbers of MySQL's error reference, and MariaDB's.
    fn fault(error: &dyn DatabaseError) -> Fault {
        match error.try_downcast_ref::<MySqlDatabaseError>().map_or(0, MySqlDatabaseError::number) {
            1022 | 1062 | 1586 => Fault::Taken,
            1048 | 1118 | 1153 | 1264 | 1292 | 1366 | 1406 | 3140 | 4025 => Fault::Value,
            1205 | 1213 => Fault::Again,
            1050 | 1060 | 1061 => Fault::Exists,
            1045 | 1130 | 1251 | 1698 | 1820 | 1862 => Fault::Login,
            1049 => Fault::Missing,
            1044 | 1142 | 1143 | 1227 => Fault::Right,
            // The server goes away, has lost a statement that was prepared, or takes no writes any more since another took
            // its place.
            1053 | 1077 | 1079 | 1243 | 1290 | 1615 | 1792 | 1836 | 1927 | 4031 => Fault::Broken,
            _ => Fault::Other,
        }
    }

    /// The collations of tables that Dex made decide.
    const FOLDS: bool = true;

    fn can_hold(_: &str) -> bool {
        true
    }

    fn place(_: usize, _: Type) -> String {
        "?".into()
    }

    fn name(name: &str) -> String {
        format!("`{name}`")
    }

    fn read(column: &str, of: Type) -> String {
        if of == Type::Time { format!("cast({column} as char)") } else { column.to_owned() }
    }

    fn meaning(of: Type, value: Value) -> Value {
        match (of, value) {
            (Type::Bool, Value::Int(value)) => Value::Bool(value != 0),
            (Type::Time, Value::Text(text)) => Value::Time(read(&text)),
            (_, value) => value,
        }
    }

    /// First as the index finds them, then to the character.
    fn key_is(text: &mut Text<Self>, table: &Table) {
        text.each(table.key, " and ", |text, column| {
            let column = Self::name(column);
            text.push(&column).push(" = ").bind(Type::Text);
            text.push(" and ").push(&exactly(&column)).push(" = ").bind(Type::Text);
        });
        text.pair(table);
    }

    fn key_parameters(table: &Table, mut key: Vec<Value>) -> Vec<Value> {
        let ids = key.split_off(table.key.len());
        key.into_iter().flat_map(|value| [value.clone(), value]).chain(ids).collect()
    }

    const VERSION: Option<(&'static str, Type)> = None;

    fn as_seen(text: &mut Text<Self>, table: &Table) {
        text.each(table.changing(), " and ", |text, (column, of)| {
            let column = Self::name(column);
            let column = match of {
                Type::Bool | Type::Int | Type::Bytes | Type::TextInBytes => column,
                Type::Text | Type::Json | Type::Time => exactly(&column),
            };
            text.push(&column).push(" <=> ").bind(Type::Text);
        });
    }

    fn seen_parameters(table: &Table, row: &[Value]) -> Vec<Value> {
        table.changing_of(row.to_vec())
    }

    fn insert(into: String) -> String {
        into
    }

    fn sweep(text: &mut Text<Self>, table: &Table) {
        text.push(&format!("delete from {} where ", Self::name(table.name)));
        text.each(table.expiry, " or ", |text, column| {
            text.push(&Self::name(column)).push(" < ").bind(Type::Time);
        });
        text.push(" limit ").bind(Type::Int);
    }

    fn migrations(layout: Layout) -> Migrations {
        Migrations {
            begin: "set lock_wait_timeout = 300",
            lock: "select get_lock(concat('dex.', md5(database())), 300)",
            end: "do release_lock(concat('dex.', md5(database())))",
            undo: "do release_lock(concat('dex.', md5(database())))",
            present: "select table_name from information_schema.tables where table_schema = database()
                union select index_name from information_schema.statistics where table_schema = database()",
            schema: match layout {
                Layout::Dex => Schema::Steps { create: steps::CREATE, steps: steps::STEPS },
                Layout::Ent => Schema::Ent { words: steps::WORDS, columns: steps::COLUMNS },
            },
            spent: steps::SPENT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_to_the_millisecond_and_no_time_is_the_zero_date() {
        let cases = [
            ("2026-08-06T15:14:24.123999999Z", "2026-08-06 15:14:24.123", "2026-08-06T15:14:24.123Z"),
            ("1970-01-01T00:00:00Z", "1970-01-01 00:00:00.000", "1970-01-01T00:00:00Z"),
            ("0001-01-01T00:00:00Z", NO_TIME, "0001-01-01T00:00:00Z"),
            ("1000-01-01T00:00:00Z", NO_TIME, "0001-01-01T00:00:00Z"),
            ("1000-01-01T00:00:00.001Z", "1000-01-01 00:00:00.001", "1000-01-01T00:00:00.001Z"),
        ];
        for (given, text, again) in cases {
            assert_eq!(write(given.parse().unwrap()), text, "{given}");
            assert_eq!(read(text), again.parse::<Timestamp>().unwrap(), "{given}");
        }
        assert_eq!(read("1000-01-01 00:00:00.000"), ZERO_TIME);
    }
}
