//! A browser as far as a login needs one.

use std::collections::BTreeMap;

use axum::body::Body;
use dex_oidc::Form;
use http::{Method, Request, header};

use crate::{CALLBACK, CLIENT, ISSUER, Shown, TestApp};

/// How many redirects are followed before a test fails.
pub const REDIRECTS_MAX: usize = 10;

/// Keeps cookies, and follows redirects as long as they stay within the issuer.
#[derive(Clone)]
pub struct Browser<'a> {
    app: &'a TestApp,
    cookies: BTreeMap<String, String>,
    headers: Vec<(&'static str, String)>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self { app, cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// The names of the cookies it keeps.
    pub fn cookies(&self) -> Vec<&str> {
        self.cookies.keys().map(String::as_str).collect()
    }

    /// The value of a cookie it keeps.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Has it keep a cookie that nobody gave it.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Has it send a header with every request.
    pub fn set_header(&mut self, name: &'static str, value: &str) {
        self.headers.push((name, value.to_owned()));
    }

    /// Opens an address and goes wherever that leads within the issuer.
    pub async fn get(&mut self, address: &str) -> Shown {
        let shown = self.step(Method::GET, address, &[]).await;
        self.follow(shown).await
    }

    /// Posts a form and goes wherever that leads within the issuer.
    pub async fn post(&mut self, address: &str, fields: &[(&str, &str)]) -> Shown {
        let shown = self.step(Method::POST, address, fields).await;
        self.follow(shown).await
    }

    /// Fills in the page's first form.
    pub async fn submit(&mut self, page: &Shown, fields: &[(&str, &str)]) -> Shown {
        self.post(&page.form_action(), fields).await
    }

    /// Asks for a login through a connector, with `changes` to an ordinary request.
    pub async fn log_in_through(&mut self, connector: &str, changes: &[(&str, &str)]) -> Shown {
        self.get(&authorization(&format!("/auth/{connector}"), changes)).await
    }

    /// One request and its response, without following it.
    ///
    /// # Panics
    ///
    /// When the address is none.
    pub async fn step(&mut self, method: Method, address: &str, fields: &[(&str, &str)]) -> Shown {
        let origin = &ISSUER[..ISSUER.len() - "/dex".len()];
        let path = address.strip_prefix(origin).unwrap_or(address);
        let mut request = Request::builder().method(method.clone()).uri(path);
        if !self.cookies.is_empty() {
            let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let body = if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            Body::from(dex_oidc::encode_form(fields.iter().copied()))
        } else {
            Body::empty()
        };
        let request = request.body(body).expect("the address is one");
        let shown = self.app.send(request).await;
        self.remember(&shown);
        shown
    }

    async fn follow(&mut self, mut shown: Shown) -> Shown {
        for _ in 0..REDIRECTS_MAX {
            let to = shown.location().to_owned();
            if !to.starts_with("/dex/") && !to.starts_with(ISSUER) {
                return shown;
            }
            shown = self.step(Method::GET, &to, &[]).await;
        }
        panic!("more than {REDIRECTS_MAX} redirects, the last to {}", shown.location());
    }

    fn remember(&mut self, shown: &Shown) {
        for line in shown.headers.get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("our cookies are ASCII");
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// The address of an ordinary authorization request at `route`, with `changes`; an empty value takes a
/// parameter out.
pub(crate) fn authorization(route: &str, changes: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "xyz"),
    ];
    for (name, value) in changes {
        pairs.retain(|(former, _)| former != name);
        if !value.is_empty() {
            pairs.push((name, value));
        }
    }
    format!("/dex{route}?{}", Form::of(pairs).encode_sorted())
}

impl TestApp {
    /// The address of an ordinary authorization request at `route`, `/auth` for example, with `changes`; an
    /// empty value takes a parameter out.
    pub fn authorization(&self, route: &str, changes: &[(&str, &str)]) -> String {
        authorization(route, changes)
    }
}
