//! `/mfa/webauthn` and its endpoints: a security key is registered or shown (sessions-ui spec, 3.6).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use dex_mfa::FactorKind;
use dex_mfa::webauthn::{Ceremony, Refused, RelyingParty, User, updated};
use dex_model::{AuthRequest, UserIdentity, WebAuthnCredential};
use dex_pages::{WebauthnMode, WebauthnVerify};
use dex_web::{App, Incoming, PageError};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::asked::{Asked, Entry, enter};
use super::{chain, json as script};
use crate::respond::AuthorizeError;
use crate::visit::{Visit, method_not_allowed};

/// `/mfa/webauthn`
pub(crate) async fn page(State(app): State<Arc<App>>, incoming: Incoming) -> Response {
    let visit = Visit::new(&app, &incoming);
    if !visit.is(&Method::GET) {
        return method_not_allowed("GET");
    }
    visit.answer(show(&visit).await.map_err(AuthorizeError::from))
}

async fn show(visit: &Visit<'_>) -> Result<Response, PageError> {
    let asked = match enter(visit).await? {
        Entry::Asked(asked) => asked,
        Entry::Done(response) => return Ok(response),
    };
    party(&asked)?;
    let mode = if keys(&asked).is_empty() { WebauthnMode::Register } else { WebauthnMode::Login };
    let page = WebauthnVerify { mode, authenticator_id: asked.factor.id.clone() };
    visit.page(StatusCode::OK, &page)
}

/// `/mfa/webauthn/register/begin`
pub(crate) async fn register_begin(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    answer(&app, request, Half::RegisterBegin).await
}

/// `/mfa/webauthn/register/finish`
pub(crate) async fn register_finish(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    answer(&app, request, Half::RegisterFinish).await
}

/// `/mfa/webauthn/login/begin`
pub(crate) async fn login_begin(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    answer(&app, request, Half::LoginBegin).await
}

/// `/mfa/webauthn/login/finish`
pub(crate) async fn login_finish(State(app): State<Arc<App>>, request: Request<Body>) -> Response {
    answer(&app, request, Half::LoginFinish).await
}

/// Half of a ceremony.
#[derive(Clone, Copy)]
enum Half {
    RegisterBegin,
    RegisterFinish,
    LoginBegin,
    LoginFinish,
}

async fn answer(app: &Arc<App>, request: Request<Body>, half: Half) -> Response {
    let (incoming, body) = script::read(request).await;
    let visit = Visit::new(app, &incoming);
    if !visit.is(&Method::POST) {
        let error = PageError::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.");
        return script::failure(app, &error);
    }
    match run(&visit, half, &body).await {
        Ok(value) => script::answer(app, StatusCode::OK, &value),
        Err(error) => script::failure(app, &error),
    }
}

async fn run(visit: &Visit<'_>, half: Half, body: &[u8]) -> Result<Value, PageError> {
    let asked = match enter(visit).await? {
        Entry::Asked(asked) => asked,
        Entry::Done(_) => return Err(PageError::bad_request("The second factor was shown already.")),
    };
    let party = party(&asked)?;
    match half {
        Half::RegisterBegin => {
            unregistered(&asked)?;
            let begun = party.begin_registration(&user(&asked), keys(&asked), visit.now);
            begin(visit, &asked, begun).await
        }
        Half::RegisterFinish => {
            unregistered(&asked)?;
            let ceremony = take(visit, &asked).await?;
            let key = party
                .finish_registration(&ceremony, keys(&asked), body, visit.now)
                .map_err(|error| PageError::bad_request(format!("Registration failed: {error}.")).because(error))?;
            keep_first(visit, &asked, key).await?;
            go_on(visit, &asked).await
        }
        Half::LoginBegin => begin(visit, &asked, party.begin_authentication(keys(&asked), visit.now)).await,
        Half::LoginFinish => {
            let attempt = asked.attempt(visit);
            let _running = visit.app.attempts.begin(attempt, visit.now)?;
            let ceremony = take(visit, &asked).await?;
            let verdict = party.finish_authentication(&ceremony, (&user(&asked), keys(&asked)), body, visit.now);
            let seen = verdict.map_err(|error| {
                visit.app.attempts.failed(attempt, visit.now);
                PageError::new(StatusCode::UNAUTHORIZED, "Authentication failed.").because(error)
            })?;
            note(visit, &asked, &seen).await?;
            go_on(visit, &asked).await
        }
    }
}

fn party<'a>(asked: &Asked<'a>) -> Result<&'a RelyingParty, PageError> {
    match &asked.factor.kind {
        FactorKind::WebAuthn(party) => Ok(party),
        FactorKind::Totp { .. } => Err(PageError::bad_request("Not a WebAuthn authenticator.")),
    }
}

fn keys<'b>(asked: &'b Asked<'_>) -> &'b [WebAuthnCredential] {
    asked.identity.webauthn_credentials.get(&asked.factor.id).map_or(&[], Vec::as_slice)
}

fn user<'b>(asked: &'b Asked<'_>) -> User<'b> {
    let claims = &asked.identity.claims;
    User {
        id: &asked.identity.user_id,
        connector_id: &asked.identity.connector_id,
        name: &claims.email,
        display_name: &claims.preferred_username,
    }
}

/// Whoever has a key shows it: a password alone registers the first one only.
fn unregistered(asked: &Asked<'_>) -> Result<(), PageError> {
    if keys(asked).is_empty() { Ok(()) } else { Err(registered()) }
}

fn registered() -> PageError {
    PageError::new(StatusCode::FORBIDDEN, "A security key is registered already. Please use that one.")
}

/// Keeps the ceremony with the login, in the place of any before it.
async fn begin(
    visit: &Visit<'_>,
    asked: &Asked<'_>,
    begun: Result<(Ceremony, Value), Refused>,
) -> Result<Value, PageError> {
    let (ceremony, options) = begun.map_err(|error| match error {
        Refused::Unknown => PageError::bad_request("No WebAuthn credentials registered."),
        error => PageError::ours("Internal server error.", error),
    })?;
    let state = dex_oidc::to_json(&ceremony);
    let keep = |row| AuthRequest { webauthn_session_data: Some(state.clone()), ..row };
    chain::change(visit, &asked.request, keep).await?;
    Ok(options)
}

/// The ceremony that was begun; it is answered once.
async fn take(visit: &Visit<'_>, asked: &Asked<'_>) -> Result<Ceremony, PageError> {
    let none = || PageError::bad_request("Invalid session.");
    let state = asked.request.webauthn_session_data.as_deref().ok_or_else(none)?;
    let ceremony: Ceremony = serde_json::from_slice(state).map_err(|_| none())?;
    chain::change(visit, &asked.request, |row| AuthRequest { webauthn_session_data: None, ..row }).await?;
    Ok(ceremony)
}

/// Keeps a user's first key, unless another window has registered one meanwhile.
async fn keep_first(visit: &Visit<'_>, asked: &Asked<'_>, key: WebAuthnCredential) -> Result<(), PageError> {
    let id = &asked.factor.id;
    let change = |mut identity: UserIdentity| {
        let keys = identity.webauthn_credentials.entry(id.clone()).or_default();
        let first = keys.is_empty();
        keys.push(key.clone());
        first.then_some(identity)
    };
    asked.update(visit, change).await?.map(drop).ok_or_else(registered)
}

/// Keeps what the key has told of itself; its counter moves on once only.
async fn note(visit: &Visit<'_>, asked: &Asked<'_>, seen: &WebAuthnCredential) -> Result<(), PageError> {
    let id = &asked.factor.id;
    let change = |mut identity: UserIdentity| {
        let keys = identity.webauthn_credentials.get(id)?;
        let before = keys.iter().find(|key| key.credential_id == seen.credential_id)?;
        if seen.sign_count != 0 && seen.sign_count <= before.sign_count {
            return None;
        }
        let keys = updated(keys, seen);
        identity.webauthn_credentials.insert(id.clone(), keys);
        Some(identity)
    };
    let refused = || PageError::new(StatusCode::UNAUTHORIZED, "Authentication failed.");
    asked.update(visit, change).await?.map(drop).ok_or_else(refused)
}

async fn go_on(visit: &Visit<'_>, asked: &Asked<'_>) -> Result<Value, PageError> {
    let (route, parameters) = chain::after(visit, &asked.request, asked.factor).await?;
    let redirect = visit.app.issuer.local_with(route, &parameters);
    Ok(json!({"redirect": redirect, "status": "ok"}))
}
