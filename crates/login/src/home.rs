//! The issuer's own address.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use dex_pages::Landing;
use dex_web::{App, Incoming};
use http::StatusCode;

use crate::visit::Visit;

/// The landing page: what this is, and where its discovery document lies.
pub(crate) async fn home(State(app): State<Arc<App>>, incoming: Incoming) -> Response {
    let discovery = app.issuer.absolute("/.well-known/openid-configuration");
    let page = Landing { discovery_url: discovery.into() };
    let visit = Visit::new(&app, &incoming);
    visit.page(StatusCode::OK, &page).unwrap_or_else(|error| error.into_response())
}
