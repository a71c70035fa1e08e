//! Errors that a person sees as a page.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use dex_pages::ErrorPage;
use dex_storage::StorageError;
use http::{HeaderValue, StatusCode, header};

use crate::{App, Cause, RequestId, TooManyAttempts, html};

/// When to ask again who could not be served.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A failure shown as a page (oidc-core spec, 2.6).
#[derive(Debug, Clone, thiserror::Error)]
#[error("{status}: {message}")]
pub struct PageError {
    /// The status of the response.
    pub status: StatusCode,
    /// What happened, for the person; it holds nothing that is not theirs to read.
    pub message: String,
    /// What they can do.
    pub hint: &'static str,
    /// When it is worth trying again (RFC 9110 §10.2.3).
    pub retry_after: Option<Duration>,
    /// For our log only.
    pub cause: Option<Cause>,
    /// The connector whose upstream is at fault, if one is; for our log only.
    pub upstream: Option<String>,
}

impl PageError {
    /// The client's or the user's fault.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER);
        Self { status, message: message.into(), hint: "", retry_after, cause: None, upstream: None }
    }

    /// A bad request.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Our own fault.
    pub fn ours(message: impl Into<String>, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message).because(cause)
    }

    /// The same with a cause for the log.
    #[must_use]
    pub fn because(self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { cause: Some(Cause::new(cause)), ..self }
    }

    /// The same as the fault of a connector's upstream.
    #[must_use]
    pub fn of_upstream(self, connector_id: &str) -> Self {
        Self { upstream: Some(connector_id.to_owned()), ..self }
    }

    /// The same with something the person can do.
    #[must_use]
    pub fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }

    /// The same with the time after which it is worth trying again.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        Self { retry_after: Some(after), ..self }
    }
}

impl From<TooManyAttempts> for PageError {
    fn from(error: TooManyAttempts) -> Self {
        let message = format!("Too many attempts. Please try again in {} s.", error.after.as_secs());
        Self::new(StatusCode::TOO_MANY_REQUESTS, message).retry_after(error.after).because(error)
    }
}

impl From<StorageError> for PageError {
    fn from(error: StorageError) -> Self {
        let status = match error {
            StorageError::Unavailable(_) | StorageError::Contended { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, "Database error.").hint("Please try again in a moment.").because(error)
    }
}

impl IntoResponse for PageError {
    /// The bare status; [`render_page_errors`] makes the page, since it knows the address and the templates.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Headers of the bare error that its page has too.
const KEPT: [header::HeaderName; 3] = [header::SET_COOKIE, header::ALLOW, header::WWW_AUTHENTICATE];

/// Makes pages of the page errors of all routes below, and logs each once.
pub async fn render_page_errors(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let id = request.extensions().get::<RequestId>().cloned().unwrap_or_default();
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<PageError>() else {
        return response;
    };
    log(&error);
    let page = ErrorPage {
        err_type: error.status.canonical_reason().unwrap_or_default().to_owned(),
        err_msg: error.message.clone(),
        hint: error.hint.to_owned(),
        request_id: id.0,
    };
    let Ok(text) = app.pages.render(&page, &path) else {
        return (error.status, error.message).into_response();
    };
    let mut shown = html(&app, error.status, text);
    for name in KEPT {
        for value in response.headers().get_all(&name) {
            shown.headers_mut().append(&name, value.clone());
        }
    }
    if let Some(after) = error.retry_after {
        shown.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    shown
}

fn log(error: &PageError) {
    let status = error.status.as_u16();
    match &error.cause {
        Some(cause) if error.upstream.is_some() => {
            tracing::warn!(status, connector_id = error.upstream, err = %cause, "{}", error.message);
        }
        Some(cause) if error.status.is_server_error() => {
            tracing::error!(status, err = %cause, "{}", error.message);
        }
        Some(cause) => tracing::info!(status, err = %cause, "{}", error.message),
        None => tracing::info!(status, "{}", error.message),
    }
}
