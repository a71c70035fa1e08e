//! Who may be at the other end of a connection.

use std::net::IpAddr;

use dex_connector::UpstreamError;
use ipnet::IpNet;

/// How a connection over a Unix socket is listed: it has no address, and the socket's file says who may open it.
const UNIX_SOCKET: &str = "unix";

/// Those at the other end of a connection whose headers are believed.
#[derive(Debug, Default)]
pub(super) struct Peers {
    nets: Vec<IpNet>,
    unix_socket: bool,
}

impl Peers {
    /// Reads addresses, networks such as `10.0.0.0/8`, and `unix`.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] for anything else, and for an empty list, with which nobody could ever log in.
    pub(super) fn parse(listed: &[String]) -> Result<Self, UpstreamError> {
        if listed.is_empty() {
            let text = "trustedProxies is empty, so that nobody could log in; list the addresses of your proxy";
            return Err(UpstreamError::Misconfigured(text.into()));
        }
        let mut peers = Self::default();
        for (index, entry) in listed.iter().map(|entry| entry.trim()).enumerate() {
            if entry == UNIX_SOCKET {
                peers.unix_socket = true;
                continue;
            }
            let net = entry.parse::<IpNet>().or_else(|_| entry.parse::<IpAddr>().map(IpNet::from));
            peers.nets.push(net.map_err(|_| {
                let hint = "10.0.0.0/8, 192.0.2.1 or unix";
                UpstreamError::Misconfigured(format!("trustedProxies[{index}] {entry:?} is no address; write {hint}"))
            })?);
        }
        Ok(peers)
    }

    /// Whether the peer is one of them; `None` is the other end of a Unix socket.
    pub(super) fn contain(&self, peer: Option<IpAddr>) -> bool {
        match peer {
            // A socket that takes both families tells IPv4 as IPv6.
            Some(address) => self.nets.iter().any(|net| net.contains(&address.to_canonical())),
            None => self.unix_socket,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(listed: &[&str]) -> Result<Peers, UpstreamError> {
        Peers::parse(&listed.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn peers_are_found_by_address_and_network() {
        let cases: [(&[&str], Option<&str>, bool); 14] = [
            (&["10.0.0.0/8"], Some("10.255.255.255"), true),
            (&["10.0.0.0/8"], Some("11.0.0.0"), false),
            (&["10.0.0.0/8"], Some("::ffff:10.0.0.1"), true),
            (&["10.1.2.3/8"], Some("10.0.0.1"), true),
            (&["192.0.2.1"], Some("192.0.2.1"), true),
            (&["192.0.2.1"], Some("192.0.2.2"), false),
            (&["fd00::/8", " 192.0.2.1 "], Some("fd12::1"), true),
            (&["fd00::/8", " 192.0.2.1 "], Some("192.0.2.1"), true),
            (&["fd00::/8"], Some("fe00::1"), false),
            (&["::1"], Some("127.0.0.1"), false),
            (&["0.0.0.0/0"], Some("::1"), false),
            (&["0.0.0.0/0", "::/0"], None, false),
            (&["unix"], None, true),
            (&["unix"], Some("127.0.0.1"), false),
        ];
        for (listed, peer, expected) in cases {
            let peer = peer.map(|peer| peer.parse().unwrap());
            assert_eq!(parse(listed).unwrap().contain(peer), expected, "{listed:?} {peer:?}");
        }
    }

    #[test]
    fn what_is_no_address_stops_the_connector() {
        let cases: [(&[&str], &str); 5] = [
            (&[], "trustedProxies is empty"),
            (&[""], "trustedProxies[0] \"\" is no address"),
            (&["::1", "10.0.0.0/33"], "trustedProxies[1] \"10.0.0.0/33\""),
            (&["localhost"], "trustedProxies[0]"),
            (&["10.0.0.1:80"], "trustedProxies[0]"),
        ];
        for (listed, text) in cases {
            let error = parse(listed).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
