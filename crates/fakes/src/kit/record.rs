//! What a stand-in was asked.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

/// How many bytes of a request's body are taken.
pub(super) const BODY_MAX: usize = 1 << 20;

/// How many requests are kept; the rest is answered and not recorded.
const RECORDS_MAX: usize = 10_000;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// `GET`, `POST`.
    pub method: Method,
    /// Still percent-encoded.
    pub path: String,
    /// Still encoded; empty without one.
    pub query: String,
    /// With names in lower case.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Recorded {
    /// `GET /path?query`.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { method, path, query, .. } = self;
        if query.is_empty() { format!("{method} {path}") } else { format!("{method} {path}?{query}") }
    }

    /// A header, if it came and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A field of the form in the body.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let mut fields = url::form_urlencoded::parse(&self.body);
        fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

#[derive(Default)]
pub(super) struct Records(Mutex<Vec<Recorded>>);

impl Records {
    pub(super) fn all(&self) -> Vec<Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn add(&self, recorded: Recorded) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() < RECORDS_MAX {
            records.push(recorded);
        }
    }
}

/// Records what comes before `router` sees it.
pub(super) fn before(router: Router, records: Arc<Records>) -> Router {
    router.layer(from_fn_with_state(records, record))
}

async fn record(State(records): State<Arc<Records>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    records.add(Recorded {
        method: head.method.clone(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.clone(),
        body: body.clone(),
    });
    next.run(Request::from_parts(head, Body::from(body))).await
}
