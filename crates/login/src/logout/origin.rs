//! Where the form of a logout comes from.
//!
//! The session's cookie is `SameSite=Lax`: a form on another site's page arrives without it, one of a neighbour in the same
//! site with it. Browsers say which it is.

use dex_web::cookies;
use http::{HeaderMap, Method, header};

use crate::repost;
use crate::visit::Visit;

/// Fetch Metadata: how far whoever began the request is from us.
const FETCH_SITE: &str = "sec-fetch-site";

/// Fetch Metadata: what the browser will do with the response.
const FETCH_DEST: &str = "sec-fetch-dest";

/// Whether the user has said yes, in a form of our own.
pub(super) fn confirmed(visit: &Visit<'_>) -> bool {
    let issuer = visit.app.issuer.absolute("").origin().ascii_serialization();
    visit.is(&Method::POST) && !repost::is_reposted(visit) && !foreign(&visit.incoming.headers, &issuer)
}

/// Whether the browser held its cookies back because another site's page posted the form, and would bring them in a form of
/// ours. Frames get none either way.
pub(super) fn held_back_cookies(visit: &Visit<'_>) -> bool {
    let headers = &visit.incoming.headers;
    let sessions = visit.app.settings.sessions.as_ref();
    visit.is(&Method::POST)
        && !repost::is_reposted(visit)
        && sessions.is_some_and(|settings| cookies::session(headers, &settings.cookie_name).is_none())
        && value(headers, FETCH_SITE) != Some("same-origin")
        && matches!(value(headers, FETCH_DEST), None | Some("document"))
}

/// Whether a form comes from somebody else's page, as far as the browser tells. What tells nothing at all is no browser.
fn foreign(headers: &HeaderMap, issuer: &str) -> bool {
    match (value(headers, FETCH_SITE), value(headers, header::ORIGIN.as_str())) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin != issuer,
        (None, None) => false,
    }
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_form_of_a_neighbour_is_not_ours() {
        let cases = [
            ("ours", Some("same-origin"), Some("https://id.example"), false),
            ("typed", Some("none"), None, false),
            ("a neighbour's", Some("same-site"), Some("https://app.example"), true),
            ("another site's", Some("cross-site"), Some("null"), true),
            ("a word that nobody knows", Some("x"), Some("https://id.example"), true),
            ("ours, from an old browser", None, Some("https://id.example"), false),
            ("another port, from an old browser", None, Some("https://id.example:8443"), true),
            ("of no origin, from an old browser", None, Some("null"), true),
            ("no browser", None, None, false),
        ];
        for (told, site, origin, expected) in cases {
            let pairs = [(FETCH_SITE, site), ("origin", origin)];
            let headers = pairs.into_iter().filter_map(|(name, value)| {
                Some((http::HeaderName::from_static(name), HeaderValue::from_static(value?)))
            });
            assert_eq!(foreign(&headers.collect(), "https://id.example"), expected, "{told}");
        }
    }
}
