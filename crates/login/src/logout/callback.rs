//! `/logout/callback`: the browser is back from the upstream's logout, or an upstream that logs its user out everywhere has
//! sent it here (sessions spec, 4.2; SAML 2.0 Profiles §4.4).

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use dex_connector::{LogoutArrival, LogoutArrived, LogoutAsked, UpstreamError};
use dex_model::{AuthSession, LogoutState};
use dex_oidc::Form;
use dex_session::Which;
use dex_storage::StorageError;
use dex_web::connectors::Opened;
use dex_web::{App, Incoming, PageError};
use http::{Method, StatusCode};

use super::carried::{Carried, Underway};
use super::way_back::WayBack;
use super::{end, finish, forget, origin};
use crate::callback::brought;
use crate::once::spend;
use crate::repost::repost;
use crate::respond::AuthorizeError;
use crate::upstream;
use crate::visit::{Visit, method_not_allowed};

/// What somebody can do whose logout has not worked.
const AGAIN: &str = "Please log out once more.";

/// `GET|POST /logout/callback`, which all connectors share.
pub(crate) async fn callback(State(app): State<Arc<App>>, incoming: Incoming) -> Response {
    answer(&app, &incoming, None).await
}

/// `GET|POST /logout/callback/{connector}`, where the upstream of one connector may ask something too.
pub(crate) async fn callback_through(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    incoming: Incoming,
) -> Response {
    let connector = path.map(|Path(connector)| connector).unwrap_or_default();
    answer(&app, &incoming, Some(&connector)).await
}

async fn answer(app: &App, incoming: &Incoming, path: Option<&str>) -> Response {
    let visit = Visit::new(app, incoming);
    if !visit.is(&Method::GET) && !visit.is(&Method::POST) {
        return method_not_allowed("GET, POST");
    }
    visit.answer(come_back(&visit, path).await.map_err(AuthorizeError::from))
}

async fn come_back(visit: &Visit<'_>, path: Option<&str>) -> Result<Response, PageError> {
    let parameters = brought(visit)?;
    if origin::held_back_cookies(visit) {
        return repost(visit, &parameters);
    }
    let session = visit.session().await?;
    let session = match (path, session) {
        (None, None) => return Err(PageError::bad_request("Session not found.").hint(AGAIN)),
        (Some(connector), session) => session.filter(|session| session.connector_id == connector),
        (None, session) => session,
    };
    let here = session.map(|session| Here::of(visit, session));
    if path.is_none() && here.as_ref().is_none_or(|here| here.underway.is_none()) {
        return Err(no_logout());
    }
    let connector = path.or(here.as_ref().map(|here| here.session.connector_id.as_str())).unwrap_or_default();
    let opened = upstream::open(visit, connector).await?;
    let arrived = arrive(visit, &opened, path, here.as_ref(), &parameters).await?;
    match (arrived, here) {
        (LogoutArrived::Asked(asked), here) => obey(visit, &opened, here.as_ref(), asked).await,
        (LogoutArrived::Answered { refused }, Some(here)) => answered(visit, &here, refused).await,
        (LogoutArrived::Answered { .. }, None) => Err(no_logout()),
    }
}

fn no_logout() -> PageError {
    PageError::bad_request("No logout in progress.").hint(AGAIN)
}

/// The session of this browser, of the connector in question.
struct Here {
    session: AuthSession,
    data: Vec<u8>,
    /// The logout that is on its way, and where it leads.
    underway: Option<(Underway, LogoutState)>,
}

impl Here {
    fn of(visit: &Visit<'_>, session: AuthSession) -> Self {
        let Carried { underway, data } = Carried::of(visit, &session);
        let underway = underway.filter(|underway| underway.awaited(visit.now));
        let underway = underway.zip(session.logout_state.clone());
        Self { session, data, underway }
    }
}

async fn arrive(
    visit: &Visit<'_>,
    opened: &Opened,
    path: Option<&str>,
    here: Option<&Here>,
    parameters: &Form,
) -> Result<LogoutArrived, PageError> {
    let Some(logout) = opened.connector.logout() else {
        return Err(PageError::new(StatusCode::NOT_FOUND, "This connector has no logout."));
    };
    let callback = match path {
        Some(connector) => super::callback_of(&visit.app.issuer, connector),
        None => visit.app.issuer.absolute("/logout/callback"),
    };
    let underway = here.and_then(|here| here.underway.as_ref());
    let arrival = LogoutArrival {
        parameters,
        raw_query: &visit.incoming.raw_query,
        posted: visit.is(&Method::POST),
        callback: &callback,
        state: underway.map(|(underway, _)| underway.state.as_str()),
        data: here.map(|here| here.data.as_slice()).unwrap_or_default(),
        now: visit.now,
    };
    logout.arrive(&arrival).await.map_err(|error| not_taken(&opened.about.id, error))
}

/// Why what has come logs nobody out.
fn not_taken(connector_id: &str, error: UpstreamError) -> PageError {
    match error {
        UpstreamError::Unreachable(_) | UpstreamError::Misconfigured(_) => {
            upstream::page(error, connector_id, "Log out failed.")
        }
        other => PageError::bad_request("This is no answer to a logout of this browser.")
            .hint(AGAIN)
            .of_upstream(connector_id)
            .because(other),
    }
}

/// The upstream has logged its user out, or would not; here the logout ends.
async fn answered(visit: &Visit<'_>, here: &Here, refused: Option<String>) -> Result<Response, PageError> {
    let Some((_, leads_to)) = &here.underway else { return Err(no_logout()) };
    if let Some(reason) = refused {
        tracing::warn!(connector_id = here.session.connector_id, reason, "the upstream refused the logout");
    }
    let way_back = WayBack::kept(visit, leads_to).await?;
    end(visit, &here.session).await?;
    finish(visit, way_back.as_ref())
}

/// Does what the upstream asks, and lets it know.
async fn obey(
    visit: &Visit<'_>,
    opened: &Opened,
    here: Option<&Here>,
    asked: LogoutAsked,
) -> Result<Response, PageError> {
    let LogoutAsked { user_id, only_here, once, answer } = asked;
    if let Some(once) = &once
        && !spend(visit, opened, once).await?
    {
        return Err(PageError::bad_request("This logout of the login provider has been used before."));
    }
    let here = here.map(|here| &here.session).filter(|session| session.user_id == user_id);
    let ended = log_out(visit, opened, here.filter(|_| only_here), &user_id).await;
    if let Err(error) = &ended {
        tracing::error!(connector_id = opened.about.id, err = %error, "the upstream asks for a logout that is not complete");
    }
    let logged_out = ended.is_ok();
    if logged_out && here.is_some() {
        forget(visit);
    }
    let departure = answer(logged_out).map_err(|error| not_taken(&opened.about.id, error))?;
    visit.depart(StatusCode::SEE_OTHER, departure)
}

/// Logs out the user that an upstream names: of this one session, or everywhere.
async fn log_out(
    visit: &Visit<'_>,
    opened: &Opened,
    only: Option<&AuthSession>,
    user_id: &str,
) -> Result<(), StorageError> {
    let connector_id = opened.about.id.as_str();
    if let Some(session) = only {
        // Whoever ended it first has done the same.
        return dex_session::end(visit.app, session, visit.now).await.map(|_| ());
    }
    let count = dex_session::end_all(visit.app, Which::User { user_id, connector_id }, visit.now).await?;
    tracing::info!(connector_id, user_id, count, "the upstream has logged a user out everywhere");
    Ok(())
}
