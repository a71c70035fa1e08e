//! What a database of Dex is made of: columns, and how values are written in them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::taken_over::path;

/// The database of a fixture, as Dex left it.
pub(crate) fn fixture(name: &str) -> Connection {
    Connection::open_with_flags(path(name, "db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// A column of Dex's tables.
#[derive(Debug, PartialEq)]
pub(crate) struct Column {
    pub(crate) table: String,
    pub(crate) name: String,
    sql_type: String,
    not_null: bool,
    default: Option<String>,
    /// Its place in the primary key, from 1.
    primary_key: i64,
}

pub(crate) fn columns(db: &Connection) -> Vec<Column> {
    let sql = "select t.name, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk
        from sqlite_master t, pragma_table_info(t.name) c
        where t.type = 'table' and t.name not like 'dex!_%' escape '!' order by t.name, c.cid";
    let mut statement = db.prepare(sql).unwrap();
    let columns = statement.query_map((), |row| {
        Ok(Column {
            table: row.get(0)?,
            name: row.get(1)?,
            sql_type: row.get(2)?,
            not_null: row.get(3)?,
            default: row.get(4)?,
            primary_key: row.get(5)?,
        })
    });
    columns.unwrap().map(Result::unwrap).collect()
}

/// Every column with each way that something is written in it. A default is nobody's writing.
pub(crate) fn shapes(db: &Connection) -> BTreeSet<(String, String)> {
    let mut shapes = BTreeSet::new();
    for Column { table, name, sql_type, default, .. } in columns(db) {
        let written = default.map_or("true".into(), |default| format!("\"{name}\" is not {default}"));
        // Keys of other names are ours alone; Dex asks for this one.
        let only = if table == "keys" { "and id = 'keys'" } else { "" };
        let sql = format!("select \"{name}\" from \"{table}\" where {written} {only}");
        let mut statement = db.prepare(&sql).unwrap();
        let mut rows = statement.query(()).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let shape = shape(row.get_ref(0).unwrap(), sql_type == "timestamp");
            shapes.insert((format!("{table}.{name}"), shape));
        }
    }
    shapes
}

fn shape(value: ValueRef<'_>, is_time: bool) -> String {
    match value {
        ValueRef::Null => "nothing".into(),
        ValueRef::Integer(_) => "an integer".into(),
        ValueRef::Real(_) => "a float".into(),
        ValueRef::Text(text) if is_time => format!("text, {}", time(std::str::from_utf8(text).unwrap())),
        ValueRef::Text(_) => "text".into(),
        ValueRef::Blob(bytes) => match serde_json::from_slice::<Value>(bytes) {
            // Go's encoder leaves no blanks; what does is an upstream's own data.
            Ok(json) if serde_json::to_vec(&json).unwrap().len() == bytes.len() => format!("bytes, {}", outline(&json)),
            _ => "bytes".into(),
        },
    }
}

/// How a column of times writes one: as Go's driver does, or otherwise.
fn time(text: &str) -> &'static str {
    let fraction = text.strip_suffix("+00:00").and_then(|text| text.split_once('.')).map_or("", |(_, digits)| digits);
    let parsed = text.replacen(' ', "T", 1).parse::<Timestamp>().is_ok();
    match text.len() {
        10 => "a day",
        25.. if parsed && text.ends_with("+00:00") && !fraction.ends_with('0') => "a time of Go's driver",
        _ => "another time",
    }
}

/// What a JSON text is made of, without what it says.
fn outline(json: &Value) -> String {
    match json {
        Value::Null => "null".into(),
        Value::Bool(_) => "a boolean".into(),
        Value::Number(_) => "a number".into(),
        Value::String(text) if text.parse::<Timestamp>().is_ok() => "a time".into(),
        Value::String(_) => "a text".into(),
        Value::Array(items) => format!("[{}]", distinct(items.iter().map(outline))),
        // A map by ids, as of refresh tokens by their clients: what they are called is no part of the shape.
        Value::Object(map) if !map.is_empty() && map.values().all(Value::is_object) => {
            format!("each {}", distinct(map.values().map(outline)))
        }
        Value::Object(map) => {
            format!("{{{}}}", distinct(map.iter().map(|(name, value)| format!("{name}: {}", outline(value)))))
        }
    }
}

fn distinct(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}
