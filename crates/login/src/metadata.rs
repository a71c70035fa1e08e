//! `/connectors/{connector}/metadata`: what a connector tells the operator of its upstream about us, SAML metadata for
//! example.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use dex_web::{App, Incoming, PageError};
use http::{Method, StatusCode, header};

use crate::logout::callback_of;
use crate::upstream;
use crate::visit::{Visit, method_not_allowed};

/// `/connectors/{connector}/metadata`
pub(crate) async fn metadata(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    incoming: Incoming,
) -> Response {
    let visit = Visit::new(&app, &incoming);
    if !visit.is(&Method::GET) {
        return method_not_allowed("GET");
    }
    let connector = path.map(|Path(connector)| connector).unwrap_or_default();
    published(&visit, &connector).await.unwrap_or_else(|error| error.into_response())
}

async fn published(visit: &Visit<'_>, connector: &str) -> Result<Response, PageError> {
    let opened = upstream::open(visit, connector).await?;
    let none = || PageError::new(StatusCode::NOT_FOUND, "This connector publishes no metadata.");
    let logout = visit.app.settings.sessions.as_ref().map(|_| callback_of(&visit.app.issuer, connector));
    let (media_type, text) = opened.connector.metadata(logout.as_ref()).ok_or_else(none)?;
    Ok(([(header::CONTENT_TYPE, media_type)], text).into_response())
}
