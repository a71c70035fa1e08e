//! Why a database cannot be used.

use std::error::Error;

use crate::server::{Failure, Place};

/// Why a database cannot be used. Each text holds its cause, which is no source too: it would be told twice. The caller
/// stops the start and shows it; nothing in it is secret.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A setting holds a value that cannot be.
    #[error("`{value}` is no value of the parameter `{name}` of the database")]
    Parameter {
        /// The setting.
        name: String,
        /// Its value.
        value: String,
    },
    /// A file that is named cannot be read.
    #[error("cannot read `{path}`, which `{name}` of the database names: {cause}")]
    File {
        /// The setting.
        name: &'static str,
        /// Its value.
        path: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// SQLite cannot open it, or it is no database.
    #[error("cannot open the database `{file}`: {cause}")]
    Open {
        /// The name as configured.
        file: String,
        /// What SQLite says.
        cause: rusqlite::Error,
    },
    /// The server cannot be reached, or lets us not do what is needed.
    #[error("cannot use {place}: {cause}")]
    Server {
        /// The database, the server and the user.
        place: Box<Place>,
        /// What happened.
        cause: Box<Failure>,
    },
    /// A step towards the schema failed; the database is as it was before the step.
    #[error("failed to perform migrations: migration {step} failed: {cause}")]
    Migration {
        /// The number of the step; 0 is the table of migrations itself, and what is ours.
        step: usize,
        /// What the database says.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// A newer release has changed the schema in ways that are not known here.
    #[error(
        "the database is at migration {found}, and this release knows {known}: it was used by a newer release. \
         Start that release or a newer one, or restore the backup made before it was first started"
    )]
    Newer {
        /// The migration the database is at.
        found: i64,
        /// The last one that is known.
        known: usize,
    },
    /// It holds the tables of Dex's other layout.
    #[error("the database holds Dex's other set of tables: {instead}, or use another database")]
    OtherLayout {
        /// What makes it fit.
        instead: &'static str,
    },
    /// No thread can be had for it.
    #[error("cannot start the thread of the database: {0}")]
    Thread(#[from] std::io::Error),
}

impl OpenError {
    pub(crate) fn server(place: &Place, cause: Failure) -> Self {
        Self::Server { place: Box::new(place.clone()), cause: Box::new(cause) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let cause = || std::io::Error::other("the disk is full");
        let errors = [
            OpenError::File { name: "ssl.caFile", path: "ca.pem".into(), cause: cause() },
            OpenError::Migration { step: 1, cause: Box::new(cause()) },
        ];
        for error in errors {
            assert_eq!(error.to_string().matches("the disk is full").count(), 1, "{error}");
            assert!(error.source().is_none(), "{error}");
        }
    }
}
