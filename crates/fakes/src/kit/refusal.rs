//! An answer of an API that is no success.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

/// A status with a JSON text.
pub struct Refusal(StatusCode, String);

impl Refusal {
    /// With what the upstream would say.
    #[must_use]
    pub fn new(status: StatusCode, body: &Value) -> Self {
        Self(status, body.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], self.1).into_response()
    }
}
