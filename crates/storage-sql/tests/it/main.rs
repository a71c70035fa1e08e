//! The back ends from outside: the suite for back ends, the bytes of their rows, and what is
//! left after a failure.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod failures;
mod fixtures;
mod heal;
mod kill;
mod mysql;
mod postgres;
mod rows;
mod suite;
mod tls;

use std::path::Path;

use dex_storage_sql::{Sqlite, SqliteOptions};

/// The database in this file.
fn open(file: &Path) -> Sqlite {
    Sqlite::open(&SqliteOptions { file: file.display().to_string(), ..SqliteOptions::default() }).unwrap()
}
