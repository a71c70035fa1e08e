//! `/callback`: the browser is back from an upstream (oidc-core spec, 13.1).

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use dex_connector::{Arrival, Finish, LoginMethod, UpstreamError};
use dex_oidc::Form;
use dex_web::{App, Incoming, PageError, cookies, redirect};
use http::{HeaderMap, Method, StatusCode};

use crate::finish::finish;
use crate::once;
use crate::pending::{Pending, awaited, names_a_login};
use crate::repost;
use crate::respond::AuthorizeError;
use crate::upstream::{self, Chosen};
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
    let parameters = brought(visit)?;
    let state = match parameters.get("state") {
        // SAML 2.0 Bindings §3.5.3
        "" => parameters.get("RelayState"),
        state => state,
    };
    if let Some(path) = path.filter(|_| visit.is(&Method::POST) && !names_a_login(state))
        && let Some(response) = unsolicited(visit, path).await?
    {
        return Ok(response);
    }
    if needs_repost(visit, state) {
        return Ok(repost::repost(visit, &parameters)?);
    }
    let pending = awaited(visit, state).await?;
    let chosen = upstream::chosen(visit, &pending.request, path).await?;
    match arrive(visit, &pending, &chosen, path.is_some(), &parameters).await {
        Ok(arrival) => {
            if let Some(once) = &arrival.once
                && !once::spend(visit, &chosen.opened, once).await?
            {
                return Err(used().into());
            }
            finish(visit, pending, &chosen, arrival.into()).await
        }
        Err(Missed::Page(error)) => Err(error.into()),
        Err(Missed::Upstream(error)) => Err(upstream::failed(visit, &pending, error, FAILED).await),
    }
}

/// The parameters the upstream gave the browser to bring: of the query, or of the form.
pub(crate) fn brought<'a>(visit: &'a Visit<'_>) -> Result<Cow<'a, Form>, PageError> {
    match visit.incoming.method {
        Method::GET => Ok(Cow::Borrowed(visit.query()?)),
        Method::POST => {
            let body = visit.incoming.body.as_ref();
            body.map(Cow::Borrowed).map_err(|error| PageError::bad_request("Failed to parse request.").because(*error))
        }
        _ => Err(PageError::bad_request("Method not supported")),
    }
}

/// Sends a browser that comes from an upstream of its own accord to where an ordinary login begins, if the operator has
/// named such a place.
async fn unsolicited(visit: &Visit<'_>, connector: &str) -> Result<Option<Response>, PageError> {
    let opened = upstream::open(visit, connector).await?;
    let Some(login) = opened.connector.unsolicited() else { return Ok(None) };
    let mut to = login.clone();
    to.query_pairs_mut().append_pair("iss", visit.app.issuer.as_str());
    Ok(Some(redirect(StatusCode::SEE_OTHER, to.as_str())))
}

/// Whether the browser held its cookie back because another site's page posted the form.
fn needs_repost(visit: &Visit<'_>, state: &str) -> bool {
    visit.is(&Method::POST)
        && names_a_login(state)
        && cookies::login(&visit.incoming.headers, state).is_none()
        && !repost::is_reposted(visit)
}

/// Why nobody has arrived.
enum Missed {
    Page(PageError),
    Upstream(UpstreamError),
}

async fn arrive(
    visit: &Visit<'_>,
    pending: &Pending,
    chosen: &Chosen,
    through_proxy: bool,
    parameters: &Form,
) -> Result<Arrival, Missed> {
    // By whatever header a proxy names a user, anybody can send it to the bare `/callback`.
    let none = HeaderMap::new();
    let LoginMethod::Redirect(login) = chosen.opened.connector.login() else {
        return Err(Missed::Page(PageError::bad_request("Invalid request")));
    };
    let request = &pending.request;
    let back = Finish {
        wanted: chosen.wanted(visit, request),
        data: request.connector_data.expose(),
        callback: &visit.app.issuer.absolute("/callback"),
        state: &request.id,
        parameters,
        posted: visit.is(&Method::POST),
        headers: if through_proxy { &visit.incoming.headers } else { &none },
        peer: visit.incoming.peer,
        now: visit.now,
    };
    login.finish(&back).await.map_err(Missed::Upstream)
}

/// The answer to what has let somebody in before.
fn used() -> PageError {
    PageError::bad_request("This answer of the login provider has been used before.")
        .hint("Please go back to the application and start again.")
}
