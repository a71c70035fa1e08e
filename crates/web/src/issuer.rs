//! The issuer and the addresses below it.

use dex_oidc::Form;
use url::Url;

/// The issuer URL: `iss` to the last byte as configured, and the base of every address of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    url: Url,
    path: String,
}

impl Issuer {
    /// Parses the configured URL.
    ///
    /// # Errors
    ///
    /// When it is no absolute `http` or `https` URL; the start then ends.
    pub fn parse(text: &str) -> Result<Self, url::ParseError> {
        let url = Url::parse(text)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(url::ParseError::RelativeUrlWithoutBase);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        Ok(Self { text: text.to_owned(), url, path })
    }

    /// `iss`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The path of the issuer without a trailing slash; empty for none.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path cookies are for.
    pub fn cookie_path(&self) -> &str {
        if self.path.is_empty() { "/" } else { &self.path }
    }

    /// Whether browsers come by TLS, so that cookies are `Secure`.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// `route` on our own host: `/dex` and `/auth` make `/dex/auth`.
    pub fn local(&self, route: &str) -> String {
        format!("{}{route}", self.path)
    }

    /// `route` with sorted parameters, on our own host.
    pub fn local_with(&self, route: &str, parameters: &Form) -> String {
        let query = parameters.encode_sorted();
        if query.is_empty() { self.local(route) } else { format!("{}{route}?{query}", self.path) }
    }

    /// `route` as an absolute URL.
    pub fn absolute(&self, route: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{route}", self.path));
        url
    }

    /// Where the device flow's browser comes back, as its redirect URI.
    pub fn device_callback(&self) -> String {
        self.local("/device/callback")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lie_below_the_issuer() {
        let cases = [
            ("http://127.0.0.1:5556/dex", "/dex", "/dex", "http://127.0.0.1:5556/dex/token"),
            ("https://id.example", "", "/", "https://id.example/token"),
            ("https://id.example/dex/", "/dex", "/dex", "https://id.example/dex/token"),
        ];
        for (text, path, cookies, token) in cases {
            let issuer = Issuer::parse(text).unwrap();
            assert_eq!((issuer.path(), issuer.cookie_path()), (path, cookies), "{text}");
            assert_eq!(issuer.absolute("/token").as_str(), token);
            assert_eq!(issuer.as_str(), text);
        }
        assert!(Issuer::parse("ftp://x").is_err() && Issuer::parse("/dex").is_err());
    }
}
