//! Cross-origin requests (oidc-core spec, 2.4).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};

use crate::App;

/// Headers any origin may send.
const SIMPLE_HEADERS: [&str; 4] = ["accept", "accept-language", "content-language", "origin"];

/// Lets the configured origins read the answer; without `web.allowedOrigins` it does nothing.
pub async fn cors(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let origins = &app.settings.allowed_origins;
    if origins.is_empty() {
        return next.run(request).await;
    }
    let any = origins.iter().any(|allowed| allowed == "*");
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed = origin.filter(|origin| any || origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()));
    let preflight = request.method() == Method::OPTIONS;
    let Some(origin) = allowed else {
        let mut response = if preflight { Response::new(Body::empty()) } else { next.run(request).await };
        vary(&mut response, any);
        return response;
    };
    let mut response = if preflight { answer_preflight(&app, &request) } else { next.run(request).await };
    vary(&mut response, any);
    if response.status().is_client_error() && preflight {
        return response;
    }
    let told = if any { HeaderValue::from_static("*") } else { origin };
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, told);
    response
}

/// Keeps a cache from giving one origin what another one was told; the answer to none counts as well.
fn vary(response: &mut Response, any: bool) {
    if !any {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    }
}

fn answer_preflight(app: &App, request: &Request) -> Response {
    let mut response = Response::new(Body::empty());
    let header_text = |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let requested = header_text(header::ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
    let wanted: Vec<&str> = requested
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty() && !SIMPLE_HEADERS.iter().any(|simple| name.eq_ignore_ascii_case(simple)))
        .collect();
    let known = |name: &str| app.settings.allowed_headers.iter().any(|allowed| allowed.eq_ignore_ascii_case(name));
    *response.status_mut() = match header_text(header::ACCESS_CONTROL_REQUEST_METHOD) {
        None => StatusCode::BAD_REQUEST,
        Some(method) if !matches!(method, "GET" | "HEAD" | "POST") => StatusCode::METHOD_NOT_ALLOWED,
        Some(_) if !wanted.iter().all(|name| known(name)) => StatusCode::FORBIDDEN,
        Some(_) => StatusCode::OK,
    };
    if let (false, Ok(value)) = (wanted.is_empty(), HeaderValue::try_from(wanted.join(","))) {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_HEADERS, value);
    }
    response
}
