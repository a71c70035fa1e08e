//! Somebody has logged in: who it is goes into the login and the browser's session, and the login goes on (oidc-core spec, 14).

use axum::response::Response;
use dex_connector::{Arrival, Identity};
use dex_model::{AuthRequest, AuthSession, Claims, ConnectorData, UserIdentity};
use dex_oidc::{AuthorizeErrorCode, subject};
use dex_session::{EnterError, Entering};
use dex_storage::StorageError;
use dex_web::PageError;
use http::StatusCode;

use crate::dispatch::{proceed, too_late};
use crate::logout;
use crate::pending::Pending;
use crate::respond::AuthorizeError;
use crate::upstream::{Chosen, ended};
use crate::visit::Visit;

/// Somebody who has logged in.
pub(crate) struct Arrived {
    /// Who it is.
    pub(crate) identity: Identity,
    /// Whether the user wants to stay logged in, if they were asked.
    pub(crate) remember: Option<bool>,
    /// What the upstream will want at the logout.
    pub(crate) logout: Vec<u8>,
}

impl From<Identity> for Arrived {
    fn from(identity: Identity) -> Self {
        Self { identity, remember: None, logout: Vec::new() }
    }
}

impl From<Arrival> for Arrived {
    fn from(Arrival { identity, logout, .. }: Arrival) -> Self {
        Self { identity, remember: None, logout }
    }
}

/// Records who logged in and does what comes next: the response at once, if nothing is to be asked.
pub(crate) async fn finish(
    visit: &Visit<'_>,
    pending: Pending,
    chosen: &Chosen,
    arrived: Arrived,
) -> Result<Response, AuthorizeError> {
    let Arrived { identity, remember, logout } = arrived;
    let (claims, data) = known(&pending.request, identity);
    chosen.admit(&claims)?;
    expected(visit, &pending, &claims).await?;
    let Pending { request, kept, .. } = pending;
    let connector_id = request.connector_id.clone();
    let request = request.log_in(claims.clone(), data, visit.now).map_err(too_late)?;
    let session = enter(visit, &request, &claims, remember).await?;
    visit.set_cookies(session.as_ref().and_then(|session| logout::remember(visit, session, &logout)));
    log(&connector_id, &claims);
    proceed(visit, Pending { request, kept, session }, false).await
}

/// Nobody else may come of a request that names its user (OpenID Connect Core §3.1.2.2).
async fn expected(visit: &Visit<'_>, pending: &Pending, claims: &Claims) -> Result<(), AuthorizeError> {
    let request = &pending.request;
    match request.expected_subject() {
        Some(expected) if expected != subject(&claims.user_id, &request.connector_id) => {
            let description = "Somebody else has logged in than the id_token_hint names.";
            Err(ended(visit, pending, AuthorizeErrorCode::LoginRequired, description).await?)
        }
        _ => Ok(()),
    }
}

/// Makes the browser's session that of this user.
async fn enter(
    visit: &Visit<'_>,
    request: &AuthRequest,
    claims: &Claims,
    remember: Option<bool>,
) -> Result<Option<AuthSession>, PageError> {
    let entering = Entering {
        headers: &visit.incoming.headers,
        client_id: &request.client_id,
        connector_id: &request.connector_id,
        claims,
        address: visit.incoming.address,
        remember,
        now: visit.now,
    };
    let entered = dex_session::enter(visit.app, entering).await.map_err(refused)?;
    visit.set_cookies(entered.set_cookie);
    Ok(entered.session)
}

fn refused(error: EnterError) -> PageError {
    match error {
        EnterError::Blocked { .. } => blocked(),
        EnterError::Storage(error) => error.into(),
    }
}

/// Whether the account of a user, who came through a connector (`whose`), is locked.
pub(crate) async fn locked(visit: &Visit<'_>, whose: (&str, &str)) -> Result<bool, StorageError> {
    if visit.app.settings.sessions.is_none() {
        return Ok(false);
    }
    let user = visit.app.store.get::<UserIdentity>(whose).await?;
    Ok(user.is_some_and(|user| user.blocked(visit.now)))
}

/// The account is locked (sessions spec, 2.16).
pub(crate) fn blocked() -> PageError {
    PageError::new(StatusCode::FORBIDDEN, "This account is locked.")
        .hint("Please contact your administrator, or try again later.")
}

/// What is kept of an identity. The connector's data can hold upstream tokens, and without a refresh to
/// come nobody will want them.
fn known(request: &AuthRequest, identity: Identity) -> (Claims, ConnectorData) {
    let (claims, data) = dex_token::claims_of(identity);
    let data = if request.has_scope("offline_access") { data } else { ConnectorData::default() };
    (claims, data)
}

fn log(connector_id: &str, claims: &Claims) {
    let suffix = if claims.email_verified { "" } else { " (unverified)" };
    tracing::info!(
        connector_id,
        user_id = claims.user_id,
        username = claims.username,
        preferred_username = claims.preferred_username,
        email = format!("{}{suffix}", claims.email),
        groups = ?claims.groups,
        "login successful"
    );
}
