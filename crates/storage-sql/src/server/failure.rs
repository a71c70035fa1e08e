//! What goes wrong between us and a server, in one sentence.

use std::fmt;
use std::time::Duration;

use crate::options::ServerOptions;

/// Which database is meant, for whoever must look after it.
#[derive(Debug, Clone)]
pub struct Place {
    server: &'static str,
    at: String,
    database: String,
    user: String,
}

impl Place {
    pub(crate) fn new(server: &'static str, options: &ServerOptions, at: String) -> Self {
        Self { server, at, database: options.database.clone(), user: options.user.clone() }
    }
}

impl Place {
    /// Host and port, as one writes them.
    pub(crate) fn address(host: &str, port: u16) -> String {
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} database `{}` at {} as user `{}`", self.server, self.database, self.at, self.user)
    }
}

/// What happened to one question to a server.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// All connections were in use for too long.
    #[error("no connection became free within {0:?}")]
    Busy(Duration),
    /// It does not answer.
    #[error("no answer within {0:?}")]
    Slow(Duration),
    /// It is closed on our side.
    #[error("the back end is closed")]
    Closed,
    /// There is no connection, or it broke.
    #[error("the server cannot be reached: {0}")]
    Unreachable(#[source] sqlx_core::Error),
    /// TLS cannot be agreed on.
    #[error("the server's TLS is not accepted: {0}; look at `ssl.mode` and `ssl.caFile`")]
    Tls(#[source] sqlx_core::Error),
    /// The user may not come in.
    #[error("the server does not let the user in: {0}; look at `user` and `password`")]
    Login(String),
    /// There is no such database.
    #[error("there is no such database: {0}; create it, or look at `database`")]
    Missing(String),
    /// The user may come in, and not do this.
    #[error(
        "the user lacks a right: {0}; grant it to the user, or have the owner of the tables start this release once"
    )]
    Right(String),
    /// The server says something else.
    #[error("{0}")]
    Other(#[source] sqlx_core::Error),
}
