//! From the configuration to a connection (storage spec, 7.1).

use sqlx_core::Url;
use sqlx_core::connection::ConnectOptions as _;
use sqlx_postgres::{PgConnectOptions, PgSslMode};

use crate::open_error::OpenError;
use crate::options::ServerOptions;
use crate::server::Place;

/// How many statements stay prepared; there are seven a table.
const STATEMENTS_KEPT: usize = 100;

/// Where the server is unless the configuration or the environment says, as in Dex.
const HOST: &str = "localhost";

/// What the driver needs, and the place that is named in errors.
pub(super) fn options(given: &ServerOptions) -> Result<(PgConnectOptions, Place), OpenError> {
    given.check_files()?;
    let mut options = unsecured(given)?.disable_statement_logging().statement_cache_capacity(STATEMENTS_KEPT);
    if !given.password.expose().is_empty() {
        options = options.password(given.password.expose());
    }
    let socket = options.get_socket().map(|folder| folder.display().to_string());
    let socket = socket.or_else(|| Some(options.get_host().to_owned()).filter(|host| host.starts_with('/')));
    options = options.ssl_mode(ssl_mode(given, socket.is_some())?);
    let port = options.get_port();
    let at = match socket {
        Some(folder) => format!("{folder}/.s.PGSQL.{port}"),
        None => Place::address(options.get_host(), port),
    };
    let named = ServerOptions {
        database: options.get_database().unwrap_or(options.get_username()).to_owned(),
        user: options.get_username().to_owned(),
        ..ServerOptions::default()
    };
    let place = Place::new("PostgreSQL", &named, at);
    Ok((options, place))
}

/// All but the password, which belongs in no URL. The driver adds what the environment says, and reads `~/.pgpass` for
/// the place that comes of both.
fn unsecured(given: &ServerOptions) -> Result<PgConnectOptions, OpenError> {
    // Where nothing is said, the driver looks for a socket on this machine; Dex does not.
    let unsaid = ["PGHOST", "PGHOSTADDR"].iter().all(|name| std::env::var_os(name).is_none());
    let host = if given.host.is_empty() && unsaid { HOST } else { given.host.as_str() };
    let port = if given.port == 0 { String::new() } else { given.port.to_string() };
    let settings = [
        ("host", host),
        ("port", &port),
        ("user", &given.user),
        ("dbname", &given.database),
        ("sslrootcert", &given.ssl_ca),
        ("sslcert", &given.ssl_cert),
        ("sslkey", &given.ssl_key),
    ];
    let mut url = Url::parse("postgres:").expect("a constant");
    url.query_pairs_mut().extend_pairs(settings.iter().filter(|(_, value)| !value.is_empty()));
    let malformed = |_| OpenError::Parameter { name: "host".into(), value: host.to_owned() };
    PgConnectOptions::from_url(&url).map_err(malformed)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_and_the_mode_are_those_of_dex() {
        let cases = [
            // host     port  mode           CA    place                     mode
            ("", 0, "", "", "localhost:5432", Some(PgSslMode::VerifyFull)),
            ("db", 6543, "disable", "", "db:6543", Some(PgSslMode::Disable)),
            ("::1", 0, "require", "", "[::1]:5432", Some(PgSslMode::Require)),
            ("db", 0, "require", "Cargo.toml", "db:5432", Some(PgSslMode::VerifyCa)),
            ("/run/pg", 1, "verify-full", "", "/run/pg/.s.PGSQL.1", Some(PgSslMode::Disable)),
            ("a&b=c", 0, "", "", "a&b=c:5432", Some(PgSslMode::VerifyFull)),
            ("db", 0, "true", "", "", None),
        ];
        for (host, port, mode, ca, at, expected) in cases {
            let given = ServerOptions {
                database: "some db".into(),
                user: "o'hara\\".into(),
                host: host.into(),
                port,
                ssl_mode: mode.into(),
                ssl_ca: ca.into(),
                ..ServerOptions::default()
            };
            let Some(expected) = expected else {
                assert!(matches!(options(&given), Err(OpenError::Parameter { .. })), "{mode}");
                continue;
            };
            let (options, place) = options(&given).unwrap();
            assert_eq!(place.to_string(), format!("the PostgreSQL database `some db` at {at} as user `o'hara\\`"));
            assert_eq!(format!("{:?}", options.get_ssl_mode()), format!("{expected:?}"), "{host} {mode}");
        }
    }
}
