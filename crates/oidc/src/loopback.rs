//! Loopback redirect URIs (RFC 8252 §7.3).

use std::net::IpAddr;

use url::{Host, Url};

/// Whether `uri` is `http` on this machine, at any port and path (oidc-core spec, 8.2).
///
/// The host must be written as `localhost`, as dotted 127.x.y.z, or as `[::1]`: other spellings
/// that a browser would take for the same are refused. So is what programs read in different ways
/// (backslashes, white space), and a fragment, which no redirect URI may have (RFC 6749 §3.1.2).
pub fn is_loopback_http(uri: &str) -> bool {
    let ambiguous = |c: char| c == '\\' || c == '#' || c.is_whitespace() || c.is_control();
    if uri.contains(ambiguous) {
        return false;
    }
    let Ok(parsed) = Url::parse(uri) else {
        return false;
    };
    let Some((_, after)) = uri.split_once("://") else {
        return false;
    };
    if parsed.scheme() != "http" {
        return false;
    }
    let authority = after.split(['/', '?']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let written = |expected: &str| host == expected || host.strip_prefix(expected).is_some_and(|p| p.starts_with(':'));
    match parsed.host() {
        Some(Host::Domain("localhost")) => written("localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback() && written(&ip.to_string()),
        Some(Host::Ipv6(ip)) => {
            (ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback())) && host.starts_with('[')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_over_http_is_loopback() {
        let accepted = [
            "http://localhost",
            "http://localhost:8080/",
            "http://localhost:991/bar?a=b",
            "http://127.0.0.1",
            "http://127.5.5.5:1/",
            "http://[::1]:80/",
            "http://[::1]/",
            "http://user@localhost/",
            "HTTP://localhost/",
        ];
        for uri in accepted {
            assert!(is_loopback_http(uri), "{uri}");
        }
        let refused = [
            "http://LOCALHOST/",
            "https://localhost/",
            "http://localhost.localhost:8080/",
            "http://foo.com/bar",
            "http://127.1/",
            "http://localhost@evil.example/",
            "http://evil.example\\@localhost/",
            "http://2130706433/",
            "http://localhost:80\\@evil.example",
            "http://localhost/\r\nx",
            "http://localhost/a b",
            " http://localhost/",
            "http://localhost/#c",
            "http://[::1]:80@evil.example/",
            "http:localhost/",
            "\0http://127.0.0.1/",
            " http://localhost/",
            "ht\ttp://localhost/",
            "http://localhost/\r\nx",
            "http://localhost/ ",
            "localhost",
            "",
        ];
        for uri in refused {
            assert!(!is_loopback_http(uri), "{uri}");
        }
    }
}
