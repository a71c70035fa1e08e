//! Where a client may hear of logouts.

use url::{Host, Url};

/// Why an address is none that logouts are told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLogoutUri {
    /// It is no absolute URL.
    #[error("it is no absolute URL")]
    NoUrl,
    /// Its scheme is neither `https` nor `http`.
    #[error("its scheme is neither https nor http")]
    Scheme,
    /// It has a fragment (OpenID Connect Back-Channel Logout 1.0 §2.2).
    #[error("it has a fragment")]
    Fragment,
    /// It holds a user or a password.
    #[error("it holds a user or a password")]
    Credentials,
}

/// The address at which a client hears of logouts.
///
/// Addresses within the operator's own network are as good as others: who registers a client is trusted with that.
///
/// # Errors
///
/// [`BadLogoutUri`]; the client is not told.
pub fn logout_uri(text: &str) -> Result<Url, BadLogoutUri> {
    let uri = Url::parse(text).map_err(|_| BadLogoutUri::NoUrl)?;
    if !matches!(uri.scheme(), "https" | "http") {
        return Err(BadLogoutUri::Scheme);
    }
    if uri.fragment().is_some() {
        return Err(BadLogoutUri::Fragment);
    }
    if !uri.username().is_empty() || uri.password().is_some() {
        return Err(BadLogoutUri::Credentials);
    }
    Ok(uri)
}

/// Whether a logout token that is sent there can be read on its way.
pub(super) fn is_readable_on_its_way(uri: &Url) -> bool {
    let here = match uri.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    uri.scheme() == "http" && !here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_without_fragment_hear_of_logouts() {
        let cases = [
            ("https://app.example/logout?x=1", Ok(())),
            ("http://app.example/logout", Ok(())),
            ("https://10.0.0.1:8443/", Ok(())),
            ("https://app.example/#", Err(BadLogoutUri::Fragment)),
            ("https://app.example/#f", Err(BadLogoutUri::Fragment)),
            ("ftp://app.example/", Err(BadLogoutUri::Scheme)),
            ("file:///etc/passwd", Err(BadLogoutUri::Scheme)),
            ("https://jane@app.example/", Err(BadLogoutUri::Credentials)),
            ("https://:secret@app.example/", Err(BadLogoutUri::Credentials)),
            ("/logout", Err(BadLogoutUri::NoUrl)),
            ("https://", Err(BadLogoutUri::NoUrl)),
            ("", Err(BadLogoutUri::NoUrl)),
        ];
        for (text, expected) in cases {
            assert_eq!(logout_uri(text).map(|_| ()), expected, "{text}");
        }
    }

    #[test]
    fn plain_http_is_readable_but_within_the_host() {
        let cases = [
            ("http://app.example/", true),
            ("http://10.0.0.1/", true),
            ("https://app.example/", false),
            ("http://127.0.0.1:5555/", false),
            ("http://[::1]/", false),
            ("http://localhost/", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_readable_on_its_way(&logout_uri(text).unwrap()), expected, "{text}");
        }
    }
}
