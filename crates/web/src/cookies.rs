//! The cookies. Only this file writes one.

use http::{HeaderMap, HeaderValue, header};

use crate::Issuer;

/// Before the id of a login in the name of its cookie.
const LOGIN_PREFIX: &str = "dex_login_";

/// Before the user code in the name of the cookie of a device whose code was typed.
const DEVICE_PREFIX: &str = "dex_device_";

/// The cookie that a session's browser carries for its logout.
const UPSTREAM: &str = "dex_upstream";

/// How many logins one browser may have on their way. One more makes another give way.
pub const LOGINS_PER_BROWSER_MAX: usize = 8;

/// How large the cookies of all its logins may be together, in bytes: proxies take 8 KiB of cookies in a request,
/// and other cookies want room too.
const LOGINS_BYTES_MAX: usize = 7 * 1024;

/// The largest value of a cookie, in bytes: browsers take 4096 with the name and attributes.
pub const COOKIE_BYTES_MAX: usize = 3800;

/// The sealed login of this id, if the browser carries it.
pub fn login<'a>(headers: &'a HeaderMap, id: &str) -> Option<&'a str> {
    logins(headers).find(|(found, _)| *found == id).map(|(_, value)| value)
}

/// The `Set-Cookie` headers that give the browser a sealed login, and take one back if it has too many.
///
/// `SameSite=Lax`: the upstream's redirect, a top-level GET, brings the cookie along; a foreign form does not.
pub fn begin_login(issuer: &Issuer, headers: &HeaderMap, id: &str, sealed: &str, seconds: u64) -> Vec<HeaderValue> {
    let mut set = vec![cookie(issuer, &format!("{LOGIN_PREFIX}{id}"), sealed, seconds)];
    // Browsers send the cookies of one path oldest first (RFC 6265 §5.4).
    let carried: Vec<(&str, usize)> = logins(headers).map(|(id, value)| (id, size(id, value))).collect();
    let mut count = carried.len() + 1;
    let mut bytes = size(id, sealed) + carried.iter().map(|(_, size)| size).sum::<usize>();
    for (former, size) in carried {
        if count <= LOGINS_PER_BROWSER_MAX && bytes <= LOGINS_BYTES_MAX {
            break;
        }
        set.push(end_login(issuer, former));
        count -= 1;
        bytes -= size;
    }
    set
}

/// What a login takes in the `Cookie` header, in bytes.
fn size(id: &str, sealed: &str) -> usize {
    LOGIN_PREFIX.len() + id.len() + sealed.len() + "=; ".len()
}

/// The `Set-Cookie` header that takes a login back.
pub fn end_login(issuer: &Issuer, id: &str) -> HeaderValue {
    cookie(issuer, &format!("{LOGIN_PREFIX}{id}"), "", 0)
}

/// The `Set-Cookie` header that notes that this user code was typed in this browser. `code` is a stored one.
pub fn type_code(issuer: &Issuer, code: &str, seconds: u64) -> HeaderValue {
    cookie(issuer, &format!("{DEVICE_PREFIX}{code}"), "typed", seconds)
}

/// Whether this user code was typed in this browser.
pub fn typed_code(headers: &HeaderMap, code: &str) -> bool {
    pairs(headers).any(|(name, _)| name.strip_prefix(DEVICE_PREFIX) == Some(code))
}

/// The `Set-Cookie` header that takes back what [`type_code`] noted.
pub fn forget_code(issuer: &Issuer, code: &str) -> HeaderValue {
    cookie(issuer, &format!("{DEVICE_PREFIX}{code}"), "", 0)
}

/// The value of the session's cookie, the first of its name; `None` for an empty one too.
pub fn session<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    pairs(headers).find(|(found, _)| *found == name).map(|(_, value)| value).filter(|value| !value.is_empty())
}

/// The `Set-Cookie` header that gives the browser its session (sessions spec, 2.4): for so many seconds, or until the
/// browser ends. `value` is visible ASCII without `;`, and the name was checked with the configuration.
pub fn begin_session(issuer: &Issuer, name: &str, value: &str, seconds: Option<u64>) -> HeaderValue {
    cookie(issuer, name, value, seconds)
}

/// The `Set-Cookie` header that takes the session back.
pub fn end_session(issuer: &Issuer, name: &str) -> HeaderValue {
    cookie(issuer, name, "", 0)
}

/// What the browser carries sealed for the logout of its session.
pub fn upstream(headers: &HeaderMap) -> Option<&str> {
    pairs(headers).find(|(name, _)| *name == UPSTREAM).map(|(_, value)| value)
}

/// The `Set-Cookie` header that has the browser carry what the logout of its session will want, to the logout alone.
pub fn keep_upstream(issuer: &Issuer, sealed: &str, seconds: u64) -> HeaderValue {
    cookie_for(&issuer.local("/logout"), issuer, UPSTREAM, sealed, Some(seconds))
}

/// The `Set-Cookie` header that takes back what [`keep_upstream`] gave.
pub fn forget_upstream(issuer: &Issuer) -> HeaderValue {
    keep_upstream(issuer, "", 0)
}

fn logins(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    pairs(headers)
        .filter_map(|(name, value)| Some((name.strip_prefix(LOGIN_PREFIX)?, value)))
        .filter(|(id, _)| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

fn cookie(issuer: &Issuer, name: &str, value: &str, seconds: impl Into<Option<u64>>) -> HeaderValue {
    cookie_for(issuer.cookie_path(), issuer, name, value, seconds.into())
}

fn cookie_for(path: &str, issuer: &Issuer, name: &str, value: &str, seconds: Option<u64>) -> HeaderValue {
    let life = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let secure = if issuer.is_https() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path={path}{life}; HttpOnly{secure}; SameSite=Lax");
    HeaderValue::try_from(text).expect("ids, sealed values and URL paths are visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carrying(line: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(line).unwrap())])
    }

    #[test]
    fn a_login_is_found_by_its_id_among_other_cookies() {
        let headers = carrying("a=b; dex_login_x1=one;dex_login_x2=two; dex_login_=none; dex_login_!=bad");
        assert_eq!(login(&headers, "x2"), Some("two"));
        assert_eq!((login(&headers, "x"), login(&headers, ""), login(&headers, "!")), (None, None, None));
    }

    #[test]
    fn cookies_are_strict_and_few() {
        let issuer = Issuer::parse("https://id.example/dex").unwrap();
        let set = begin_login(&issuer, &HeaderMap::new(), "x", "v", 60);
        assert_eq!(set, ["dex_login_x=v; Path=/dex; Max-Age=60; HttpOnly; Secure; SameSite=Lax"]);
        let full: Vec<String> = (0..LOGINS_PER_BROWSER_MAX).map(|n| format!("dex_login_l{n}=v")).collect();
        let set = begin_login(&issuer, &carrying(&full.join("; ")), "x", "v", 60);
        assert_eq!(set.len(), 2);
        assert!(set[1].to_str().unwrap().starts_with("dex_login_l0=; "), "the oldest gives way");
        let large = "v".repeat(COOKIE_BYTES_MAX);
        let set = begin_login(&issuer, &carrying(&format!("dex_login_a={large}; dex_login_b=v")), "x", &large, 60);
        assert_eq!(set.len(), 2, "two large ones are more than proxies take");
        assert!(set[1].to_str().unwrap().starts_with("dex_login_a=; "));
    }

    #[test]
    fn a_typed_code_is_known_in_its_browser_alone() {
        let issuer = Issuer::parse("https://id.example/dex").unwrap();
        let set = type_code(&issuer, "BCDF-GHJK", 300);
        assert_eq!(set, "dex_device_BCDF-GHJK=typed; Path=/dex; Max-Age=300; HttpOnly; Secure; SameSite=Lax");
        let headers = carrying("a=b; dex_device_BCDF-GHJK=typed");
        assert!(typed_code(&headers, "BCDF-GHJK"));
        assert!(!typed_code(&headers, "BCDF-GHJ") && !typed_code(&headers, "") && !typed_code(&headers, "x"));
    }

    #[test]
    fn a_session_is_kept_for_its_time_or_as_long_as_the_browser_runs() {
        let issuer = Issuer::parse("http://id.example").unwrap();
        let cases = [
            (Some(60), "s=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"),
            (None, "s=v; Path=/; HttpOnly; SameSite=Lax"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(begin_session(&issuer, "s", "v", seconds), expected);
        }
        assert_eq!(end_session(&issuer, "s"), "s=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
        for (line, expected) in [("t=x; s=one; s=two", Some("one")), ("s=", None), ("s=; s=two", None), ("ss=v", None)]
        {
            assert_eq!(session(&carrying(line), "s"), expected, "{line}");
        }
    }

    #[test]
    fn what_a_logout_wants_goes_to_the_logout_alone() {
        let issuer = Issuer::parse("https://id.example/dex").unwrap();
        let set = keep_upstream(&issuer, "v", 60);
        assert_eq!(set, "dex_upstream=v; Path=/dex/logout; Max-Age=60; HttpOnly; Secure; SameSite=Lax");
        assert!(forget_upstream(&issuer).to_str().unwrap().starts_with("dex_upstream=; Path=/dex/logout; Max-Age=0; "));
        assert_eq!(upstream(&carrying("a=b; dex_upstream=v")), Some("v"));
        assert_eq!(upstream(&carrying("dex_upstreams=v")), None);
    }
}
