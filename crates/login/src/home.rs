//! The issuer's own address.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_model::{AuthSession, Connector, Timestamp, UserIdentity};
use dex_pages::{Home, HomeSession, Landing};
use dex_web::{App, Incoming, PageError};
use http::StatusCode;

use crate::respond::AuthorizeError;
use crate::visit::Visit;

/// What this is, where its discovery document lies, and who is signed in here.
pub(crate) async fn home(State(app): State<Arc<App>>, incoming: Incoming) -> Response {
    let visit = Visit::new(&app, &incoming);
    visit.answer(show(&visit).await.map_err(AuthorizeError::from))
}

/// Looking at a session does not lengthen it (sessions spec, 6).
async fn show(visit: &Visit<'_>) -> Result<Response, PageError> {
    let discovery_url: String = visit.app.issuer.absolute("/.well-known/openid-configuration").into();
    if visit.app.settings.sessions.is_none() {
        return visit.page(StatusCode::OK, &Landing { discovery_url });
    }
    let session = match visit.session().await? {
        Some(session) => Some(told(visit, session).await?),
        None => None,
    };
    visit.page(StatusCode::OK, &Home { session, discovery_url })
}

async fn told(visit: &Visit<'_>, session: AuthSession) -> Result<HomeSession, PageError> {
    let store = &visit.app.store;
    let whose = (session.user_id.as_str(), session.connector_id.as_str());
    let claims = store.get::<UserIdentity>(whose).await?.map(|user| user.claims).unwrap_or_default();
    let connector = store.get::<Connector>(&session.connector_id).await?;
    let session_expiry_is_idle = session.idle_expiry < session.absolute_expiry;
    let end = session.idle_expiry.min(session.absolute_expiry);
    let names = [claims.preferred_username, claims.username];
    Ok(HomeSession {
        username: names.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
        email: claims.email,
        email_verified: claims.email_verified,
        groups: claims.groups,
        connector_name: connector.map_or(session.connector_id, |connector| connector.name),
        signed_in_iso: iso(session.created_at),
        signed_in_text: text(session.created_at),
        session_expires_iso: iso(end),
        session_expires_text: text(end),
        session_expiry_is_idle,
        ip_address: session.ip_address,
        user_agent: session.user_agent,
        logout_url: visit.app.issuer.absolute("/logout").into(),
    })
}

/// For programs, in whole seconds.
fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// For people: `28 Jul 2026, 09:05 UTC`.
fn text(at: Timestamp) -> String {
    at.strftime("%-d %b %Y, %H:%M UTC").to_string()
}
