//! The back end for MySQL and MariaDB (storage spec, 7).
//!
//! Owns how one connects to them, what their values and errors are, and the steps of the schema. Dex may use the
//! database at the same time: a row is recognised by all of its values. A caller leaves with what was committed, or
//! with a [`StorageError`](dex_storage::StorageError).

mod connect;
mod dialect;
mod steps;
#[cfg(test)]
mod tests;

use crate::open_error::OpenError;
use crate::options::ServerOptions;
use crate::server::{Records, backend};

/// Records in a MySQL or MariaDB database.
pub struct Mysql(Records<dialect::Session>);

impl Mysql {
    /// Connects and brings the database to the schema. Of processes that start together, one does.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the caller stops the start and shows it.
    pub async fn connect(options: &ServerOptions) -> Result<Self, OpenError> {
        let (connect, place) = connect::options(options)?;
        Ok(Self(Records::connect(connect, options, place).await?))
    }
}

backend!(Mysql);
