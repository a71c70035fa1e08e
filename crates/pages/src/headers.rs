//! The headers that protect pages in a browser.

use url::Url;

use crate::frontend::Frontend;

/// Headers for every page of this front end, name and value.
///
/// `own_files` says that templates or themes of the operator's are in use: they may hold scripts
/// and styles in line, as Dex's did, or load them from elsewhere, so the policy on content then
/// only forbids what a login page never needs.
///
/// `form-action` is left out on purpose: browsers apply it to the redirects that follow a form as
/// well, so it would stop the way back to clients whose redirect URI has a scheme of its own.
pub(crate) fn for_pages(frontend: &Frontend, own_files: bool) -> Vec<(&'static str, String)> {
    let policy = if own_files { OPEN_POLICY.to_owned() } else { strict_policy(frontend) };
    vec![
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff".to_owned()),
        ("X-Frame-Options", "DENY".to_owned()),
        ("Referrer-Policy", REFERRER_POLICY.to_owned()),
        ("Cache-Control", "no-store".to_owned()),
    ]
}

/// Tells others no path and no query, which hold signatures; but keeps the `Origin` of forms, which
/// `no-referrer` would turn into `null`.
const REFERRER_POLICY: &str = "strict-origin";

const OPEN_POLICY: &str = "object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

fn strict_policy(frontend: &Frontend) -> String {
    // Logos of clients come from wherever the client says, but only encrypted.
    let logo = plain_http_origin(&frontend.logo_url).map(|origin| format!(" {origin}")).unwrap_or_default();
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
         img-src 'self' data: https:{logo}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// The origin of a logo that `https:` does not cover.
fn plain_http_origin(url: &str) -> Option<String> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "http")?;
    Some(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_follows_the_logo_and_own_files() {
        let with_logo = |logo: &str| Frontend { logo_url: logo.into(), ..Frontend::default() };
        let cases = [
            ("", false, "img-src 'self' data: https:;"),
            ("https://cdn.example.com/l.png", false, "img-src 'self' data: https:;"),
            ("http://cdn.example.com:8080/l.png", false, "img-src 'self' data: https: http://cdn.example.com:8080;"),
            ("", true, "object-src 'none'; base-uri"),
        ];
        for (logo, own_files, expected) in cases {
            let headers = for_pages(&with_logo(logo), own_files);
            let (name, policy) = &headers[0];
            assert_eq!(*name, "Content-Security-Policy");
            assert!(policy.contains(expected), "{logo}: {policy}");
            assert!(policy.contains("frame-ancestors 'none'"));
            assert!(own_files || !policy.contains("unsafe"));
        }
    }

    #[test]
    fn policy_does_not_stand_between_the_user_and_the_client() {
        for own_files in [true, false] {
            let headers = for_pages(&Frontend::default(), own_files);
            assert!(!headers[0].1.contains("form-action"));
        }
    }
}
