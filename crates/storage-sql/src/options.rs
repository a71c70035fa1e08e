//! What an operator says of a database server.

use std::fmt;
use std::fs::File;
use std::time::Duration;

use zeroize::ZeroizeOnDrop;

use crate::open_error::OpenError;

/// Which of Dex's two sets of tables a database holds. They differ in names and types, and no
/// database can hold both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// Dex's own (storage spec, 7).
    #[default]
    Dex,
    /// The one that Dex's ORM makes when `DEX_ENT_ENABLED` is set (storage spec, 8).
    Ent,
}

/// `storage.config` of the types `postgres` and `mysql`. Empty and zero mean not given.
#[derive(Debug, Clone, Default)]
pub struct ServerOptions {
    /// The name of the database.
    pub database: String,
    /// Who logs in.
    pub user: String,
    /// With what.
    pub password: DatabasePassword,
    /// A host name, an address without brackets, or a path that begins with `/`: the folder of the
    /// socket for PostgreSQL, the socket itself for MySQL.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How long connecting may take.
    pub connection_timeout: Duration,
    /// How many connections there may be; negative for as many as this release ever opens.
    pub max_open_conns: i64,
    /// How many of them stay open when nobody needs them; negative for none.
    pub max_idle_conns: i64,
    /// How long one is used.
    pub conn_max_lifetime: Duration,
    /// `disable`, `require`, `verify-ca`, `verify-full` for PostgreSQL; `false`, `skip-verify`,
    /// `preferred`, `true`, `custom` for MySQL. The strictest when empty.
    pub ssl_mode: String,
    /// A PEM file with the CA of the server.
    pub ssl_ca: String,
    /// A PEM file with our certificate.
    pub ssl_cert: String,
    /// A PEM file with our key.
    pub ssl_key: String,
    /// Which tables the database holds.
    pub layout: Layout,
}

impl Layout {
    /// Sees that these tables are not those of the other layout, which has a table `keys` too.
    pub(crate) fn check(self, tables: &[String]) -> Result<(), OpenError> {
        let has = |table: &str| tables.iter().any(|name| name == table);
        match self {
            Self::Dex if has("oauth2clients") && !has("migrations") => {
                Err(OpenError::OtherLayout { instead: "set DEX_ENT_ENABLED=true" })
            }
            Self::Ent if has("migrations") => Err(OpenError::OtherLayout { instead: "unset DEX_ENT_ENABLED" }),
            _ => Ok(()),
        }
    }
}

impl ServerOptions {
    /// Sees that the named files can be read, for the driver does not name them in its errors.
    pub(crate) fn check_files(&self) -> Result<(), OpenError> {
        let files = [("ssl.caFile", &self.ssl_ca), ("ssl.certFile", &self.ssl_cert), ("ssl.keyFile", &self.ssl_key)];
        for (name, path) in files.into_iter().filter(|(_, path)| !path.is_empty()) {
            File::open(path).map_err(|cause| OpenError::File { name, path: path.clone(), cause })?;
        }
        Ok(())
    }
}

/// The password of a database user. Printing shows nothing of it.
#[derive(Clone, Default, ZeroizeOnDrop)]
pub struct DatabasePassword(String);

impl DatabasePassword {
    /// Wraps a password as it was configured.
    pub fn new(password: impl Into<String>) -> Self {
        Self(password.into())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabasePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabasePassword(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_do_not_print_the_password() {
        let options = ServerOptions { password: DatabasePassword::new("hunter2"), ..ServerOptions::default() };
        let printed = format!("{options:?}");
        assert!(printed.contains("DatabasePassword(..)") && !printed.contains("hunter2"), "{printed}");
    }
}
