//! Addresses to listen on.

use crate::problem::Origin;
use crate::report::Report;
use crate::tree::{Given, Map};

/// Names that may stand for a port.
const SERVICES: &[(&str, u16)] = &[("http", 80), ("https", 443), ("http-alt", 8080)];

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListenAddress {
    /// A TCP port.
    Tcp {
        /// A host name or an address without brackets; empty means every interface.
        host: String,
        /// The port, 0 for any free one.
        port: u16,
    },
    /// A Unix socket at this path. Dex has none.
    Unix(String),
}

impl ListenAddress {
    /// Reads `host:port`, `[v6]:port`, `:port`, `unix:/path` or `unix:///path`.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for the operator.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path.starts_with('/') {
                true => Ok(Self::Unix(path.to_owned())),
                false => Err("a unix socket needs an absolute path".to_owned()),
            };
        }
        let (host, port) = split_host_port(text)?;
        let named = SERVICES.iter().find(|(name, _)| *name == port).map(|(_, port)| *port);
        let port = match (named, port) {
            (Some(port), _) => port,
            (None, "") => 0,
            (None, digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| "the port is above 65535".to_owned())?
            }
            (None, _) => return Err("the port is not a number".to_owned()),
        };
        Ok(Self::Tcp { host: host.to_owned(), port })
    }
}

/// Splits `host:port` or `[host]:port` as Go does.
pub(crate) fn split_host_port(text: &str) -> Result<(&str, &str), String> {
    let missing = || format!("address {text}: missing port in address");
    let too_many = || format!("address {text}: too many colons in address");
    if let Some(inner) = text.strip_prefix('[') {
        let (host, rest) = inner.split_once(']').ok_or_else(|| format!("address {text}: missing ']' in address"))?;
        let port = rest.strip_prefix(':').ok_or_else(missing)?;
        return if port.contains(':') { Err(too_many()) } else { Ok((host, port)) };
    }
    let (host, port) = text.rsplit_once(':').ok_or_else(missing)?;
    if host.contains(':') {
        return Err(too_many());
    }
    if host.contains(['[', ']', '/', ' ']) {
        return Err(format!("address {text}: not a host name"));
    }
    Ok((host, port))
}

/// A text of a key that a flag may replace.
pub(crate) fn or_flag(map: &mut Map<'_>, key: &'static str, (flag, value): (&'static str, &str)) -> Option<Given> {
    let given = map.given(key);
    match value {
        "" => given,
        text => {
            map.report().present(&map.path(key), map.at(key));
            Some(Given { text: text.to_owned(), origin: Origin::Flag(flag) })
        }
    }
}

/// Reads an address for the listener called `server` in Dex's texts.
pub(crate) fn listen_address(given: &Given, key: &str, server: &str, report: &Report) -> Option<ListenAddress> {
    /// How to mend it.
    const HINT: &str = "write host:port, such as 0.0.0.0:5556, [::1]:5556 or :5556";
    let found = ListenAddress::parse(&given.text);
    found
        .map_err(|text| {
            let text = format!("listening ({server}) on {}: {text}", given.text);
            report.error_of(given.origin.clone(), key, text, HINT);
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::ListenAddress;

    #[test]
    fn addresses_read_as_go_reads_them() {
        let tcp = |host: &str, port| Ok(ListenAddress::Tcp { host: host.to_owned(), port });
        let unix = |path: &str| Ok(ListenAddress::Unix(path.to_owned()));
        let cases = [
            ("0.0.0.0:5556", tcp("0.0.0.0", 5556)),
            (":5556", tcp("", 5556)),
            ("[::1]:5556", tcp("::1", 5556)),
            ("[fe80::1%eth0]:80", tcp("fe80::1%eth0", 80)),
            ("localhost:https", tcp("localhost", 443)),
            ("localhost:", tcp("localhost", 0)),
            ("a:65535", tcp("a", 65535)),
            ("unix:///run/dex.sock", unix("/run/dex.sock")),
            ("unix:/run/dex.sock", unix("/run/dex.sock")),
            ("a:65536", Err("the port is above 65535")),
            ("a:b", Err("the port is not a number")),
            ("a:-1", Err("the port is not a number")),
            ("a", Err("address a: missing port in address")),
            ("::1", Err("address ::1: too many colons in address")),
            ("[::1]", Err("address [::1]: missing port in address")),
            ("[::1", Err("address [::1: missing ']' in address")),
            ("[::1]:1:2", Err("address [::1]:1:2: too many colons in address")),
            ("http://a:80", Err("address http://a:80: too many colons in address")),
            ("a/b:80", Err("address a/b:80: not a host name")),
            ("unix:run/dex.sock", Err("a unix socket needs an absolute path")),
        ];
        for (text, expected) in cases {
            assert_eq!(ListenAddress::parse(text), expected.map_err(str::to_owned), "{text}");
        }
    }
}
