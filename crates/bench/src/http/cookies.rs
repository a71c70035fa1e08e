//! The cookies one user's browser keeps (RFC 6265), as far as a login on one machine needs them.

use ::http::HeaderMap;
use ::http::header::SET_COOKIE;
use url::Url;

use super::origin::Origin;

/// Cookies a user's browser keeps; further ones are dropped, as browsers do.
const COOKIES_MAX: usize = 64;

/// Cookies by server, path and name. `Secure` is met, for browsers trust this machine without TLS.
#[derive(Default)]
pub(crate) struct Jar {
    cookies: Vec<Cookie>,
}

#[derive(PartialEq, Eq)]
struct Cookie {
    origin: Origin,
    path: String,
    name: String,
    value: String,
}

impl Jar {
    pub(crate) fn keep(&mut self, origin: Origin, url: &Url, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            if let Some((cookie, ends)) = header.to_str().ok().and_then(|h| parse(origin, url, h)) {
                self.put(cookie, ends);
            }
        }
    }

    fn put(&mut self, cookie: Cookie, ends: bool) {
        self.cookies
            .retain(|kept| (kept.origin, &kept.path, &kept.name) != (cookie.origin, &cookie.path, &cookie.name));
        if !ends && self.cookies.len() < COOKIES_MAX {
            self.cookies.push(cookie);
        }
    }

    /// The `Cookie` header for a request to `url`.
    pub(crate) fn header(&self, origin: Origin, url: &Url) -> Option<String> {
        let mut header = String::new();
        for cookie in &self.cookies {
            if cookie.origin == origin && covers(&cookie.path, url.path()) {
                if !header.is_empty() {
                    header.push_str("; ");
                }
                header.push_str(&cookie.name);
                header.push('=');
                header.push_str(&cookie.value);
            }
        }
        (!header.is_empty()).then_some(header)
    }
}

/// The cookie a `Set-Cookie` header holds (RFC 6265 §5.2), and whether the header ends it.
fn parse(origin: Origin, url: &Url, header: &str) -> Option<(Cookie, bool)> {
    let mut parts = header.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let mut path = None;
    let mut max_age = None;
    let mut expired = false;
    for attribute in parts {
        let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        let value = value.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "path" if value.starts_with('/') => path = Some(value.to_owned()),
            "max-age" => max_age = value.parse::<i64>().ok(),
            // Servers end a cookie at the beginning of time; any other date outlives a login.
            "expires" => expired = value.contains("1970"),
            _ => {}
        }
    }
    let cookie = Cookie {
        origin,
        path: path.unwrap_or_else(|| default_path(url.path()).to_owned()),
        name: name.trim().to_owned(),
        value: value.trim().to_owned(),
    };
    Some((cookie, max_age.map_or(expired, |seconds| seconds <= 0)))
}

/// RFC 6265 §5.1.4: the folder of the path that set the cookie.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(at) => &path[..at],
    }
}

/// RFC 6265 §5.1.4: whether a cookie of `cookie_path` goes with a request for `path`.
fn covers(cookie_path: &str, path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie_path.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(set: &[&str], to: &str) -> Option<String> {
        let from = Url::parse("http://127.0.0.1:1/dex/auth").unwrap();
        let mut jar = Jar::default();
        for header in set {
            let mut headers = HeaderMap::new();
            headers.append(SET_COOKIE, header.parse().unwrap());
            jar.keep(Origin::of(&from).unwrap(), &from, &headers);
        }
        let to = Url::parse(to).unwrap();
        jar.header(Origin::of(&to).unwrap(), &to)
    }

    #[test]
    fn cookies_go_where_their_path_and_server_say_until_they_end() {
        let dex = "http://127.0.0.1:1/dex/callback";
        let cases: [(&str, &[&str], &str, Option<&str>); 12] = [
            ("own folder", &["a=1"], dex, Some("a=1")),
            ("not above it", &["a=1"], "http://127.0.0.1:1/", None),
            ("path named", &["a=1; Path=/"], "http://127.0.0.1:1/x", Some("a=1")),
            ("a folder is no prefix", &["a=1; path=/de"], dex, None),
            ("folder and slash", &["a=1; Path=/dex/"], dex, Some("a=1")),
            ("another port", &["a=1; Path=/"], "http://127.0.0.1:2/dex/x", None),
            ("several", &["a=1", "b=2; HttpOnly; Secure"], dex, Some("a=1; b=2")),
            ("the last one wins", &["a=1", "a=2"], dex, Some("a=2")),
            ("ended by age", &["a=1", "a=; Max-Age=0"], dex, None),
            ("ended by date", &["a=1", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], dex, None),
            ("age before date", &["a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], dex, Some("a=1")),
            ("no name", &["a"], dex, None),
        ];
        for (told, set, to, expected) in cases {
            assert_eq!(sent(set, to).as_deref(), expected, "{told}");
        }
    }

    #[test]
    fn a_flood_of_cookies_is_cut() {
        let set: Vec<String> = (0..100).map(|number| format!("c{number}=1")).collect();
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        let header = sent(&set, "http://127.0.0.1:1/dex/x").unwrap();
        assert_eq!(header.split("; ").count(), COOKIES_MAX);
    }
}
