//! The cookies. Only this file writes one.

use http::{HeaderMap, HeaderValue, header};

use crate::Issuer;

/// Before the id of a login in the name of its cookie.
const LOGIN_PREFIX: &str = "dex_login_";

/// How many logins one browser may have on their way. One more makes another give way.
pub const LOGINS_PER_BROWSER_MAX: usize = 8;

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
    let carried: Vec<&str> = logins(headers).map(|(id, _)| id).collect();
    let surplus = (carried.len() + 1).saturating_sub(LOGINS_PER_BROWSER_MAX);
    set.extend(carried.into_iter().take(surplus).map(|id| end_login(issuer, id)));
    set
}

/// The `Set-Cookie` header that takes a login back.
pub fn end_login(issuer: &Issuer, id: &str) -> HeaderValue {
    cookie(issuer, &format!("{LOGIN_PREFIX}{id}"), "", 0)
}

fn logins(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(LOGIN_PREFIX)?.split_once('='))
        .filter(|(id, _)| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn cookie(issuer: &Issuer, name: &str, value: &str, seconds: u64) -> HeaderValue {
    let secure = if issuer.is_https() { "; Secure" } else { "" };
    let path = issuer.cookie_path();
    let text = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly{secure}; SameSite=Lax");
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
    }
}
