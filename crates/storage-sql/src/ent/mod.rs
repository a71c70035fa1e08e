//! The tables that Dex's ORM makes, which `DEX_ENT_ENABLED` selects (storage spec, 8).
//!
//! `shapes` says what is in them; here they become [`Table`]s for the codec, and statements that make what is missing in
//! a database. Each dialect has its own [`Words`] for that. Nothing is ever dropped or changed. Control leaves through
//! [`table`], [`missing`] and the two ids of a pair.

mod shapes;

use std::sync::LazyLock;

use dex_model::Kind;

use self::shapes::{Column, SHAPES, Shape};
use crate::table::Table;
use crate::value::{Type, Value};

/// The tables, in the order of [`SHAPES`].
static TABLES: LazyLock<Vec<(Kind, Table)>> =
    LazyLock::new(|| SHAPES.iter().map(|shape| (shape.kind, shape.table())).collect());

/// The table of a kind; none for what is ours alone.
pub(crate) fn table(kind: Kind) -> Option<&'static Table> {
    TABLES.iter().find(|(of, _)| *of == kind).map(|(_, table)| table)
}

/// The id that Dex gives to the row of a user and a connector. It runs both together, so some pairs share one.
pub(crate) fn id_of_pair(user_id: &str, connector_id: &str) -> String {
    hex(&[user_id, connector_id].concat())
}

/// The id of a pair whose first one belongs to another pair. Dex does not find such a row.
pub(crate) fn second_id_of_pair(user_id: &str, connector_id: &str) -> String {
    hex(&[user_id, "\0", connector_id].concat())
}

fn hex(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Maps that are empty rather than `null` until something is enrolled.
const EMPTY_MAPS: &[&str] = &["mfa_secrets", "webauthn_credentials"];

/// Makes a row as Dex writes it here: nothing in columns that cannot be NULL and in maps, text in columns of bytes.
pub(crate) fn adapt(kind: Kind, table: &Table, row: &mut [Value]) {
    let Some(shape) = SHAPES.iter().find(|shape| shape.kind == kind) else { return };
    for column in shape.columns.iter().filter(|column| !column.null) {
        let value = &mut row[table.place(column.name)];
        if *value == Value::Null {
            *value = Value::Bytes(Vec::new());
        }
    }
    for (value, (_, of)) in row.iter_mut().zip(table.columns) {
        if let (Type::TextInBytes, Value::Text(text)) = (of, &*value) {
            *value = Value::Bytes(text.as_bytes().to_vec());
        }
    }
    for column in EMPTY_MAPS.iter().filter(|column| table.has(column)) {
        let value = &mut row[table.place(column)];
        if *value == Value::Bytes(b"null".to_vec()) {
            *value = Value::Bytes(b"{}".to_vec());
        }
    }
}

/// How a dialect makes tables.
pub(crate) struct Words {
    /// What names stand between.
    pub(crate) quote: char,
    pub(crate) type_of: fn(Type) -> &'static str,
    /// The column that counts rows, its being the key included where it cannot be said later.
    pub(crate) serial: &'static str,
    /// Whether the key is said with that column.
    pub(crate) serial_is_key: bool,
    /// A default, which some dialects want in brackets.
    pub(crate) default: fn(&str) -> String,
    /// What follows the columns.
    pub(crate) ending: &'static str,
    /// Whether a unique index has the name of its column alone.
    pub(crate) short_index: bool,
}

/// The statements that make what a database lacks. `tables` are the names there are, `columns` too, as `table.column`.
pub(crate) fn missing(words: &Words, tables: &[String], columns: &[String]) -> Vec<String> {
    let mut statements = Vec::new();
    for shape in SHAPES {
        if tables.iter().any(|name| name == shape.name) {
            let there = |column: &Column| columns.contains(&format!("{}.{}", shape.name, column.name));
            let lacking = shape.columns.iter().filter(|column| !there(column));
            let table = words.name(shape.name);
            statements.extend(lacking.map(|column| format!("alter table {table} add column {}", words.column(column))));
        } else {
            statements.push(words.create(shape));
            statements.extend(words.unique(shape));
        }
    }
    statements
}

impl Words {
    fn name(&self, name: &str) -> String {
        format!("{0}{name}{0}", self.quote)
    }

    fn column(&self, column: &Column) -> String {
        let null = if column.null { "null" } else { "not null" };
        let default = if column.default.is_empty() {
            String::new()
        } else {
            format!(" default {}", (self.default)(column.default))
        };
        format!("{} {} {null}{default}", self.name(column.name), (self.type_of)(column.of))
    }

    fn create(&self, shape: &Shape) -> String {
        let mut parts = Vec::new();
        if shape.serial {
            parts.push(format!("{} {}", self.name("id"), self.serial));
        }
        parts.extend(shape.columns.iter().map(|column| self.column(column)));
        if !(shape.serial && self.serial_is_key) {
            parts.push(format!("primary key ({})", self.name("id")));
        }
        format!("create table {} ({}){}", self.name(shape.name), parts.join(", "), self.ending)
    }

    fn unique(&self, shape: &Shape) -> Option<String> {
        let column = shape.key.first().filter(|_| shape.serial)?;
        let index = if self.short_index { (*column).to_owned() } else { format!("{}_{column}_key", shape.name) };
        let (index, table, column) = (self.name(&index), self.name(shape.name), self.name(column));
        Some(format!("create unique index {index} on {table} ({column})"))
    }
}

impl Shape {
    /// The table for the codec: the columns of the key first.
    fn table(&self) -> Table {
        let is_key = |column: &&Column| self.key.contains(&column.name);
        let columns = self.columns.iter().filter(is_key).chain(self.columns.iter().filter(|column| !is_key(column)));
        let columns: Vec<_> = columns.map(|column| (column.name, column.of)).collect();
        Table {
            name: self.name,
            key: self.key,
            columns: columns.leak(),
            expiry: self.expiry,
            paired: self.key.len() > 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Layout;

    #[test]
    fn a_pair_has_the_id_that_dex_gives_it_and_another() {
        let cases = [
            ("john", "local", "97dfb661a3e5c168154f19af72ff8ef1e8edf20841bdbe7a758fffe213f54897"),
            ("joh", "nlocal", "97dfb661a3e5c168154f19af72ff8ef1e8edf20841bdbe7a758fffe213f54897"),
            ("jane", "local", "929cc981f56b2ac18099dfb467914cf4ee84c3de200bdcaf17fd3b986c4b3d0c"),
            ("1", "mock", "d5b2d07943a4cac1b9c42e1319d046d5516dd49fbea7a5eefe243bf66fce3487"),
        ];
        for (user, connector, id) in cases {
            assert_eq!(id_of_pair(user, connector), id, "{user} {connector}");
            assert_ne!(second_id_of_pair(user, connector), id, "{user} {connector}");
        }
        assert_ne!(second_id_of_pair("john", "local"), second_id_of_pair("joh", "nlocal"));
    }

    #[test]
    fn every_column_of_the_other_layout_is_there() {
        for kind in Kind::ALL {
            let Some(ent) = table(*kind) else { continue };
            for column in Table::of(Layout::Dex, *kind).names() {
                assert!(ent.has(column), "{}.{column}", ent.name);
            }
            assert!(ent.names().take(ent.key.len()).eq(ent.key.iter().copied()), "{}", ent.name);
        }
    }
}
