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
mod written;

use std::path::Path;

use dex_storage_sql::{Layout, Sqlite, SqliteOptions};

/// The database in this file.
fn open(file: &Path) -> Sqlite {
    open_in(file, Layout::Dex)
}

/// The database in this file, with the tables of a layout.
fn open_in(file: &Path, layout: Layout) -> Sqlite {
    Sqlite::open(&SqliteOptions { file: file.display().to_string(), layout }).unwrap()
}
