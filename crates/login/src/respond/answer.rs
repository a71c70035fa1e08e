//! Addresses that carry a response (RFC 6749 §4.1.2; OAuth 2.0 Multiple Response Types §5).

use std::borrow::Cow;

use dex_oidc::{Form, encode_form};
use percent_encoding::percent_decode_str;

/// `uri` with the parameters in its query: merged into what is there, one of the same name replaced, sorted.
pub(crate) fn in_query(uri: &str, parameters: &[(&'static str, String)]) -> String {
    let (address, fragment) = match uri.split_once('#') {
        Some((address, fragment)) => (address, format!("#{fragment}")),
        None => (uri, String::new()),
    };
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let query = match Form::parse(query.as_bytes()) {
        Ok(former) => {
            let kept = former.pairs().filter(|(key, _)| parameters.iter().all(|(name, _)| name != key));
            sorted(kept.chain(borrowed(parameters)))
        }
        // A query of the client's own making stays as it is, but for what would be taken for our answer.
        Err(_) => {
            let ours = |part: &str| parameters.iter().any(|(name, _)| *name == name_of(part));
            let kept: Vec<&str> = query.split('&').filter(|part| !part.split(';').any(ours)).collect();
            format!("{}&{}", kept.join("&"), sorted(borrowed(parameters)))
        }
    };
    format!("{path}?{query}{fragment}")
}

/// `uri` with the parameters as its fragment, in the place of any other.
pub(super) fn in_fragment(uri: &str, parameters: &[(&'static str, String)]) -> String {
    let address = uri.split_once('#').map_or(uri, |(address, _)| address);
    format!("{address}#{}", sorted(borrowed(parameters)))
}

fn name_of(part: &str) -> Cow<'_, str> {
    percent_decode_str(part.split('=').next().unwrap_or_default()).decode_utf8_lossy()
}

fn borrowed<'a>(parameters: &'a [(&'static str, String)]) -> impl Iterator<Item = (&'a str, &'a str)> {
    parameters.iter().map(|(name, value)| (*name, value.as_str()))
}

fn sorted<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort_by_key(|(name, _)| *name);
    encode_form(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_merged_into_the_query_or_become_the_fragment() {
        let parameters = [("state", "a/b c&d".to_owned()), ("code", "x".to_owned())];
        let cases = [
            ("https://a/cb", "https://a/cb?code=x&state=a%2Fb+c%26d", "https://a/cb#code=x&state=a%2Fb+c%26d"),
            ("https://a", "https://a?code=x&state=a%2Fb+c%26d", "https://a#code=x&state=a%2Fb+c%26d"),
            (
                "https://a/cb?z=1&code=old&b=%20",
                "https://a/cb?b=+&code=x&state=a%2Fb+c%26d&z=1",
                "https://a/cb?z=1&code=old&b=%20#code=x&state=a%2Fb+c%26d",
            ),
            ("https://a/cb#f", "https://a/cb?code=x&state=a%2Fb+c%26d#f", "https://a/cb#code=x&state=a%2Fb+c%26d"),
            (
                "https://a/cb?p=1;q",
                "https://a/cb?p=1;q&code=x&state=a%2Fb+c%26d",
                "https://a/cb?p=1;q#code=x&state=a%2Fb+c%26d",
            ),
            (
                "https://a/cb?c%6fde=old&p=%zz&q;state=b",
                "https://a/cb?p=%zz&code=x&state=a%2Fb+c%26d",
                "https://a/cb?c%6fde=old&p=%zz&q;state=b#code=x&state=a%2Fb+c%26d",
            ),
            (
                "/dex/device/callback",
                "/dex/device/callback?code=x&state=a%2Fb+c%26d",
                "/dex/device/callback#code=x&state=a%2Fb+c%26d",
            ),
            (
                "com.example.app:/cb",
                "com.example.app:/cb?code=x&state=a%2Fb+c%26d",
                "com.example.app:/cb#code=x&state=a%2Fb+c%26d",
            ),
        ];
        for (uri, query, fragment) in cases {
            assert_eq!(in_query(uri, &parameters), query);
            assert_eq!(in_fragment(uri, &parameters), fragment);
        }
    }
}
