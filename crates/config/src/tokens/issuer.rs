//! `issuer`: the name of the server, and the address of everything it serves.

use url::{Host, Url};

use crate::tree::Map;

/// What other sections take from the issuer when they are told nothing themselves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Issuer {
    /// As written; only an upper-case scheme is lowered, as in Dex.
    pub text: String,
    /// The host name.
    pub host: String,
    /// `scheme://host[:port]`
    pub origin: String,
}

impl Issuer {
    /// Reads and checks it: an absolute `http` or `https` URL without query and fragment
    /// (OpenID Connect Discovery 1.0 section 3).
    pub(crate) fn read(map: &mut Map<'_>) -> Self {
        /// How to mend it.
        const HINT: &str = "write it as users reach it, such as https://dex.example.com/dex";
        let Some(given) = map.given("issuer") else {
            if map.node("issuer").is_none_or(|node| node.is_idle()) {
                let text = "no issuer specified in config file";
                map.report().ranked(1, map.origin("issuer"), "issuer", text, HINT);
            }
            return Self::default();
        };
        match check(&given.text) {
            Ok(url) => Self {
                host: url.host().map(|host| host_text(&host)).unwrap_or_default(),
                origin: url.origin().ascii_serialization(),
                text: with_lower_scheme(&given.text),
            },
            Err(why) => {
                map.error("issuer", format!("server: can't parse issuer URL: {why}"), HINT);
                Self::default()
            }
        }
    }
}

fn check(text: &str) -> Result<Url, &'static str> {
    if text.trim() != text || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("it holds blanks");
    }
    let url = Url::parse(text).map_err(|_| "it is not an absolute URL")?;
    if !matches!(url.scheme(), "http" | "https") || !text.contains("://") {
        return Err("it is neither an http nor an https URL");
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("it has no host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it must hold no user name or password");
    }
    if url.query().is_some() {
        return Err("it must have no query");
    }
    if url.fragment().is_some() {
        return Err("it must have no fragment");
    }
    Ok(url)
}

fn host_text(host: &Host<&str>) -> String {
    match host {
        Host::Ipv6(address) => address.to_string(),
        host => host.to_string(),
    }
}

fn with_lower_scheme(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => format!("{}://{rest}", scheme.to_ascii_lowercase()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{check, with_lower_scheme};

    #[test]
    fn an_issuer_is_an_absolute_http_url_without_query_and_fragment() {
        let cases = [
            ("https://dex.example.com", None),
            ("http://127.0.0.1:5556/dex", None),
            ("https://[::1]:5556/dex/", None),
            ("HTTPS://dex.example.com", None),
            ("dex.example.com", Some("it is not an absolute URL")),
            ("127.0.0.1:5556/dex", Some("it is not an absolute URL")),
            ("dex.example.com:5556", Some("it is neither an http nor an https URL")),
            ("https:dex.example.com", Some("it is neither an http nor an https URL")),
            ("ftp://dex.example.com", Some("it is neither an http nor an https URL")),
            ("https://", Some("it is not an absolute URL")),
            ("https://a/?b", Some("it must have no query")),
            ("https://a/#b", Some("it must have no fragment")),
            ("https://u:p@a/", Some("it must hold no user name or password")),
            ("https://a/ b", Some("it holds blanks")),
        ];
        for (text, refusal) in cases {
            assert_eq!(check(text).err(), refusal, "{text}");
        }
    }

    #[test]
    fn an_issuer_stays_as_written_but_for_its_scheme() {
        assert_eq!(with_lower_scheme("HTTPS://Dex.example.com/A/"), "https://Dex.example.com/A/");
    }
}
