//! Somebody has logged in: who it is goes into the login, and the login goes on (oidc-core spec, 14).

use axum::response::Response;
use dex_connector::Identity;
use dex_model::{AlreadyLoggedIn, AuthRequest, Claims, ConnectorData, TokenSecret, id};
use dex_storage::Change;
use dex_web::{PageError, Step as Signed};

use crate::next_step::{Facts, Step, next_step};
use crate::pending::{Kept, Pending};
use crate::respond::{AuthorizeError, respond};
use crate::upstream::Chosen;
use crate::visit::Visit;

/// Records who logged in and does what comes next: the response at once, if nothing is to be asked.
pub(crate) async fn finish(
    visit: &Visit<'_>,
    pending: Pending,
    chosen: &Chosen,
    identity: Identity,
) -> Result<Response, AuthorizeError> {
    let Pending { request, kept } = pending;
    let (claims, data) = known(&request, identity);
    chosen.admit(&claims)?;
    let connector_id = request.connector_id.clone();
    let request = request.log_in(claims.clone(), data.clone(), visit.now).map_err(too_late)?;
    log(&connector_id, &claims);
    let facts = Facts { approved: false, skip_approval_screen: visit.app.settings.skip_approval_screen };
    match next_step(&request, facts) {
        Step::Respond => respond(visit, Pending { request, kept }).await,
        Step::Consent => {
            let request = keep(visit, request, kept, (&claims, &data)).await?;
            Ok(visit.see_other("/approval", &Signed::Approval.parameters(&request)))
        }
    }
}

/// Keeps the login in the store while its user is asked.
///
/// Whoever goes back and logs in again, perhaps as somebody else, begins this step anew: the key is another, so
/// no answer to the former question counts.
async fn keep(
    visit: &Visit<'_>,
    request: AuthRequest,
    kept: Kept,
    (claims, data): (&Claims, &ConnectorData),
) -> Result<AuthRequest, PageError> {
    let store = &visit.app.store;
    let id = request.id.clone();
    match kept {
        Kept::Sealed => {
            let hmac_key = TokenSecret::new(id::new_long_id());
            let fresh = AuthRequest { hmac_key, ..request };
            Ok(store.upsert(id.as_str(), fresh.clone(), |_| fresh.clone()).await?)
        }
        Kept::Stored => {
            let log_in = |row: AuthRequest| row.log_in(claims.clone(), data.clone(), visit.now).map_err(too_late);
            match store.update(id.as_str(), log_in).await? {
                Change::Made(request) => Ok(request),
                Change::Missing => Err(PageError::bad_request("User session error.")),
            }
        }
    }
}

fn too_late(error: AlreadyLoggedIn) -> PageError {
    PageError::bad_request("User session error.").because(error)
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
