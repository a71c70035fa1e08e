//! From the configuration to a connection (storage spec, 7.1).

use sqlx_core::connection::ConnectOptions as _;
use sqlx_postgres::{PgConnectOptions, PgSslMode};

use crate::open_error::OpenError;
use crate::options::ServerOptions;
use crate::server::Place;

/// How many statements stay prepared; there are seven a table.
const STATEMENTS_KEPT: usize = 100;

/// What the driver needs, and the place that is named in errors.
pub(super) fn options(given: &ServerOptions) -> Result<(PgConnectOptions, Place), OpenError> {
    given.check_files()?;
    let mut options = PgConnectOptions::new().disable_statement_logging();
    let port = if given.port == 0 { options.get_port() } else { given.port };
    // Where nothing is said, the driver looks for a socket on this machine; Dex does not.
    let unsaid = ["PGHOST", "PGHOSTADDR"].iter().all(|name| std::env::var_os(name).is_none());
    if !given.host.is_empty() {
        options = options.host(&given.host);
    } else if unsaid {
        options = options.host("localhost");
    }
    options = options.port(port).statement_cache_capacity(STATEMENTS_KEPT);
    if !given.user.is_empty() {
        options = options.username(&given.user);
    }
    if !given.password.expose().is_empty() {
        options = options.password(given.password.expose());
    }
    if !given.database.is_empty() {
        options = options.database(&given.database);
    }
    let mode = ssl_mode(given, options.get_host().starts_with('/'))?;
    options = options.ssl_mode(mode);
    if !given.ssl_ca.is_empty() {
        options = options.ssl_root_cert(&given.ssl_ca);
    }
    if !given.ssl_cert.is_empty() {
        options = options.ssl_client_cert(&given.ssl_cert);
    }
    if !given.ssl_key.is_empty() {
        options = options.ssl_client_key(&given.ssl_key);
    }
    let host = options.get_host();
    let at = if host.starts_with('/') { format!("{host}/.s.PGSQL.{port}") } else { Place::address(host, port) };
    let named = ServerOptions {
        database: options.get_database().unwrap_or(options.get_username()).to_owned(),
        user: options.get_username().to_owned(),
        ..ServerOptions::default()
    };
    let place = Place::new("PostgreSQL", &named, at);
    Ok((options, place))
}

/// A socket needs no TLS. `require` with a CA verifies it, as in libpq and Dex.
fn ssl_mode(given: &ServerOptions, socket: bool) -> Result<PgSslMode, OpenError> {
    let mode = match given.ssl_mode.as_str() {
        "disable" => PgSslMode::Disable,
        "require" if given.ssl_ca.is_empty() => PgSslMode::Require,
        "require" | "verify-ca" => PgSslMode::VerifyCa,
        "" | "verify-full" => PgSslMode::VerifyFull,
        "allow" | "prefer" => PgSslMode::Prefer,
        other => return Err(OpenError::Parameter { name: "ssl.mode".into(), value: other.into() }),
    };
    Ok(if socket { PgSslMode::Disable } else { mode })
}
