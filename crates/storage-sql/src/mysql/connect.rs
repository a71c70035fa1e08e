//! From the configuration to a connection (storage spec, 7.1).

use sqlx_core::connection::ConnectOptions as _;
use sqlx_mysql::{MySqlConnectOptions, MySqlSslMode};

use crate::open_error::OpenError;
use crate::options::ServerOptions;
use crate::server::Place;

/// How many statements stay prepared; there are seven a table.
const STATEMENTS_KEPT: usize = 100;

/// Where the server is unless the configuration says, as in Dex.
const HOST: &str = "127.0.0.1";

/// The port unless one is given.
const PORT: u16 = 3306;

/// What the driver needs, and the place that is named in errors.
pub(super) fn options(given: &ServerOptions) -> Result<(MySqlConnectOptions, Place), OpenError> {
    given.check_files()?;
    let socket = given.host.starts_with('/');
    let host = if given.host.is_empty() { HOST } else { given.host.as_str() };
    let port = if given.port == 0 { PORT } else { given.port };
    let mut options = MySqlConnectOptions::new()
        .disable_statement_logging()
        // The session is set up in one statement of ours.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .set_names(false)
        .statement_cache_capacity(STATEMENTS_KEPT)
        .username(&given.user)
        .database(&given.database)
        .ssl_mode(ssl_mode(given, socket)?);
    options = if socket { options.socket(host) } else { options.host(host).port(port) };
    if !given.password.expose().is_empty() {
        options = options.password(given.password.expose());
    }
    if !given.ssl_ca.is_empty() {
        options = options.ssl_ca(&given.ssl_ca);
    }
    if !given.ssl_cert.is_empty() && !given.ssl_key.is_empty() {
        options = options.ssl_client_cert(&given.ssl_cert).ssl_client_key(&given.ssl_key);
    }
    let at = if socket { host.to_owned() } else { Place::address(host, port) };
    Ok((options, Place::new("MySQL", given, at)))
}

/// A socket needs no TLS. With a file, the server is verified whatever the mode says, as in Dex.
fn ssl_mode(given: &ServerOptions, socket: bool) -> Result<MySqlSslMode, OpenError> {
    let files = [&given.ssl_ca, &given.ssl_cert, &given.ssl_key].iter().any(|file| !file.is_empty());
    let mode = match given.ssl_mode.as_str() {
        _ if files => MySqlSslMode::VerifyIdentity,
        "" | "true" => MySqlSslMode::VerifyIdentity,
        "skip-verify" => MySqlSslMode::Required,
        "preferred" => MySqlSslMode::Preferred,
        "false" => MySqlSslMode::Disabled,
        other => return Err(OpenError::Parameter { name: "ssl.mode".into(), value: other.into() }),
    };
    Ok(if socket { MySqlSslMode::Disabled } else { mode })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_those_of_dex() {
        let cases = [
            // mode          CA     socket
            ("", "", false, Some(MySqlSslMode::VerifyIdentity)),
            ("true", "", false, Some(MySqlSslMode::VerifyIdentity)),
            ("false", "", false, Some(MySqlSslMode::Disabled)),
            ("skip-verify", "", false, Some(MySqlSslMode::Required)),
            ("preferred", "", false, Some(MySqlSslMode::Preferred)),
            ("false", "ca.pem", false, Some(MySqlSslMode::VerifyIdentity)),
            ("custom", "ca.pem", false, Some(MySqlSslMode::VerifyIdentity)),
            ("custom", "", false, None),
            ("verify-full", "", false, None),
            ("", "", true, Some(MySqlSslMode::Disabled)),
        ];
        for (mode, ca, socket, expected) in cases {
            let given = ServerOptions { ssl_mode: mode.into(), ssl_ca: ca.into(), ..ServerOptions::default() };
            let got = ssl_mode(&given, socket).ok();
            assert_eq!(got.map(|mode| format!("{mode:?}")), expected.map(|mode| format!("{mode:?}")), "{mode} {ca}");
        }
    }
}
