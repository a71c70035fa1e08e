//! `urn:ietf:params:oauth:grant-type:device_code` (RFC 8628 §3.4; oidc-core spec, 21.4).

use axum::response::Response;
use dex_model::{DeviceStatus, DeviceToken, Poll, Timestamp};
use dex_oidc::{Form, TokenErrorCode};
use dex_storage::{Change, StorageError};
use dex_web::{App, TokenError};

use super::authorization_code::check_verifier;
use crate::mint::response_not_kept;

/// Answers a device that asks whether its user has come.
pub(crate) async fn poll(app: &App, form: &Form, now: Timestamp) -> Result<Response, TokenError> {
    let code = form.get("device_code");
    if code.is_empty() {
        return Err(TokenError::invalid_request("No device code received"));
    }
    let unknown = || TokenError::invalid_grant("Invalid Device code.");
    let token = app.store.get::<DeviceToken>(code).await?.ok_or_else(unknown)?;
    if token.expired(now) {
        return Err(TokenError::new(TokenErrorCode::ExpiredToken, ""));
    }
    match token.status {
        DeviceStatus::Pending => Err(pending(app, code, now).await?),
        DeviceStatus::Complete(_) => {
            check_verifier(token.pkce.as_ref(), form.get("code_verifier"))?;
            fetch(app, code).await?.ok_or_else(unknown)
        }
        DeviceStatus::Other(status) if status == "access_denied" => {
            Err(TokenError::new(TokenErrorCode::AccessDenied, ""))
        }
        DeviceStatus::Other(_) => Err(unknown()),
    }
}

async fn pending(app: &App, code: &str, now: Timestamp) -> Result<TokenError, StorageError> {
    let mut answer = Poll::Pending;
    // A token that went meanwhile will be told as unknown at the next poll.
    let _: Change<DeviceToken> = app
        .store
        .update::<DeviceToken, StorageError, _>(code, |token| {
            if token.status != DeviceStatus::Pending {
                return Ok(token);
            }
            let (token, poll) = token.polled(now);
            answer = poll;
            Ok(token)
        })
        .await?;
    let error = match answer {
        Poll::Pending => TokenErrorCode::AuthorizationPending,
        Poll::TooFast => TokenErrorCode::SlowDown,
    };
    Ok(TokenError::new(error, ""))
}

/// Hands the tokens out to exactly one poll.
async fn fetch(app: &App, code: &str) -> Result<Option<Response>, StorageError> {
    let mut fetched = None;
    let _: Change<DeviceToken> = app
        .store
        .update::<DeviceToken, StorageError, _>(code, |token| {
            fetched = match &token.status {
                DeviceStatus::Complete(response) => Some(response.clone()),
                _ => None,
            };
            Ok(DeviceToken { status: DeviceStatus::Other("consumed".into()), ..token })
        })
        .await?;
    Ok(fetched.map(|response| response_not_kept(response.expose().as_bytes().to_vec())))
}
