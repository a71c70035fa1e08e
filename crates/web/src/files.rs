//! Styles, scripts, pictures and `robots.txt` (sessions-ui spec, 8.3).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::{HeaderValue, Method, StatusCode, header};

use crate::App;

/// The files that pages need, under the issuer's path. They carry none of the configured headers, as in Dex.
pub fn files(app: &Arc<App>) -> Router {
    let at = |route: &str| app.issuer.local(route);
    Router::new()
        .route(&at("/static/{*file}"), any(file))
        .route(&at("/theme/{*file}"), any(file))
        .route(&at("/robots.txt"), any(file))
        .with_state(app.clone())
}

async fn file(State(app): State<Arc<App>>, request: Request) -> Response {
    let path = request.uri().path().strip_prefix(app.issuer.path()).unwrap_or_default();
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8();
    let found = decoded.ok().and_then(|path| app.pages.assets().get(&path));
    let Some(asset) = found.filter(|_| matches!(*request.method(), Method::GET | Method::HEAD)) else {
        return not_found().await;
    };
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let unchanged = known.flat_map(|value| value.split(',')).any(|tag| tag.trim() == asset.etag || tag.trim() == "*");
    let cache = asset.cache_control(request.uri().query());
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(asset.bytes.clone()))
    };
    let headers = response.headers_mut();
    let values = [
        (header::CONTENT_TYPE, asset.content_type.to_owned()),
        (header::ETAG, asset.etag.to_string()),
        (header::CACHE_CONTROL, cache),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    for (name, value) in values {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    response
}

/// What every unknown address is answered (oidc-core spec, 2.1).
pub async fn not_found() -> Response {
    let nosniff = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (StatusCode::NOT_FOUND, nosniff, "404 page not found\n").into_response()
}
