//! Whom the generator may speak to: this machine, in the clear, and nobody else.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use url::{Host, Url};

/// A server on this machine. Only [`Origin::of`] makes one, so no request leaves for anywhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Origin(SocketAddr);

/// The generator drives providers on this machine only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is refused: load is put only on a provider on this machine, by http at 127.0.0.1, [::1] or localhost")]
pub(crate) struct NotHere(String);

impl Origin {
    /// `localhost` is 127.0.0.1 (RFC 6761 §6.3); no name is looked up.
    pub(crate) fn of(url: &Url) -> Result<Self, NotHere> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            Some(Host::Domain("localhost")) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Some(Host::Domain(_)) | None => return Err(NotHere::new(url)),
        };
        match url.port_or_known_default() {
            Some(port) if url.scheme() == "http" && address.is_loopback() => Ok(Self(SocketAddr::new(address, port))),
            _ => Err(NotHere::new(url)),
        }
    }

    pub(crate) fn address(self) -> SocketAddr {
        self.0
    }
}

impl NotHere {
    /// Names the scheme and host alone, so that equal refusals read equal and no code or state is printed.
    fn new(url: &Url) -> Self {
        Self(url[..url::Position::AfterPort].to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to() {
        let cases = [
            ("http://127.0.0.1:5556/dex", Some("127.0.0.1:5556")),
            ("http://127.9.9.9:1/", Some("127.9.9.9:1")),
            ("http://localhost/dex", Some("127.0.0.1:80")),
            ("http://[::1]:5556/dex", Some("[::1]:5556")),
            ("https://127.0.0.1:5556/dex", None),
            ("http://128.0.0.1/", None),
            ("http://10.0.0.1/", None),
            ("http://0.0.0.0:5556/", None),
            ("http://[::2]/", None),
            ("http://[::ffff:127.0.0.1]/", None),
            ("http://localhost.example.com/", None),
            ("http://127.0.0.1.example.com/", None),
            ("http://127.0.0.1@example.com/", None),
            ("https://dex.example.com/", None),
            ("ftp://127.0.0.1/", None),
            ("data:text/plain,hello", None),
        ];
        for (url, expected) in cases {
            let origin = Origin::of(&Url::parse(url).unwrap());
            let address = origin.ok().map(|origin| origin.address().to_string());
            assert_eq!(address.as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn a_refusal_names_the_host_and_not_the_query() {
        let url = Url::parse("https://dex.example.com/callback?code=c").unwrap();
        let refusal = Origin::of(&url).unwrap_err().to_string();
        assert!(refusal.starts_with("`https://dex.example.com` is refused"));
        assert!(!refusal.contains("code"));
    }
}
