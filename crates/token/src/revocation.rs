//! Revocation (RFC 7009).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_model::{RefreshToken, Timestamp};
use dex_oidc::decode_pair;
use dex_web::{App, Incoming, TokenError, with_headers};
use http::Method;

use crate::mint::response_not_kept;
use crate::{AuthenticatedClient, Credentials, family, presented};

/// The handler. A token that is not known, or another client's, is answered as if it were gone: that it is not
/// valid for this client is all that was asked for (RFC 7009 §2.2).
pub(crate) async fn revoke(State(app): State<Arc<App>>, request: Incoming) -> Result<Response, TokenError> {
    let now = app.clock.now();
    if request.method != Method::POST {
        return Err(TokenError::invalid_request("method not allowed"));
    }
    let form = request.body.clone().map_err(|error| TokenError::invalid_request(error.to_string()))?;
    if let Some(name) = form.repeated(&["token", "client_id", "client_secret"]) {
        return Err(TokenError::invalid_request(format!("Parameter {name} is given more than once.")));
    }
    let credentials = Credentials::read(&request.headers, &form)?;
    let client = AuthenticatedClient::check(&app, &credentials).await?;
    let token = form.get("token");
    if token.is_empty() {
        return Err(TokenError::invalid_request("Required param: token."));
    }
    if dex_jose::parse_unverified_payload(token).is_ok() {
        revoke_access(&app, &client, token, now).await?;
    } else {
        revoke_refresh(&app, &client, token).await?;
    }
    Ok(with_headers(&app, response_not_kept(Vec::new())))
}

async fn revoke_access(app: &App, client: &AuthenticatedClient, token: &str, now: Timestamp) -> Result<(), TokenError> {
    let Some(presented) = presented::check(app, token, now).await? else {
        return Ok(());
    };
    let claims = presented.claims;
    if claims.client_id() != Some(client.id.as_str()) || claims.jti.is_empty() {
        return Ok(());
    }
    let expiry = Timestamp::from_second(claims.exp).unwrap_or(Timestamp::MAX);
    Ok(app.revoked.revoke(&app.store, &claims.jti, expiry).await?)
}

async fn revoke_refresh(app: &App, client: &AuthenticatedClient, token: &str) -> Result<(), TokenError> {
    let Some(pair) = decode_pair(token) else {
        return Ok(());
    };
    let stored = app.store.get::<RefreshToken>(&pair.first).await?;
    let ours = stored.filter(|stored| stored.client_id == client.id && holds(stored, &pair.second));
    if let Some(stored) = ours {
        family::end(&app.store, &stored).await?;
    }
    Ok(())
}

/// The current secret ends the family, and so does the one before it, whoever holds it.
fn holds(token: &RefreshToken, secret: &str) -> bool {
    token.current.matches(secret) || (!token.obsolete.is_empty() && token.obsolete.matches(secret))
}
