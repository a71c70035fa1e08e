//! Errors that a client reads as JSON.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use dex_oidc::TokenErrorCode;
use dex_storage::StorageError;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::page_error::RETRY_AFTER;
use crate::signing::{NotSigned, RemoteError};
use crate::{TooManyAttempts, json};

/// Why something failed, for our log only.
#[derive(Clone)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

impl Cause {
    /// Wraps an error.
    pub fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

/// A refusal by the token endpoint or one of its neighbours, carried as JSON (RFC 6749 §5.2).
#[derive(Debug, Clone, thiserror::Error)]
#[error("{code:?}: {description}")]
pub struct TokenError {
    /// The status of the response.
    pub status: StatusCode,
    /// The code.
    pub code: TokenErrorCode,
    /// For the client's developer; it repeats at most what the client sent.
    pub description: String,
    /// When it is worth trying again (RFC 9110 §10.2.3).
    pub retry_after: Option<Duration>,
    /// For our log only.
    pub cause: Option<Cause>,
}

impl TokenError {
    /// A refusal with HTTP 400, the client's fault.
    pub fn new(code: TokenErrorCode, description: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, description: description.into(), retry_after: None, cause: None }
    }

    /// `invalid_request`
    pub fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(TokenErrorCode::InvalidRequest, description)
    }

    /// `invalid_grant`
    pub fn invalid_grant(description: impl Into<String>) -> Self {
        Self::new(TokenErrorCode::InvalidGrant, description)
    }

    /// `invalid_client`, which RFC 6749 §5.2 carries with HTTP 401 and a challenge.
    pub fn invalid_client() -> Self {
        Self::new(TokenErrorCode::InvalidClient, "Invalid client credentials.").with(StatusCode::UNAUTHORIZED)
    }

    /// Our own fault.
    pub fn ours(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::new(TokenErrorCode::ServerError, "").with(StatusCode::INTERNAL_SERVER_ERROR).because(cause)
    }

    /// Something we depend on does not answer; nothing was changed, and the client may ask again.
    pub fn unavailable(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::new(TokenErrorCode::TemporarilyUnavailable, "Please try again later.")
            .with(StatusCode::SERVICE_UNAVAILABLE)
            .because(cause)
    }

    /// The same with another status.
    #[must_use]
    pub fn with(self, status: StatusCode) -> Self {
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER);
        Self { status, retry_after, ..self }
    }

    /// The same with a cause for the log.
    #[must_use]
    pub fn because(self, cause: impl Error + Send + Sync + 'static) -> Self {
        Self { cause: Some(Cause::new(cause)), ..self }
    }
}

impl From<StorageError> for TokenError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) | StorageError::Contended { .. } => Self::unavailable(error),
            _ => Self::ours(error),
        }
    }
}

impl From<NotSigned> for TokenError {
    fn from(error: NotSigned) -> Self {
        match error {
            NotSigned::Remote(RemoteError::Unavailable(_)) => Self::unavailable(error),
            _ => Self::ours(error),
        }
    }
}

impl From<TooManyAttempts> for TokenError {
    fn from(error: TooManyAttempts) -> Self {
        let refused = Self::new(TokenErrorCode::TemporarilyUnavailable, error.to_string());
        Self { retry_after: Some(error.after), ..refused.with(StatusCode::TOO_MANY_REQUESTS) }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: TokenErrorCode,
    #[serde(skip_serializing_if = "str::is_empty")]
    error_description: &'a str,
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let (status, error) = (self.status.as_u16(), self.code.as_str());
        match &self.cause {
            Some(cause) if self.status.is_server_error() => {
                tracing::error!(status, error, err = %cause, "token request failed");
            }
            Some(cause) => tracing::info!(status, error, err = %cause, "token request refused"),
            None => {
                tracing::info!(status, error, description = %self.description, "token request refused")
            }
        }
        let description = dex_oidc::error_description(&self.description);
        let body = dex_oidc::to_json(&Body { error: self.code, error_description: &description });
        let mut response = json(self.status, body);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        if self.code == TokenErrorCode::InvalidClient && self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"dex\""));
        }
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
        }
        response
    }
}
