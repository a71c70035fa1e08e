//! The PostgreSQL back end (storage spec, 7).
//!
//! Owns how one connects to PostgreSQL, what its values and errors are, and the steps of its schema.
//! Dex may use the database at the same time: a row is recognised by the transaction that wrote it
//! last, whoever that was. A caller leaves with what was committed, or with a
//! [`StorageError`](dex_storage::StorageError).

mod connect;
mod dialect;
mod steps;
#[cfg(test)]
mod tests;
mod time;

use crate::open_error::OpenError;
use crate::options::ServerOptions;
use crate::server::{Records, backend};

/// Records in a PostgreSQL database.
pub struct Postgres(Records<dialect::Session>);

impl Postgres {
    /// Connects and brings the database to the schema. Of processes that start together, one does.
    ///
    /// What is not configured is taken from the `PG*` variables and `~/.pgpass`, as in Dex.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the caller stops the start and shows it.
    pub async fn connect(options: &ServerOptions) -> Result<Self, OpenError> {
        let (connect, place) = connect::options(options)?;
        Ok(Self(Records::connect(connect, options, place).await?))
    }
}

backend!(Postgres);
