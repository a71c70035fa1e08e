//! `/callback`: the browser is back from an upstream (oidc-core spec, 13.1).

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use dex_connector::{Callback, LoginMethod};
use dex_web::{App, Incoming, PageError};
use http::{HeaderMap, Method};

use crate::finish::finish;
use crate::pending::{awaited, wanted};
use crate::respond::AuthorizeError;
use crate::upstream;
use crate::visit::Visit;

/// What people read when only an administrator can find out more.
const FAILED: &str = "Authentication failed. Please contact your administrator or try again later.";

/// `/callback`
pub(crate) async fn callback(State(app): State<Arc<App>>, incoming: Incoming) -> Response {
    let visit = Visit::new(&app, &incoming);
    visit.answer(come_back(&visit, None).await)
}

/// `/callback/{connector}`, which a proxy guards that says who the user is.
pub(crate) async fn callback_through(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    incoming: Incoming,
) -> Response {
    let visit = Visit::new(&app, &incoming);
    let connector = path.map(|Path(connector)| connector).unwrap_or_default();
    visit.answer(come_back(&visit, Some(&connector)).await)
}

async fn come_back(visit: &Visit<'_>, path: Option<&str>) -> Result<Response, AuthorizeError> {
    if !visit.is(&Method::GET) {
        return Err(PageError::bad_request("Method not supported").into());
    }
    let query = visit.query()?;
    let pending = awaited(visit, query.get("state")).await?;
    let opened = upstream::chosen(visit, &pending.request, path).await?;
    // By whatever header a proxy names a user, anybody can send it to the bare `/callback`.
    let none = HeaderMap::new();
    let headers = if path.is_some() { &visit.incoming.headers } else { &none };
    let LoginMethod::Redirect(login) = opened.connector.login() else {
        return Err(PageError::bad_request("Invalid request").into());
    };
    let callback = Callback { url: &visit.app.issuer.absolute("/callback"), parameters: query, headers };
    let request = &pending.request;
    let data = request.connector_data.expose();
    match login.finish(wanted(request), data, &callback).await {
        Ok(identity) => finish(visit, pending, identity).await,
        Err(error) => Err(upstream::failed(visit, &pending, error, FAILED).await),
    }
}
