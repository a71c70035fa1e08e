//! Errors of an endpoint that takes an access token (RFC 6750 §3).

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::json;
use crate::page_error::RETRY_AFTER;

/// Why a bearer is turned away (oidc-core spec, 22).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// No token was sent.
    #[error("no bearer token")]
    Missing,
    /// The token is broken, expired, revoked, another's, or no access token.
    #[error("the bearer token is not good")]
    Invalid,
    /// Whether it was revoked cannot be told just now.
    #[error("the bearer token cannot be checked")]
    Unavailable,
}

impl IntoResponse for BearerError {
    /// Dex answers an invalid token with 403, and clients match on it; the challenge is the RFC's.
    fn into_response(self) -> Response {
        let (status, challenge) = match self {
            Self::Missing => (StatusCode::UNAUTHORIZED, "Bearer"),
            Self::Invalid => (StatusCode::FORBIDDEN, "Bearer error=\"invalid_token\""),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Bearer"),
        };
        tracing::info!(status = status.as_u16(), err = %self, "bearer refused");
        let body: &[u8] = match self {
            Self::Unavailable => br#"{"error":"temporarily_unavailable"}"#,
            _ => br#"{"error":"access_denied","error_description":"Invalid bearer token."}"#,
        };
        let mut response = json(status, body.to_vec());
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        if self == Self::Unavailable {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER.as_secs()));
        }
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
