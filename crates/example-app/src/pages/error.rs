//! The page that says what went wrong. It is logged here, once.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use maud::html;

use super::{
    html as respond,
    layout::{Tab, frame},
};

/// Why a request ends without what it asked for. Both texts are for the person testing; neither may hold a secret.
#[derive(Debug)]
pub(crate) struct PageError {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) detail: String,
}

impl PageError {
    /// The browser sent something wrong, or the provider said no to what it asked for.
    pub(crate) fn bad_request(title: &'static str, detail: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, title, detail }
    }

    /// The provider cannot be reached, or said something it must not.
    pub(crate) fn upstream(title: &'static str, detail: String) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, title, detail }
    }

    pub(crate) fn not_found() -> Self {
        let detail = "There is nothing at this address.".to_owned();
        Self { status: StatusCode::NOT_FOUND, title: "No such page", detail }
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        // As fields they are quoted: what came over a network cannot begin a line of the log.
        let (status, title, detail) = (self.status.as_u16(), self.title, self.detail.as_str());
        if self.status.is_server_error() {
            tracing::warn!(status, detail, "{title}");
        } else {
            tracing::info!(status, detail, "{title}");
        }
        let body = html! {
            section #error.card.problem role="alert" {
                p.eyebrow { "Error " (self.status.as_u16()) }
                h1 { (self.title) }
                p.detail { (self.detail) }
                p { a.button href="/" { "Back to the overview" } }
            }
        };
        respond(self.status, frame(self.title, Tab::None, None, &body))
    }
}
