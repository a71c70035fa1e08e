//! Device authorization (RFC 8628; oidc-core spec, 21).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_model::{
    AuthCode, Client, ClientSecret, DeviceRequest, DeviceStatus, DeviceToken, Pkce, Timestamp, TokenSecret, id, later,
};
use dex_oidc::{CodeChallengeMethod, split_words};
use dex_storage::{Change, StorageError, Write};
use dex_web::{App, Incoming, PageError, TokenError, with_headers};
use http::Method;
use serde::Serialize;

use crate::grants::authorization_code;
use crate::mint::{self, response_not_kept};
use crate::{AuthenticatedClient, Credentials};

/// The pause between polls, in seconds.
const INTERVAL: u32 = 5;

/// How often another user code is tried when one is taken.
const USER_CODE_TRIES_MAX: u32 = 10;

#[derive(Serialize)]
struct DeviceAuthorization<'a> {
    device_code: &'a str,
    user_code: &'a str,
    verification_uri: String,
    verification_uri_complete: String,
    expires_in: u64,
    interval: u32,
}

/// `POST /device/code`: the device asks for its codes (RFC 8628 §3.1). The client authenticates as at the token
/// endpoint, so that codes are handed out to known clients only.
pub(crate) async fn device_code(State(app): State<Arc<App>>, request: Incoming) -> Result<Response, TokenError> {
    let now = app.clock.now();
    if request.method != Method::POST {
        return Err(TokenError::invalid_request("method not allowed"));
    }
    let form = request.parameters().map_err(|error| TokenError::invalid_request(error.to_string()))?;
    let credentials = Credentials::read(&request.headers, &form)?;
    let client = AuthenticatedClient::check(&app, &credentials).await?;
    let pkce = pkce(form.get("code_challenge"), form.get("code_challenge_method"))?;
    let mut scopes: Vec<String> = split_words(form.get("scope")).map(str::to_owned).collect();
    if scopes.is_empty() {
        scopes.push("openid".into());
    }
    let expiry = later(now, app.settings.device_requests_valid_for);
    let device_code = id::new_long_id();
    let waiting = DeviceToken {
        device_code: device_code.clone(),
        status: DeviceStatus::Pending,
        expiry,
        last_request: now,
        poll_interval_seconds: 0,
        pkce,
    };
    let user_code = keep(&app, waiting, &client, &credentials.secret, scopes).await?;
    let page = app.issuer.absolute("/device").to_string();
    let body = DeviceAuthorization {
        device_code: &device_code,
        user_code: &user_code,
        verification_uri_complete: format!("{page}?user_code={user_code}"),
        verification_uri: page,
        expires_in: app.settings.device_requests_valid_for.as_secs(),
        interval: INTERVAL,
    };
    Ok(with_headers(&app, response_not_kept(dex_oidc::to_json(&body))))
}

fn pkce(challenge: &str, method: &str) -> Result<Option<Pkce>, TokenError> {
    let method = if method.is_empty() { "plain" } else { method };
    if method.parse::<CodeChallengeMethod>().is_err() {
        return Err(TokenError::invalid_request(format!("Unsupported PKCE challenge method ({method:?}).")));
    }
    let pkce = Pkce { code_challenge: challenge.to_owned(), code_challenge_method: method.to_owned() };
    Ok((!challenge.is_empty()).then_some(pkce))
}

/// Keeps what the device polls first, then what its user types, under a user code that nobody else has.
async fn keep(
    app: &App,
    token: DeviceToken,
    client: &Client,
    secret: &ClientSecret,
    scopes: Vec<String>,
) -> Result<String, TokenError> {
    let request = DeviceRequest {
        user_code: String::new(),
        device_code: token.device_code.clone(),
        client_id: client.id.clone(),
        client_secret: secret.clone(),
        scopes,
        expiry: token.expiry,
    };
    // A device code of 256 random bits is not taken.
    let _ = app.store.insert(token).await?;
    for _ in 0..USER_CODE_TRIES_MAX {
        let request = DeviceRequest { user_code: id::new_user_code(), ..request.clone() };
        let user_code = request.user_code.clone();
        if app.store.insert(request).await? == Write::Done {
            return Ok(user_code);
        }
    }
    Err(TokenError::unavailable(NoUserCode))
}

/// Every user code that was tried is taken.
#[derive(Debug, thiserror::Error)]
#[error("no user code is free")]
struct NoUserCode;

/// Gives a waiting device its tokens for the code its user came back with (oidc-core spec, 21.3). Answers the
/// client's name, for the page.
///
/// # Errors
///
/// A page that says what is wrong; the device waits on.
pub async fn complete(app: &App, user_code: &str, code_text: &str, now: Timestamp) -> Result<String, PageError> {
    let bad_code = || PageError::bad_request("Invalid or expired auth code.");
    let failed = |error: TokenError| PageError::new(error.status, "Failed to exchange auth code.").because(error);
    let code = authorization_code::find(app, code_text).await.map_err(failed)?;
    let code = code.filter(|code| !code.expired(now)).ok_or_else(bad_code)?;
    let request = app.store.get::<DeviceRequest>(user_code).await?.filter(|request| !request.expired(now));
    let request = request.ok_or_else(|| PageError::bad_request("Invalid or expired user code."))?;
    if !belongs(&code, &request) {
        return Err(bad_code());
    }
    let credentials =
        Credentials { id: request.client_id.clone(), secret: request.client_secret.clone(), basic: false };
    let client = AuthenticatedClient::check(app, &credentials).await;
    let client = client.map_err(|error| PageError::new(error.status, error.description.clone()).because(error))?;
    authorization_code::spend(app, &code, now).await.map_err(failed)?;
    let authorized = authorization_code::issue(app, code, code_text, now).await.map_err(failed)?;
    let tokens = mint::tokens(app, &authorized, now).await.map_err(failed)?;
    let body = String::from_utf8(dex_oidc::to_json_pretty(&tokens)).unwrap_or_default();
    finish(app, &request.device_code, DeviceStatus::Complete(TokenSecret::new(body)), now).await?;
    Ok(client.name.clone())
}

/// Tells a waiting device that its user said no (RFC 8628 §3.5).
///
/// # Errors
///
/// The store's failure; the device then waits until its code dies.
pub async fn deny(app: &App, user_code: &str, now: Timestamp) -> Result<(), PageError> {
    let Some(request) = app.store.get::<DeviceRequest>(user_code).await? else {
        return Ok(());
    };
    finish(app, &request.device_code, DeviceStatus::Other("access_denied".into()), now).await
}

/// Whether the code was issued for this device, by a login that came back through our own page.
fn belongs(code: &AuthCode, request: &DeviceRequest) -> bool {
    let path = code.redirect_uri.split(['?', '#']).next().unwrap_or_default();
    code.client_id == request.client_id && path.ends_with("/device/callback") && path.starts_with('/')
}

async fn finish(app: &App, device_code: &str, status: DeviceStatus, now: Timestamp) -> Result<(), PageError> {
    let mut waiting = false;
    let changed = app
        .store
        .update::<DeviceToken, StorageError, _>(device_code, |token| {
            waiting = token.status == DeviceStatus::Pending && !token.expired(now);
            Ok(if waiting { DeviceToken { status: status.clone(), ..token } } else { token })
        })
        .await?;
    match changed {
        Change::Made(_) if waiting => Ok(()),
        _ => Err(PageError::bad_request("Invalid or expired device code.")),
    }
}
