//! Values as SQLite holds them.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::time::write;
use crate::row::{Fault, Row};
use crate::table::Table;
use crate::time;
use crate::value::{Type, Value};

/// A value as it is in a row, storage class included, so that a row can be recognised again. A
/// text need not be UTF-8.
#[derive(Clone)]
pub(super) enum Native {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

impl From<ValueRef<'_>> for Native {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(text) => Self::Text(text.to_vec()),
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
        }
    }
}

impl From<Value> for Native {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Integer(value.into()),
            Value::Int(number) => Self::Integer(number),
            Value::Text(text) => Self::Text(text.into_bytes()),
            Value::Bytes(bytes) => Self::Blob(bytes),
            Value::Time(at) => Self::Text(write(at).into_bytes()),
        }
    }
}

impl ToSql for Native {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl Native {
    /// The value, if it can be one of this type. Text stands for bytes and bytes for text, as rows
    /// of old releases need it.
    fn value(self, of: Type) -> Option<Value> {
        Some(match (of, self) {
            (Type::Time, Self::Integer(number)) => Value::Time(time::read_integer(number)),
            (Type::Time, Self::Text(text) | Self::Blob(text)) => {
                Value::Time(time::read(&String::from_utf8_lossy(&text)))
            }
            (_, Self::Null) => Value::Null,
            (Type::Bool, Self::Integer(number)) => Value::Bool(number != 0),
            (Type::Int, Self::Integer(number)) => Value::Int(number),
            (Type::Text | Type::TextInBytes, Self::Text(text) | Self::Blob(text)) => {
                Value::Text(String::from_utf8_lossy(&text).into_owned())
            }
            (Type::Bytes | Type::Json, Self::Text(bytes) | Self::Blob(bytes)) => Value::Bytes(bytes),
            _ => return None,
        })
    }
}

/// The row that SQLite answered.
pub(super) fn row(table: &'static Table, natives: Vec<Native>) -> Result<Row, Fault> {
    let columns = table.columns.iter().zip(natives);
    let values =
        columns.map(|((name, of), native)| native.value(*of).ok_or_else(|| Fault::new(name, "is of another type")));
    Ok(Row::new(table, values.collect::<Result<_, _>>()?))
}

/// The key of a row, which comes first, as far as it is text.
pub(super) fn key(table: &Table, natives: &[Native]) -> Vec<Value> {
    let parts = natives.iter().take(table.key.len()).cloned();
    parts.map(|native| native.value(Type::Text).unwrap_or(Value::Null)).collect()
}
