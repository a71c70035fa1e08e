//! To the upstream's own logout (sessions spec, 4.2).

use axum::response::Response;
use dex_connector::LogoutStart;
use dex_model::{AuthSession, LogoutState};
use dex_storage::{Change, StorageError};
use dex_web::PageError;
use dex_web::connectors::{ConnectorError, Opened};
use http::StatusCode;

use super::carried::{Carried, Underway};
use super::way_back::WayBack;
use crate::visit::Visit;

/// What came of the upstream.
pub(super) enum Left {
    /// The browser goes there. The session goes on until it is back.
    For(Response),
    /// There is nothing to log out of.
    Stayed,
    /// The upstream of this name could log people out and does not answer: its user may still be logged in there.
    Unreachable(String),
}

/// Sends the browser to the upstream that its user came from, if that can log people out.
pub(super) async fn leave(
    visit: &Visit<'_>,
    session: &AuthSession,
    way_back: Option<&WayBack>,
) -> Result<Left, PageError> {
    let Some(opened) = opened(visit, &session.connector_id).await? else { return Ok(Left::Stayed) };
    let Some(upstream) = opened.connector.logout() else { return Ok(Left::Stayed) };
    let underway = Underway::begin(visit.now);
    let carried = Carried::of(visit, session);
    let start = LogoutStart {
        user_id: &session.user_id,
        data: &carried.data,
        callback: &visit.app.issuer.absolute("/logout/callback"),
        state: &underway.state,
        now: visit.now,
    };
    let to = match upstream.start(&start).await {
        Ok(Some(to)) => to,
        Ok(None) => return Ok(Left::Stayed),
        Err(error) => {
            tracing::warn!(connector_id = opened.about.id, err = %error, "no logout upstream");
            return Ok(Left::Unreachable(opened.about.name.clone()));
        }
    };
    let response = visit.depart(StatusCode::SEE_OTHER, to)?;
    let carried = Carried { underway: Some(underway), ..carried };
    let cookie = carried.cookie(visit, session);
    let cookie = cookie.ok_or_else(|| PageError::new(StatusCode::SERVICE_UNAVAILABLE, "Log out failed."))?;
    if !note(visit, session, way_back).await? {
        return Ok(Left::Stayed);
    }
    visit.set_cookies([cookie]);
    Ok(Left::For(response))
}

/// The session's connector, unless there is none any more or it does not work.
async fn opened(visit: &Visit<'_>, id: &str) -> Result<Option<Opened>, StorageError> {
    match visit.app.connectors.get(id).await {
        Ok(opened) => Ok(Some(opened)),
        Err(ConnectorError::Unknown) => Ok(None),
        Err(ConnectorError::Storage(error)) => Err(error),
        Err(ConnectorError::Broken(cause)) => {
            tracing::warn!(connector_id = id, err = %cause, "no logout upstream, the connector cannot be opened");
            Ok(None)
        }
    }
}

/// Keeps with the session where its logout leads, as Dex does; `false` if the session is gone.
async fn note(visit: &Visit<'_>, session: &AuthSession, way_back: Option<&WayBack>) -> Result<bool, StorageError> {
    let [client_id, uri, state] = match way_back {
        Some(way_back) => [way_back.client_id(), way_back.uri(), way_back.state()],
        None => [""; 3],
    };
    let state = LogoutState {
        post_logout_redirect_uri: uri.to_owned(),
        state: state.to_owned(),
        client_id: client_id.to_owned(),
        connector_id: session.connector_id.clone(),
    };
    let note = |session: AuthSession| Ok(AuthSession { logout_state: Some(state.clone()), ..session });
    let changed = visit.app.store.update::<AuthSession, StorageError, _>(&session.id, note).await?;
    Ok(matches!(changed, Change::Made(_)))
}
