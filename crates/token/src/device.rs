//! Device authorization (RFC 8628; oidc-core spec, 21).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dex_jose::sha256;
use dex_model::{
    AuthCode, Client, ClientSecret, DeviceRequest, DeviceStatus, DeviceToken, Pkce, Timestamp, TokenSecret, id, later,
};
use dex_oidc::{CodeChallengeMethod, GrantType, TokenErrorCode, split_words};
use dex_storage::{Change, StorageError, Write};
use dex_web::{App, Attempt, Incoming, PageError, TokenError, with_headers};
use http::Method;
use serde::Serialize;

use crate::grants::authorization_code;
use crate::mint::{self, invalid_scope, response_not_kept};
use crate::policy::{Whom, may_use};
use crate::{AuthenticatedClient, Credentials, upstream};

/// The pause between polls, in seconds.
const INTERVAL: u32 = 5;

/// The longest `scope` that is kept for a device, in bytes. Its user's login could not carry more.
const SCOPE_BYTES_MAX: usize = 2048;

/// The longest `code_challenge` (RFC 7636 §4.2), in bytes.
const CHALLENGE_BYTES_MAX: usize = 128;

/// Lengths of the codes that Dex issues.
const DEX_CODE_LENGTHS: std::ops::RangeInclusive<usize> = 25..=26;

/// Parameters that may be given once only (RFC 8628 §3.1).
const SINGLE: [&str; 5] = ["client_id", "client_secret", "scope", "code_challenge", "code_challenge_method"];

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
    if let Some(name) = form.repeated(&SINGLE) {
        return Err(TokenError::invalid_request(format!("Parameter {name} is given more than once.")));
    }
    if !app.settings.grants(GrantType::DeviceCode) {
        return Err(TokenError::new(TokenErrorCode::UnsupportedGrantType, ""));
    }
    let credentials = Credentials::read(&request.headers, &form)?;
    let client = AuthenticatedClient::check(&app, &credentials).await?;
    may_use(&client, Whom::Itself, GrantType::DeviceCode).map_err(upstream::refusal)?;
    let pkce = pkce(form.get("code_challenge"), form.get("code_challenge_method"))?;
    let scopes = requested_scopes(form.get("scope"))?;
    let valid_for = app.settings.device_requests_valid_for;
    app.attempts.take(Attempt::Device { client_id: &client.id, valid_for }, now)?;
    let expiry = later(now, valid_for);
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
        expires_in: valid_for.as_secs(),
        interval: INTERVAL,
    };
    Ok(with_headers(&app, response_not_kept(dex_oidc::to_json(&body))))
}

/// The scopes that the device asks for; whether it may have them is checked with its user's login.
fn requested_scopes(text: &str) -> Result<Vec<String>, TokenError> {
    if text.len() > SCOPE_BYTES_MAX {
        return Err(invalid_scope("Too many scopes.".to_owned()));
    }
    let scopes: Vec<String> = split_words(text).map(str::to_owned).collect();
    Ok(if scopes.is_empty() { vec!["openid".to_owned()] } else { scopes })
}

fn pkce(challenge: &str, method: &str) -> Result<Option<Pkce>, TokenError> {
    let method = if method.is_empty() { "plain" } else { method };
    if method.parse::<CodeChallengeMethod>().is_err() {
        return Err(TokenError::invalid_request(format!("Unsupported PKCE challenge method ({method:?}).")));
    }
    if challenge.len() > CHALLENGE_BYTES_MAX {
        return Err(TokenError::invalid_request("The code_challenge parameter is malformed."));
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

/// The challenge (RFC 7636 §4.2) of a login for the device of this user code: the code it ends with is for that device
/// alone.
pub fn challenge(user_code: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(format!("dex device {user_code}").as_bytes()))
}

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
    if !belongs(&code, code_text, &request) {
        return Err(bad_code());
    }
    let credentials =
        Credentials { id: request.client_id.clone(), secret: request.client_secret.clone(), basic: false };
    let client = AuthenticatedClient::check(app, &credentials).await;
    let client = client.map_err(|error| PageError::new(error.status, error.description.clone()).because(error))?;
    let allowed = authorization_code::still_allowed(app, &client, &code, &[GrantType::DeviceCode], now).await;
    let opened = allowed.map_err(failed)?;
    let refreshable = authorization_code::refreshable(app, &client, &opened, &code);
    let (authorized, redeemed) = authorization_code::issue(refreshable, code, code_text, now);
    let tokens = mint::tokens(app, &authorized, now).await.map_err(failed)?;
    redeemed.settle(app).await.map_err(failed)?;
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
fn belongs(code: &AuthCode, text: &str, request: &DeviceRequest) -> bool {
    let path = code.redirect_uri.split(['?', '#']).next().unwrap_or_default();
    let bound = match &code.pkce {
        Some(pkce) => pkce.code_challenge == challenge(&request.user_code),
        // Dex binds its codes to no device; one that it issued may be on its way.
        None => DEX_CODE_LENGTHS.contains(&text.len()),
    };
    bound && code.client_id == request.client_id && path.ends_with("/device/callback") && path.starts_with('/')
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
