//! Where to listen, as the configuration writes it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// `host:port`, `:port`, `[::1]:port`, `host:service`, or `unix:/path`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A TCP port; on every interface, both IP versions, when the host is empty.
    Tcp {
        /// A name, an address without brackets, or nothing.
        host: String,
        /// 0 lets the system choose.
        port: u16,
    },
    /// A socket file.
    Unix(PathBuf),
}

/// Why a text is no address.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is nothing after the host.
    #[error("missing port in address; write host:port or :port, or unix:/path for a socket file")]
    NoPort,
    /// The port is neither a number up to 65535 nor a name in `/etc/services`.
    #[error("unknown port {0:?}")]
    Port(String),
    /// An IPv6 address without brackets, or brackets that do not match.
    #[error("an IPv6 address needs brackets, as in [::1]:5556")]
    Brackets,
    /// `unix:` and no path.
    #[error("missing path after unix:")]
    NoPath,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(path) = text.strip_prefix("unix:") {
            if path.is_empty() {
                return Err(AddressError::NoPath);
            }
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        let (host, port) = text.rsplit_once(':').ok_or(AddressError::NoPort)?;
        if text.ends_with(']') {
            return Err(AddressError::NoPort);
        }
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').ok_or(AddressError::Brackets)?,
            None if host.contains([':', '[', ']']) => return Err(AddressError::Brackets),
            None => host,
        };
        let number = port.parse().ok().or_else(|| service(port));
        let port = number.ok_or_else(|| AddressError::Port(port.to_owned()))?;
        Ok(Self::Tcp { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The TCP port of a service; the two that matter are known without the system's table.
fn service(name: &str) -> Option<u16> {
    match name {
        "http" => Some(80),
        "https" => Some(443),
        _ => find_service(&std::fs::read_to_string("/etc/services").ok()?, name),
    }
}

fn find_service(table: &str, name: &str) -> Option<u16> {
    table.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let (first, port) = (words.next()?, words.next()?);
        let named = first == name || words.any(|alias| alias == name);
        port.strip_suffix("/tcp").filter(|_| named)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Result<Address, AddressError> {
        Ok(Address::Tcp { host: host.to_owned(), port })
    }

    #[test]
    fn addresses_read_as_go_reads_them() {
        let cases = [
            (":5556", tcp("", 5556)),
            ("0.0.0.0:5556", tcp("0.0.0.0", 5556)),
            ("[::1]:5556", tcp("::1", 5556)),
            ("[::]:0", tcp("::", 0)),
            ("localhost:https", tcp("localhost", 443)),
            ("unix:/run/dex.sock", Ok(Address::Unix("/run/dex.sock".into()))),
            ("unix:", Err(AddressError::NoPath)),
            ("5556", Err(AddressError::NoPort)),
            ("[::1]", Err(AddressError::NoPort)),
            ("::1:5556", Err(AddressError::Brackets)),
            ("[::1:5556", Err(AddressError::Brackets)),
            ("host:65536", Err(AddressError::Port("65536".into()))),
            ("host:", Err(AddressError::Port(String::new()))),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Address>(), expected, "{text}");
        }
    }

    #[test]
    fn services_are_found_by_name_and_alias() {
        let table = "# names\nldap  389/tcp\nldap 389/udp\nkerberos 88/udp krb5\nkerberos 88/tcp krb5 # v5\n";
        assert_eq!(find_service(table, "ldap"), Some(389));
        assert_eq!(find_service(table, "krb5"), Some(88));
        assert_eq!(find_service(table, "v5"), None);
    }
}
