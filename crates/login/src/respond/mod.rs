//! The way back to the client.
//!
//! Owned here: what an authorization response holds and how it travels, success and refusal alike. Not owned:
//! when it is time to respond (`next_step`), and how tokens are made.
//!
//! Control leaves to the client, at a URI it has registered.

mod answer;
mod destination;
mod error;
mod front_channel;

use axum::response::Response;
use dex_model::{AuthCode, AuthRequest, AuthSession, Claims, Login, id, later};
use dex_oidc::OUT_OF_BAND;
use dex_pages::Oob;
use dex_storage::Write;
use dex_token::Authenticated;
use dex_web::{PageError, cookies};
use http::{StatusCode, header};

pub(crate) use answer::in_query;
pub(crate) use destination::Destination;
pub(crate) use error::AuthorizeError;

use crate::pending::{Pending, begun_by_dex};
use crate::upstream;
use crate::visit::Visit;

const START_AGAIN: &str = "Please go back to the application and start again.";

/// Ends a login with the authorization response (oidc-core spec, 16).
///
/// Who removes the stored row responds; anybody else, a second tab for instance, comes too late.
pub(crate) async fn respond(visit: &Visit<'_>, pending: Pending) -> Result<Response, AuthorizeError> {
    let Pending { request, kept, session } = pending;
    if kept.in_store() {
        // Time has passed while the user was asked.
        upstream::still_allowed(visit, &request).await?;
        if visit.app.store.remove::<AuthRequest>(&request.id).await? == Write::Lost {
            return Err(PageError::bad_request("User session error.").into());
        }
    }
    if request.expired(visit.now) {
        return Err(PageError::bad_request("User session has expired.").into());
    }
    let Login::Done { claims, auth_time } = &request.login else {
        return Err(PageError::bad_request("Login process not yet finalized.").into());
    };
    let destination = Destination::of(visit, &request, kept).await?;
    let session_id = session_of(visit, &request, claims, session).await?;
    let user = Authenticated { claims, auth_time: *auth_time, session_id: &session_id };
    let asked = request.asked_for();
    let mut parameters = Vec::new();
    if asked.code {
        let code = issue_code(visit, &request, user).await?;
        if request.redirect_uri == OUT_OF_BAND {
            return show(visit, &request, code);
        }
        parameters.push(("code", code));
    }
    if asked.token || asked.id_token {
        let code = parameters.first().map(|(_, code): &(_, String)| code.as_str());
        let issued = dex_token::issue_front_channel(visit.app, &request, user, code, visit.now).await;
        let tokens = issued.map_err(|error| front_channel::refusal(&destination, error))?;
        parameters.extend(front_channel::parameters(tokens));
    }
    Ok(destination.carry(visit, parameters)?)
}

/// The id of the session that the response is of; empty without sessions.
///
/// Whoever logged out, or in as somebody else, while a page of this login was open, did not mean it to go on: what it would
/// bring could be taken back by no logout.
async fn session_of(
    visit: &Visit<'_>,
    request: &AuthRequest,
    claims: &Claims,
    begun: Option<AuthSession>,
) -> Result<String, PageError> {
    let app = visit.app;
    if app.settings.sessions.is_none() {
        return Ok(String::new());
    }
    let (client_id, now) = (request.client_id.as_str(), visit.now);
    let whose = (claims.user_id.as_str(), request.connector_id.as_str());
    let noted = match begun {
        Some(session) => dex_session::note_response_in(app, &session, client_id, now).await?,
        None => dex_session::note_response(app, &visit.incoming.headers, client_id, whose, now).await?,
    };
    match noted {
        Some(id) => Ok(id),
        None if begun_by_dex(&request.id) => Ok(String::new()),
        None => Err(PageError::bad_request("You are not signed in any more.").hint(START_AGAIN)),
    }
}

/// A code that holds what it stands for, or one that names a row when that would be too long.
async fn issue_code(visit: &Visit<'_>, request: &AuthRequest, user: Authenticated<'_>) -> Result<String, PageError> {
    let app = visit.app;
    let code = AuthCode {
        id: id::new_id(),
        client_id: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        nonce: request.nonce.clone(),
        scopes: request.scopes.clone(),
        connector_id: request.connector_id.clone(),
        connector_data: request.connector_data.clone(),
        claims: user.claims.clone(),
        expiry: later(visit.now, app.settings.auth_codes_valid_for),
        session_id: user.session_id.to_owned(),
        auth_time: user.auth_time,
        pkce: request.pkce.clone(),
    };
    if let Some(sealed) = app.seals.seal_code(&code) {
        return Ok(sealed);
    }
    // Here the id itself is what the client holds, so it is a longer one.
    let code = AuthCode { id: id::new_long_id(), ..code };
    let id = code.id.clone();
    match app.store.insert(code).await? {
        Write::Done => Ok(id),
        Write::Lost => Err(PageError::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error.")),
    }
}

/// Shows the code for the user to copy.
fn show(visit: &Visit<'_>, request: &AuthRequest, code: String) -> Result<Response, AuthorizeError> {
    let mut response = visit.page(StatusCode::OK, &Oob { code })?;
    let ended = cookies::end_login(&visit.app.issuer, &request.id);
    response.headers_mut().append(header::SET_COOKIE, ended);
    Ok(response)
}
