//! Whose address a request comes from, behind proxies that are trusted (oidc-core spec, 2.8).

use std::net::IpAddr;
use std::sync::Arc;

use dex_config::ClientRemoteIp;
use dex_web::PeerAddr;
use http::HeaderMap;

use crate::logging::ClientAddress;

/// The way to find the client's address, if the configuration names a header.
pub fn client_address(config: Option<&ClientRemoteIp>) -> Option<ClientAddress> {
    let config = config?.clone();
    if config.trusted_proxies.is_empty() {
        tracing::warn!("web.clientRemoteIP.header is ignored as long as no trustedProxies are given");
    }
    Some(Arc::new(move |extensions, headers| {
        let peer = extensions.get::<PeerAddr>()?.0?.ip();
        Some(walk(&config, peer, headers))
    }))
}

/// From the peer backwards through the hops: the first that is not trusted is the client.
fn walk(config: &ClientRemoteIp, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let trusted = |address: &IpAddr| config.trusted_proxies.iter().any(|proxies| proxies.contains(address));
    if !trusted(&peer) {
        return peer;
    }
    let lines: Vec<&str> = headers.get_all(&config.header).iter().filter_map(|line| line.to_str().ok()).collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    for hop in hops {
        match hop.trim().parse::<IpAddr>() {
            Ok(address) if trusted(&address) => {}
            Ok(address) => return address,
            Err(_) => break,
        }
    }
    peer
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn trusted_hops_are_skipped_from_the_right() {
        let config =
            ClientRemoteIp { header: "X-Forwarded-For".into(), trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()] };
        let cases = [
            ("10.1.2.3", &["1.2.3.4, 198.51.100.7, 10.1.2.3"][..], "198.51.100.7"),
            ("10.1.2.3", &["203.0.113.9, garbage, 10.1.2.3"], "10.1.2.3"),
            ("10.1.2.3", &["203.0.113.9", "10.9.9.9"], "203.0.113.9"),
            ("10.1.2.3", &[], "10.1.2.3"),
            ("192.0.2.1", &["203.0.113.9"], "192.0.2.1"),
        ];
        for (peer, lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_static(line));
            }
            assert_eq!(walk(&config, peer.parse().unwrap(), &headers).to_string(), expected, "{lines:?}");
        }
    }
}
