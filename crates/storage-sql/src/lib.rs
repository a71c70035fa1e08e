//! Records in SQL tables, as Dex keeps them: SQLite, PostgreSQL, MySQL and MariaDB.
//!
//! `table` describes Dex's tables and `codec` makes rows of records and records of rows; neither
//! knows a database. A dialect (`sqlite`, `postgres`, `mysql`) owns its connections, its migrations, the text of its
//! statements and how a `Value` looks in it; what the two with a server have in common is in `server`. The tables, their columns and every
//! byte in them are Dex's, so that both can use one database in turn; what is ours alone has names
//! that begin with `dex_`. The room knows no policy and no clock.
//!
//! Control leaves through [`dex_storage::Backend`], and comes back with a
//! [`StorageError`](dex_storage::StorageError) when the database fails.

mod codec;
mod ent;
mod mysql;
mod open_error;
mod options;
mod postgres;
mod row;
mod server;
mod sqlite;
mod table;
mod time;
mod value;

pub use mysql::Mysql;
pub use open_error::OpenError;
pub use options::{DatabasePassword, Layout, ServerOptions};
pub use postgres::Postgres;
pub use server::{Failure, Place};
pub use sqlite::{Sqlite, SqliteOptions};
