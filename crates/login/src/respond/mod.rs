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
use dex_model::{AuthCode, AuthRequest, Claims, Login, Timestamp, id, later};
use dex_oidc::OUT_OF_BAND;
use dex_pages::Oob;
use dex_storage::Write;
use dex_web::{PageError, cookies};
use http::{StatusCode, header};

pub(crate) use destination::Destination;
pub(crate) use error::AuthorizeError;

use crate::pending::{Kept, Pending};
use crate::upstream;
use crate::visit::Visit;

/// Ends a login with the authorization response (oidc-core spec, 16).
///
/// Who removes the stored row responds; anybody else, a second tab for instance, comes too late.
pub(crate) async fn respond(visit: &Visit<'_>, pending: Pending) -> Result<Response, AuthorizeError> {
    let Pending { request, kept } = pending;
    if kept == Kept::Stored {
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
    let destination = Destination::of(visit, &request).await?;
    let asked = request.asked_for();
    let mut parameters = Vec::new();
    if asked.code {
        let code = issue_code(visit, &request, claims, *auth_time).await?;
        if request.redirect_uri == OUT_OF_BAND {
            return show(visit, &request, code);
        }
        parameters.push(("code", code));
    }
    if asked.token || asked.id_token {
        let code = parameters.first().map(|(_, code): &(_, String)| code.as_str());
        let issued = dex_token::issue_front_channel(visit.app, &request, claims, *auth_time, code, visit.now).await;
        let tokens = issued.map_err(|error| front_channel::refusal(&destination, error))?;
        parameters.extend(front_channel::parameters(tokens));
    }
    Ok(destination.carry(visit, parameters)?)
}

/// A code that holds what it stands for, or one that names a row when that would be too long.
async fn issue_code(
    visit: &Visit<'_>,
    request: &AuthRequest,
    claims: &Claims,
    auth_time: Timestamp,
) -> Result<String, PageError> {
    let app = visit.app;
    let code = AuthCode {
        id: id::new_id(),
        client_id: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        nonce: request.nonce.clone(),
        scopes: request.scopes.clone(),
        connector_id: request.connector_id.clone(),
        connector_data: request.connector_data.clone(),
        claims: claims.clone(),
        expiry: later(visit.now, app.settings.auth_codes_valid_for),
        session_id: String::new(),
        auth_time,
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
