//! The six operations as statements, each atomic in itself.

use dex_storage::Write;
use rusqlite::{Connection, params_from_iter};

use super::native::Native;
use crate::table::Table;

/// What SQLite answered: the values of one row.
pub(super) type Natives = Vec<Native>;

pub(super) fn insert(db: &Connection, table: &Table, row: &[Native]) -> rusqlite::Result<Write> {
    let places = vec!["?"; row.len()].join(", ");
    let sql = format!("insert into {} ({}) values ({places}) on conflict do nothing", table.name, columns(table));
    written(db.prepare_cached(&sql)?.execute(params_from_iter(row))?)
}

pub(super) fn get(db: &Connection, table: &Table, key: &[Native]) -> rusqlite::Result<Option<Natives>> {
    let sql = format!("select {} from {} where {}", columns(table), table.name, key_is(table));
    Ok(query(db, &sql, key)?.pop())
}

/// Writes `row` where every column still is as `seen`, whoever wrote it.
pub(super) fn replace(db: &Connection, table: &Table, seen: &[Native], row: &[Native]) -> rusqlite::Result<Write> {
    let set: Vec<_> = table.changing().map(|(name, _)| format!("{name} = ?")).collect();
    let same: Vec<_> = table.names().map(|name| format!("{name} is ?")).collect();
    let sql = format!("update {} set {} where {}", table.name, set.join(", "), same.join(" and "));
    written(db.prepare_cached(&sql)?.execute(params_from_iter(row.iter().chain(seen)))?)
}

pub(super) fn remove(db: &Connection, table: &Table, key: &[Native]) -> rusqlite::Result<Write> {
    let sql = format!("delete from {} where {}", table.name, key_is(table));
    written(db.prepare_cached(&sql)?.execute(params_from_iter(key))?)
}

/// Up to `limit` rows in the order of the key, behind `after`.
pub(super) fn list(db: &Connection, table: &Table, after: &[Native], limit: i64) -> rusqlite::Result<Vec<Natives>> {
    let key = table.key.join(", ");
    let behind = match after.len() {
        0 => String::new(),
        length => format!("where ({key}) > ({})", vec!["?"; length].join(", ")),
    };
    let sql = format!("select {} from {} {behind} order by {key} limit ?", columns(table), table.name);
    let parameters: Vec<_> = after.iter().cloned().chain([Native::Integer(limit)]).collect();
    query(db, &sql, &parameters)
}

/// Removes up to `limit` rows that ended before `now`. Texts of times compare as the times do.
pub(super) fn sweep(db: &Connection, table: &Table, now: &Native, limit: i64) -> rusqlite::Result<usize> {
    let over: Vec<_> = table.expiry.iter().map(|column| format!("{column} < ?1")).collect();
    let sql = format!(
        "delete from {0} where rowid in (select rowid from {0} where {1} limit ?2)",
        table.name,
        over.join(" or ")
    );
    db.prepare_cached(&sql)?.execute((now, limit))
}

pub(super) fn ping(db: &Connection) -> rusqlite::Result<()> {
    db.prepare_cached("select count(*) from (select id from dex_spent limit 1)")?.query_row((), |_| Ok(()))
}

fn query(db: &Connection, sql: &str, parameters: &[Native]) -> rusqlite::Result<Vec<Natives>> {
    let mut statement = db.prepare_cached(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map(params_from_iter(parameters), |row| {
        (0..columns).map(|column| row.get_ref(column).map(Native::from)).collect()
    })?;
    rows.collect()
}

fn columns(table: &Table) -> String {
    table.names().collect::<Vec<_>>().join(", ")
}

fn key_is(table: &Table) -> String {
    let columns: Vec<_> = table.key.iter().map(|column| format!("{column} = ?")).collect();
    format!("{}{}", columns.join(" and "), if table.paired { " and id in (?, ?)" } else { "" })
}

#[expect(clippy::unnecessary_wraps, reason = "ends each write as it is answered")]
fn written(rows: usize) -> rusqlite::Result<Write> {
    Ok(if rows == 0 { Write::Lost } else { Write::Done })
}
