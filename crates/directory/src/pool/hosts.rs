//! The servers of a directory.

use std::fmt;

use tokio::time::Instant;

use super::error::DirectoryError;
use super::health::Health;
use super::srv::Srv;
use crate::wire::Security;

/// A server: a host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Endpoint {
    /// A name or an address, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Endpoint {
    pub(crate) fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// Reads `host`, `host:port`, `[::1]:port` or a bare IPv6 address; `None` if it is none of these.
    pub(crate) fn parse(text: &str, security: Security) -> Option<Self> {
        let text = text.trim();
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']')?;
                (host, after.strip_prefix(':'))
            }
            None if text.matches(':').count() > 1 => (text, None),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Some(security.port()), |port| port.parse().ok())?;
        let plain = !host.is_empty() && !host.contains(['/', ' ', '[', ']', '@']);
        plain.then(|| Self::new(host, port))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// The servers of a directory, and how well they are.
pub(crate) struct Hosts {
    /// In the order they are preferred.
    listed: Vec<Endpoint>,
    /// Where more are found.
    srv: Option<Srv>,
    health: Health,
}

impl Hosts {
    pub(crate) fn new(listed: Vec<Endpoint>, srv: Option<Srv>) -> Self {
        Self { listed, srv, health: Health::default() }
    }

    /// The servers in the order to try them.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::NoHost`] when none is listed and none could be found.
    pub(crate) async fn ordered(&self) -> Result<Vec<Endpoint>, DirectoryError> {
        let now = Instant::now();
        let mut all = self.listed.clone();
        if let Some(srv) = &self.srv {
            match srv.endpoints(now).await {
                Ok(found) => all.extend(found),
                Err(error) if all.is_empty() => return Err(DirectoryError::NoHost(error)),
                Err(_) => {}
            }
        }
        Ok(self.health.order(all, now))
    }

    /// How many servers are known.
    pub(crate) fn count(&self) -> usize {
        self.listed.len() + self.srv.as_ref().map_or(0, Srv::count)
    }

    pub(crate) fn failed(&self, endpoint: &Endpoint) {
        self.health.failed(endpoint, Instant::now());
    }

    pub(crate) fn answered(&self, endpoint: &Endpoint) {
        self.health.answered(endpoint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_written_in_several_ways() {
        let cases = [
            ("ldap.example.com", Security::Ldaps, Some("ldap.example.com:636")),
            ("ldap.example.com", Security::StartTls, Some("ldap.example.com:389")),
            ("ldap.example.com", Security::Plain, Some("ldap.example.com:389")),
            ("ldap.example.com:3269", Security::Ldaps, Some("ldap.example.com:3269")),
            ("[::1]:1636", Security::Ldaps, Some("[::1]:1636")),
            ("[::1]", Security::Ldaps, Some("[::1]:636")),
            ("::1", Security::Ldaps, Some("[::1]:636")),
            ("", Security::Ldaps, None),
            (":636", Security::Ldaps, None),
            ("host:", Security::Ldaps, None),
            ("host:70000", Security::Ldaps, None),
            ("ldaps://host", Security::Ldaps, None),
            ("two hosts", Security::Ldaps, None),
        ];
        for (text, security, expected) in cases {
            let got = Endpoint::parse(text, security).map(|endpoint| endpoint.to_string());
            assert_eq!(got.as_deref(), expected, "{text}");
        }
    }
}
