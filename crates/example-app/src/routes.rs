//! The table of addresses, and what every response carries.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};

use crate::{
    app::App,
    flows::{callback, device, events, fields::FORM_BYTES_MAX, grants, login, logout, overview, tokens, tools},
    options::Options,
    pages::PageError,
};

/// Our own addresses, which the callback may not have; those ending in `/` stand for all below.
pub(crate) const OWN_PATHS: [&str; 13] = [
    "/",
    "/login",
    "/logout",
    "/backchannel-logout",
    "/events",
    "/device",
    "/device/",
    "/grant/",
    "/tokens",
    "/tools",
    "/tools/",
    "/userinfo",
    "/static/",
];

/// The one address that other sites may post to: the token in it is its own proof.
const BACKCHANNEL: &str = "/backchannel-logout";

/// Nothing from elsewhere, nothing inline. There is no `form-action`: browsers apply it to every redirect that follows a form,
/// and a login goes on to the provider and from there to upstreams that nobody here knows.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
];

/// Every address. The callback's is an option, hence it is found by the fallback.
pub(crate) fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/", get(overview::get))
        .route("/login", post(login::post))
        .route("/logout", get(logout::get))
        .route(BACKCHANNEL, post(logout::backchannel))
        .route("/events", get(events::get))
        .route("/device", get(device::get))
        .route("/device/login", post(device::start))
        .route("/device/poll", post(device::poll))
        .route("/device/check", post(device::check))
        .route("/device/result", get(device::result))
        .route("/grant/{name}", get(grants::get).post(grants::post))
        .route("/tokens", get(tokens::get))
        .route("/userinfo", post(tokens::userinfo))
        .route("/tools", get(tools::get))
        .route("/tools/introspect", get(tools::get).post(tools::introspect))
        .route("/tools/verify", get(tools::get).post(tools::verify))
        .route("/static/app.css", get(|| file("text/css", include_str!("../static/app.css"))))
        .route("/static/app.js", get(|| file("text/javascript", include_str!("../static/app.js"))))
        .route("/static/icon.svg", get(|| file("image/svg+xml", include_str!("../static/icon.svg"))))
        .fallback(elsewhere)
        .layer(middleware::from_fn_with_state(Arc::clone(app), own_posts_only))
        .layer(middleware::map_response(with_headers))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .with_state(Arc::clone(app))
}

async fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, text).into_response()
}

async fn elsewhere(State(app): State<Arc<App>>, request: Request) -> Response {
    let is_callback = request.uri().path() == app.options.redirect_uri.path();
    if is_callback && request.method() == Method::GET {
        axum::handler::Handler::call(callback::get, request, app).await
    } else {
        PageError::not_found().into_response()
    }
}

async fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Refuses what another site's page makes a browser post here.
async fn own_posts_only(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let is_open = request.uri().path() == BACKCHANNEL || request.method() != Method::POST;
    if is_open || is_own(request.headers(), &app.options) {
        return next.run(request).await;
    }
    let told = "The form was sent by a page of another site.".to_owned();
    PageError::bad_request("Not from here", told).into_response()
}

/// Browsers say where a request comes from in `Sec-Fetch-Site`, or, to plain-http hosts, in `Origin` only.
fn is_own(headers: &HeaderMap, options: &Options) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else {
        return true;
    };
    let host = origin.split_once("://").map(|(_, host)| host);
    host.is_some() && host == text(header::HOST) || origin == options.redirect_uri.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_of_other_sites_are_told_apart() {
        let cases = [
            ("no browser", vec![], true),
            ("own page", vec![("sec-fetch-site", "same-origin")], true),
            ("other site", vec![("sec-fetch-site", "cross-site")], false),
            ("other port", vec![("sec-fetch-site", "same-site")], false),
            ("own origin", vec![("origin", "http://app:5555"), ("host", "app:5555")], true),
            ("public origin", vec![("origin", "http://127.0.0.1:5555"), ("host", "inner")], true),
            ("other origin", vec![("origin", "http://evil"), ("host", "app:5555")], false),
            ("hidden origin", vec![("origin", "null"), ("host", "app:5555")], false),
        ];
        for (told, given, expected) in cases {
            let headers = given
                .into_iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            assert_eq!(is_own(&headers, &Options::default()), expected, "{told}");
        }
    }
}
