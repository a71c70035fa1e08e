//! Why an authorization request ends without what was asked for.

use axum::response::{IntoResponse as _, Response};
use dex_oidc::{AuthorizeErrorCode, OUT_OF_BAND, error_description};
use dex_storage::StorageError;
use dex_web::PageError;

use super::Destination;
use crate::visit::Visit;

/// A refusal at the authorization endpoint (RFC 6749 §4.1.2.1).
#[derive(Debug)]
pub(crate) enum AuthorizeError {
    /// The client or its redirect URI is not known, or only the person can do something about it.
    Page(PageError),
    /// The client is told.
    Redirect {
        to: Destination,
        code: AuthorizeErrorCode,
        /// For the client's developer; it repeats at most what the client sent.
        description: String,
    },
}

impl From<PageError> for AuthorizeError {
    fn from(error: PageError) -> Self {
        Self::Page(error)
    }
}

impl From<StorageError> for AuthorizeError {
    fn from(error: StorageError) -> Self {
        Self::Page(error.into())
    }
}

impl AuthorizeError {
    /// The refusal as its carrier has it. A client without an address is told by way of its user.
    pub(crate) fn into_response(self, visit: &Visit<'_>) -> Response {
        let (to, code, description) = match self {
            Self::Page(error) => return error.into_response(),
            Self::Redirect { to, code, description } => (to, code, description),
        };
        if to.uri.as_str() == OUT_OF_BAND {
            return PageError::bad_request(description).into_response();
        }
        tracing::info!(error = code.as_str(), %description, "authorization request refused");
        let mut parameters = vec![("error", code.as_str().to_owned())];
        if !description.is_empty() {
            parameters.push(("error_description", error_description(&description)));
        }
        to.carry(visit, parameters).unwrap_or_else(|error| error.into_response())
    }
}
