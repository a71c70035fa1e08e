//! The authorization endpoint: `/auth` and `/auth/{connector}` (oidc-core spec, 10 and 11).
//!
//! Owned here: what a request must be like, which connectors it may use, and how a login begins. Not owned:
//! what happens once somebody has logged in; `/auth` only hands that over to `dispatch`.
//!
//! Control leaves to the connector, with the login sealed in a cookie; or back to the client with an error.

mod entry;
mod policy;
mod request;
mod rules;
mod session;
mod start;
mod trusted;

pub(crate) use policy::grant_of;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use dex_web::{App, Incoming};

use crate::dispatch;
use crate::visit::Visit;

/// `/auth`: a request of a client's, or a login on its way that comes by with `req`.
pub(crate) async fn authorize(State(app): State<Arc<App>>, incoming: Incoming) -> Response {
    let visit = Visit::new(&app, &incoming);
    let result = match visit.parameters("Invalid request. Please try again.") {
        Ok(parameters) if !parameters.get("req").is_empty() => dispatch::go_on(&visit).await,
        Ok(parameters) => entry::enter(&visit, &parameters).await,
        Err(error) => Err(error.into()),
    };
    visit.answer(result)
}

/// `/auth/{connector}`: a request whose connector is chosen.
pub(crate) async fn begin(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    incoming: Incoming,
) -> Response {
    let visit = Visit::new(&app, &incoming);
    let connector = path.ok().map(|Path(connector)| connector);
    visit.answer(start::start(&visit, connector.as_deref()).await)
}
