//! The shapes of successful responses.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

use crate::App;

/// A JSON document.
pub fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A page, with the headers of all pages.
pub fn html(app: &App, status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    *response.headers_mut() = app.page_headers();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    response
}

/// A redirect. `to` was checked by whoever made it: it is ours, an upstream's, or a registered URI.
///
/// Never cached, and the address it comes from is not told to the next site.
pub fn redirect(status: StatusCode, to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // What a header cannot hold is written in percent-encoding; a line break can so never end the header.
    let safe = percent_encoding::utf8_percent_encode(to, percent_encoding::CONTROLS).to_string();
    let value = HeaderValue::try_from(safe).expect("percent-encoded text is a header value");
    headers.insert(header::LOCATION, value);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Adds the configured headers to a response that does not carry them yet.
pub fn with_headers(app: &App, mut response: Response) -> Response {
    for (name, value) in &app.settings.headers {
        response.headers_mut().entry(name).or_insert_with(|| value.clone());
    }
    response
}
