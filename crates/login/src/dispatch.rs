//! On to the next step: of somebody who has just logged in, or who comes by `/auth` with `req` and `hmac` when a step was
//! done (oidc-core spec, 15).

use axum::response::Response;
use dex_model::{AlreadyLoggedIn, AuthRequest, Login, TokenSecret, id};
use dex_oidc::AuthorizeErrorCode;
use dex_storage::Change;
use dex_web::{PageError, Step as Signed};

use crate::mfa;
use crate::next_step::{Facts, Step, next_step};
use crate::pending::{self, Kept, Pending, signed};
use crate::respond::{AuthorizeError, Destination, respond};
use crate::upstream::ended;
use crate::visit::Visit;

/// Goes on with the login that this browser was sent here with.
pub(crate) async fn go_on(visit: &Visit<'_>) -> Result<Response, AuthorizeError> {
    let (request, step) = signed(visit, &[Signed::Approved, Signed::Continue]).await?;
    let pending = Pending { request, kept: Kept::Stored, session: None };
    proceed(visit, pending, step == Signed::Approved).await
}

/// Does what comes next for somebody who has logged in: the response at once, if nothing is to be asked.
pub(crate) async fn proceed(visit: &Visit<'_>, pending: Pending, approved: bool) -> Result<Response, AuthorizeError> {
    let facts = facts(visit, &pending.request, approved).await?;
    match next_step(&pending.request, facts) {
        Step::Respond => respond(visit, pending).await,
        Step::SecondFactor => {
            let request = keep(visit, pending).await?;
            Ok(visit.see_other("/mfa", &Signed::SecondFactor.parameters(&request)))
        }
        Step::Consent => {
            let request = keep(visit, pending).await?;
            Ok(visit.see_other("/approval", &Signed::Approval.parameters(&request)))
        }
        Step::Refuse(code) => Err(ended(visit, &pending, code, "The user would have to be asked.").await?),
    }
}

/// What the next step depends on. The store is asked only where its answer counts.
async fn facts(visit: &Visit<'_>, request: &AuthRequest, approved: bool) -> Result<Facts, PageError> {
    let app = visit.app;
    let facts = Facts {
        second_factor_due: mfa::is_due(visit, request).await?,
        approved,
        remembered: false,
        skip_approval_screen: app.settings.skip_approval_screen,
    };
    let counts =
        app.settings.sessions.is_some() && !approved && !request.force_approval_prompt && !facts.skip_approval_screen;
    let Login::Done { claims, .. } = &request.login else { return Ok(facts) };
    let user = (claims.user_id.as_str(), request.connector_id.as_str());
    let remembered = counts && dex_session::consented(app, user, &request.client_id, &request.scopes).await?;
    Ok(Facts { remembered, ..facts })
}

/// Keeps the login in the store while its user is asked.
///
/// Whoever goes back and logs in again, perhaps as somebody else, begins this step anew: the key is another, so
/// no answer to the former question counts.
async fn keep(visit: &Visit<'_>, pending: Pending) -> Result<AuthRequest, AuthorizeError> {
    let Pending { request, kept, .. } = pending;
    let store = &visit.app.store;
    let id = request.id.clone();
    match kept {
        Kept::Stored => Ok(request),
        Kept::Nowhere | Kept::Sealed => {
            if kept == Kept::Nowhere {
                bind(visit, &request).await?;
            }
            let hmac_key = TokenSecret::new(id::new_long_id());
            let fresh = AuthRequest { hmac_key, ..request };
            Ok(store.upsert(id.as_str(), fresh.clone(), |_| fresh.clone()).await?)
        }
        Kept::Awaited => {
            let log_in = |row: AuthRequest| match &request.login {
                Login::Done { claims, auth_time } => {
                    row.log_in(claims.clone(), request.connector_data.clone(), *auth_time).map_err(too_late)
                }
                Login::Awaited => Ok(row),
            };
            match store.update(id.as_str(), log_in).await? {
                Change::Made(request) => Ok(request),
                Change::Missing => Err(PageError::bad_request("User session error.").into()),
            }
        }
    }
}

/// Gives the browser the cookie without which nobody answers what it is asked.
async fn bind(visit: &Visit<'_>, request: &AuthRequest) -> Result<(), AuthorizeError> {
    let Some(cookies) = pending::carry(visit, request)? else {
        let to = Destination::of(visit, request, Kept::Nowhere).await?;
        let (code, description) = (AuthorizeErrorCode::InvalidRequest, pending::TOO_LONG.to_owned());
        return Err(AuthorizeError::Redirect { to, code, description });
    };
    visit.set_cookies(cookies);
    Ok(())
}

/// Somebody has logged in for this before.
pub(crate) fn too_late(error: AlreadyLoggedIn) -> PageError {
    PageError::bad_request("User session error.").because(error)
}
