//! `Authorization` and `Cookie`.

use dex_oidc::Form;
use dex_token::Credentials;
use dex_web::{Issuer, cookies};
use http::{HeaderMap, HeaderValue, header};

use super::line;

/// The id of the login that begins while the cookies arrive.
const LOGIN: &str = "fresh";

/// `Authorization` in the first line, a form body behind it.
pub(super) fn client_credentials(data: &[u8]) {
    let (value, body) = line(data);
    let Ok(value) = HeaderValue::from_bytes(value) else { return };
    let form = Form::parse(body).unwrap_or_default();
    let said_basic = value.as_bytes().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic "));
    let Ok(read) = Credentials::read(&HeaderMap::from_iter([(header::AUTHORIZATION, value)]), &form) else {
        assert!(said_basic, "only what stands in the header can be refused");
        return;
    };
    assert!(said_basic || !read.basic);
    if !read.basic {
        assert_eq!(read.id, form.get("client_id"));
    }
}

/// One `Cookie` header a line. Whatever a browser carries, our own cookies keep their form.
pub(super) fn cookies(data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
    let headers: HeaderMap = lines.map(|line| (header::COOKIE, line)).collect();
    let issuer = Issuer::parse(dex_testkit::ISSUER).expect("the issuer of all tests is a URL");
    let found = cookies::login(&headers, LOGIN);
    assert!(found.is_none_or(|value| !value.contains([';', '\n'])));
    for set in cookies::begin_login(&issuer, &headers, LOGIN, "sealed", 60) {
        let set = set.to_str().expect("our cookies are ASCII");
        let parts: Vec<&str> = set.split("; ").collect();
        let [pair, path, age, "HttpOnly", "Secure", "SameSite=Lax"] = parts[..] else {
            panic!("a cookie of another form: {set}");
        };
        let named = pair.strip_prefix("dex_login_").and_then(|rest| rest.split_once('='));
        let (id, value) = named.expect("it is a login's");
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{set}");
        assert_eq!(path, "Path=/dex", "{set}");
        assert!((id, value, age) == (LOGIN, "sealed", "Max-Age=60") || (value, age) == ("", "Max-Age=0"), "{set}");
    }
}
