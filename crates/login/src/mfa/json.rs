//! The ceremonies' endpoints speak JSON with the page's script.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::FromRequest as _;
use axum::response::Response;
use bytes::Bytes;
use dex_web::{App, Incoming, PageError, json, with_headers};
use http::{HeaderValue, Request, StatusCode, header};
use serde_json::{Value, json};

/// The longest answer of a browser that is read, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// A request with its JSON; the parameters are those of the query.
pub(super) async fn read(request: Request<Body>) -> (Incoming, Bytes) {
    let (parts, body) = request.into_parts();
    // What does not arrive whole is no answer of any ceremony.
    let body = to_bytes(body, BODY_BYTES_MAX).await.unwrap_or_default();
    let Ok(incoming) = Incoming::from_request(Request::from_parts(parts, Body::empty()), &()).await;
    (incoming, body)
}

/// An answer for the script.
pub(super) fn answer(app: &Arc<App>, status: StatusCode, body: &Value) -> Response {
    let mut response = json(status, body.to_string());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    with_headers(app, response)
}

/// A failure for the script, which shows its text.
pub(super) fn failure(app: &Arc<App>, error: &PageError) -> Response {
    let status = error.status.as_u16();
    match &error.cause {
        Some(cause) if error.status.is_server_error() => tracing::error!(status, err = %cause, "{}", error.message),
        Some(cause) => tracing::info!(status, err = %cause, "{}", error.message),
        None => tracing::info!(status, "{}", error.message),
    }
    let mut response = answer(app, error.status, &json!({"error": error.message}));
    if let Some(after) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    response
}
