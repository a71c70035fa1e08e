//! Whole endpoints, as a stranger reaches them: an authorization request, a token request.

use std::cell::RefCell;
use std::sync::Arc;

use axum::body::Body;
use dex_oidc::{GrantType, is_loopback_http};
use dex_testkit::{CALLBACK, ISSUER, Shown, TestApp};
use dex_web::{App, Settings};
use http::{HeaderValue, Method, Request, Uri, header};
use tokio::runtime::{Builder, Runtime};

use super::line;

/// How many requests one app answers before another takes its place: records of devices wait in it.
const REQUESTS_MAX: u32 = 5_000;

/// Where a browser may be sent besides our own pages and this very machine: the client, the upstream.
const ELSEWHERE: [&str; 2] = [CALLBACK, "https://upstream.example/login"];

thread_local! {
    static LOGIN: RefCell<Dex> = RefCell::new(Dex::start());
    static TOKEN: RefCell<Dex> = RefCell::new(Dex::start());
}

/// A dex in process, and what drives it.
struct Dex {
    runtime: Runtime,
    app: TestApp,
    requests: u32,
}

/// In three lines a route, a `Cookie` header, and a query: what a browser brings. An upper-case route posts it.
///
/// Whatever it is, we do not fail, store nothing, and send the browser to known places only.
pub(super) fn authorization_request(data: &[u8]) {
    let (route, rest) = line(data);
    let (cookie, query) = line(rest);
    let path = match route.to_ascii_lowercase().as_slice() {
        b"auth" => "/dex/auth",
        b"mock" => "/dex/auth/mock",
        b"password" => "/dex/auth/mock-password/login",
        b"scripted" => "/dex/auth/scripted",
        b"callback" => "/dex/callback",
        b"approval" => "/dex/approval",
        b"device" => "/dex/device",
        _ => return,
    };
    let Some(request) =
        request(path, route.first().is_some_and(u8::is_ascii_uppercase), (header::COOKIE, cookie), query)
    else {
        return;
    };
    LOGIN.with_borrow_mut(|dex| {
        let before = dex.runtime.block_on(dex.app.records());
        let shown = dex.answer(request);
        assert!(!shown.status.is_server_error(), "{}: {}", shown.status, shown.body);
        assert_known(shown.location());
        assert_eq!(dex.runtime.block_on(dex.app.records()), before, "a stranger's request was stored");
    });
}

/// In three lines a route, an `Authorization` header, and a form body: what a client sends.
///
/// Whatever it is, we do not fail, and errors are JSON objects with an `error` (RFC 6749 §5.2).
pub(super) fn token_request(data: &[u8]) {
    let (route, rest) = line(data);
    let (authorization, body) = line(rest);
    let path = match route {
        b"token" => "/dex/token",
        b"introspect" => "/dex/token/introspect",
        b"revoke" => "/dex/token/revoke",
        b"userinfo" => "/dex/userinfo",
        b"device" => "/dex/device/code",
        _ => return,
    };
    let Some(request) = request(path, true, (header::AUTHORIZATION, authorization), body) else { return };
    TOKEN.with_borrow_mut(|dex| {
        let shown = dex.answer(request);
        assert!(!shown.status.is_server_error(), "{}: {}", shown.status, shown.body);
        if route == b"token" && shown.status.is_client_error() {
            let error: serde_json::Value = serde_json::from_str(&shown.body).expect("an error is JSON");
            assert!(error["error"].is_string(), "{}", shown.body);
        }
    });
}

/// The request, unless it is one that no server would read.
fn request(path: &str, post: bool, (name, value): (header::HeaderName, &[u8]), form: &[u8]) -> Option<Request<Body>> {
    let (method, uri, body) = if post {
        (Method::POST, Uri::try_from(path), Body::from(form.to_vec()))
    } else {
        let uri = [path.as_bytes(), b"?", form].concat();
        (Method::GET, Uri::from_maybe_shared(uri), Body::empty())
    };
    let mut request = Request::builder().method(method).uri(uri.ok()?);
    if !value.is_empty() {
        request = request.header(name, HeaderValue::from_bytes(value).ok()?);
    }
    request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body).ok()
}

/// Panics unless the address is empty, our own, of this machine, or one of those elsewhere.
fn assert_known(location: &str) {
    let ours = location.is_empty() || location.starts_with("/dex/") || location.starts_with(&format!("{ISSUER}/"));
    let mut elsewhere = ELSEWHERE.iter().filter_map(|known| location.strip_prefix(known));
    let known = elsewhere.any(|rest| rest.is_empty() || rest.starts_with(['?', '#']));
    // No redirect URI has a fragment; it is the response's.
    let here = is_loopback_http(location.split('#').next().unwrap_or_default());
    assert!(ours || known || here, "sent to {location}");
}

/// All that can be offered, so that every grant and response type is read to its end.
fn settings() -> Settings {
    Settings {
        response_types: ["code", "token", "id_token"].map(str::to_owned).to_vec(),
        grant_types: GrantType::ALL.to_vec(),
        password_connector: Some("mock-password".to_owned()),
        ..Settings::default()
    }
}

impl Dex {
    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime starts");
        let routes = |app: &Arc<App>| dex_login::routes(app.clone()).merge(dex_token::routes(app));
        let app = runtime.block_on(TestApp::start_with(settings(), routes));
        Self { runtime, app, requests: 0 }
    }

    fn answer(&mut self, request: Request<Body>) -> Shown {
        if self.requests == REQUESTS_MAX {
            *self = Self::start();
        }
        self.requests += 1;
        self.runtime.block_on(self.app.send(request))
    }
}
