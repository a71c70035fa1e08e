//! `POST /token` (RFC 6749 §3.2; oidc-core spec, 17).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_model::Timestamp;
use dex_oidc::{Form, GrantType, TokenErrorCode, split_words};
use dex_web::{App, Incoming, TokenError, with_headers};
use http::Method;

use crate::grants;
use crate::grants::authorization_code::{self, Redeemed};
use crate::grants::refresh_token::{self, Rotation};
use crate::mint::{self, Authorized};
use crate::{AuthenticatedClient, Credentials};

/// Parameters that may be given once only (RFC 6749 §3.2).
const SINGLE: [&str; 14] = [
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "client_id",
    "client_secret",
    "scope",
    "username",
    "password",
    "device_code",
    "connector_id",
    "subject_token",
    "subject_token_type",
];

/// How many scopes one request may ask for; each audience among them is a question to the store.
const SCOPES_MAX: usize = 100;

/// What every grant is given.
pub(crate) struct Grant<'a> {
    pub app: &'a App,
    pub client: &'a AuthenticatedClient,
    pub form: &'a Form,
    pub now: Timestamp,
    /// Where the request came from, if that is known.
    pub address: Option<std::net::IpAddr>,
}

/// The handler.
///
/// Authenticates the client, has its grant say what may be issued, issues it. A grant cannot run for a client
/// that is not authenticated, and cannot issue anything itself.
pub(crate) async fn token(State(app): State<Arc<App>>, request: Incoming) -> Result<Response, TokenError> {
    let now = app.clock.now();
    let (grant_type, form) = parse(&app, &request)?;
    if grant_type == GrantType::DeviceCode {
        return grants::device_code::poll(&app, &form, now).await;
    }
    let credentials = Credentials::read(&request.headers, &form)?;
    let client = AuthenticatedClient::check(&app, &credentials).await?;
    let grant = Grant { app: &app, client: &client, form: &form, now, address: request.address };
    let (authorized, unsettled) = authorize(grant_type, &grant).await?;
    let mut tokens = mint::tokens(&app, &authorized, now).await?;
    match unsettled {
        Unsettled::Nothing => {}
        Unsettled::Code(redeemed) => redeemed.settle(&app).await?,
        Unsettled::Rotation(rotation) => {
            let held = refresh_token::rotate(&grant, *rotation).await?;
            tokens.refresh_token = Some(held.expose().to_owned());
        }
    }
    Ok(with_headers(&app, tokens.into_response()))
}

/// What is written only once the tokens are signed, and before they leave.
enum Unsettled {
    Nothing,
    Code(Box<Redeemed>),
    Rotation(Box<Rotation>),
}

async fn authorize(grant_type: GrantType, grant: &Grant<'_>) -> Result<(Authorized, Unsettled), TokenError> {
    let authorized = match grant_type {
        GrantType::AuthorizationCode => {
            let (authorized, redeemed) = authorization_code::redeem(grant).await?;
            return Ok((authorized, Unsettled::Code(Box::new(redeemed))));
        }
        GrantType::RefreshToken => {
            let (authorized, rotation) = refresh_token::redeem(grant).await?;
            return Ok((authorized, rotation.map(Box::new).map_or(Unsettled::Nothing, Unsettled::Rotation)));
        }
        GrantType::ClientCredentials => grants::client_credentials::redeem(grant).await?,
        GrantType::Password => grants::password::redeem(grant).await?,
        GrantType::TokenExchange => grants::token_exchange::redeem(grant).await?,
        GrantType::Implicit | GrantType::DeviceCode => return Err(unsupported()),
    };
    Ok((authorized, Unsettled::Nothing))
}

fn parse(app: &App, request: &Incoming) -> Result<(GrantType, Form), TokenError> {
    if request.method != Method::POST {
        return Err(TokenError::invalid_request("method not allowed"));
    }
    let unreadable = |error: &dyn std::fmt::Display| TokenError::invalid_request(error.to_string());
    request.query.as_ref().map_err(|error| unreadable(error))?;
    let form = request.body.clone().map_err(|error| unreadable(&error))?;
    if let Some(name) = form.repeated(&SINGLE) {
        return Err(TokenError::invalid_request(format!("Parameter {name} is given more than once.")));
    }
    if split_words(form.get("scope")).nth(SCOPES_MAX).is_some() {
        return Err(mint::invalid_scope("Too many scopes.".to_owned()));
    }
    let grant_type: Option<GrantType> = form.get("grant_type").parse().ok();
    let offered = grant_type.filter(|grant| *grant != GrantType::Implicit && app.settings.grants(*grant));
    Ok((offered.ok_or_else(unsupported)?, form))
}

fn unsupported() -> TokenError {
    TokenError::new(TokenErrorCode::UnsupportedGrantType, "")
}
