//! `/mfa/totp`: a one-time code is asked for (sessions-ui spec, 3.5).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_mfa::totp::{self as codes, BadSecret};
use dex_mfa::{FactorKind, qr_png_base64};
use dex_model::{MfaSecret, UserIdentity};
use dex_pages::{TotpEnrolment, TotpVerify};
use dex_web::{App, Incoming, PageError};
use http::{Method, StatusCode};

use super::asked::{Asked, Entry, enter};
use super::chain;
use crate::respond::AuthorizeError;
use crate::visit::{Visit, method_not_allowed};

/// `/mfa/totp`
pub(crate) async fn totp(State(app): State<Arc<App>>, incoming: Incoming) -> Response {
    let visit = Visit::new(&app, &incoming);
    if !visit.is(&Method::GET) && !visit.is(&Method::POST) {
        return method_not_allowed("GET, POST");
    }
    visit.answer(ask_or_check(&visit).await.map_err(AuthorizeError::from))
}

async fn ask_or_check(visit: &Visit<'_>) -> Result<Response, PageError> {
    let asked = match enter(visit).await? {
        Entry::Asked(asked) => asked,
        Entry::Done(response) => return Ok(response),
    };
    let FactorKind::Totp { issuer } = &asked.factor.kind else {
        return Err(PageError::bad_request("Not a TOTP authenticator."));
    };
    if visit.is(&Method::POST) { check(visit, &asked, issuer).await } else { ask(visit, &asked, issuer).await }
}

async fn ask(visit: &Visit<'_>, asked: &Asked<'_>, issuer: &str) -> Result<Response, PageError> {
    let secret = secret(visit, asked, issuer).await?;
    page(visit, asked, issuer, (&secret, false))
}

/// The user's secret, or the one that this login offers them, in each of its windows the same.
///
/// What no code has confirmed was perhaps shown to somebody who knows the password alone; unlike in Dex no other login
/// confirms it, lest that somebody have the user's codes ever after.
async fn secret(visit: &Visit<'_>, asked: &Asked<'_>, issuer: &str) -> Result<MfaSecret, PageError> {
    let id = &asked.factor.id;
    let offered = offered(visit, asked, issuer);
    let counts = |secret: &MfaSecret| secret.confirmed || secret.secret == offered.secret;
    if let Some(secret) = asked.identity.mfa_secrets.get(id).filter(|secret| counts(secret)) {
        return Ok(secret.clone());
    }
    let made = asked.update(visit, |mut identity| {
        let kept = identity.mfa_secrets.remove(id).filter(counts);
        identity.mfa_secrets.insert(id.clone(), kept.unwrap_or_else(|| offered.clone()));
        Some(identity)
    });
    let kept = made.await?.and_then(|identity| identity.mfa_secrets.get(id).cloned());
    Ok(kept.unwrap_or(offered))
}

/// The secret follows from the key of the login, which is random and another for each.
fn offered(visit: &Visit<'_>, asked: &Asked<'_>, issuer: &str) -> MfaSecret {
    let (id, request) = (&asked.factor.id, &asked.request);
    let key = request.hmac_key.expose().as_bytes();
    let hash = dex_jose::hmac_sha256(key, format!("secret of authenticator:{id}").as_bytes());
    let secret = std::array::from_fn(|n| hash[n]);
    let label = format!("({}) {}", request.connector_id, asked.identity.claims.email);
    codes::enrol(id, secret, (issuer, &label), visit.now)
}

async fn check(visit: &Visit<'_>, asked: &Asked<'_>, issuer: &str) -> Result<Response, PageError> {
    if !asked.identity.mfa_secrets.contains_key(&asked.factor.id) {
        return Err(PageError::bad_request("MFA not enrolled."));
    }
    let secret = &secret(visit, asked, issuer).await?;
    let parameters = visit.parameters("Failed to parse request.")?;
    let attempts = &visit.app.attempts;
    let attempt = asked.attempt(visit);
    let _running = attempts.begin(attempt, visit.now)?;
    let step = codes::step_of(secret, parameters.get("totp"), visit.now).map_err(unusable)?;
    if let Some(step) = step
        && use_up(visit, asked, secret, step).await?
    {
        let (route, parameters) = chain::after(visit, &asked.request, asked.factor).await?;
        return Ok(visit.see_other(route, &parameters));
    }
    attempts.failed(attempt, visit.now);
    tracing::info!(
        connector_id = asked.request.connector_id,
        user_id = asked.identity.user_id,
        authenticator = asked.factor.id,
        "a one-time code was wrong or used before"
    );
    page(visit, asked, issuer, (secret, true))
}

/// Notes that the code of `step` was used. `false`: somebody else was quicker, or the secret is another by now.
async fn use_up(visit: &Visit<'_>, asked: &Asked<'_>, seen: &MfaSecret, step: i64) -> Result<bool, PageError> {
    let id = &asked.factor.id;
    let change = |mut identity: UserIdentity| {
        let secret = identity.mfa_secrets.remove(id).filter(|secret| secret.secret == seen.secret)?;
        identity.mfa_secrets.insert(id.clone(), codes::used(secret, step)?);
        Some(identity)
    };
    Ok(asked.update(visit, change).await?.is_some())
}

/// The form; with what an authenticator app has to be told, until the first right code.
fn page(
    visit: &Visit<'_>,
    asked: &Asked<'_>,
    issuer: &str,
    (secret, invalid): (&MfaSecret, bool),
) -> Result<Response, PageError> {
    let enrolment = if secret.confirmed { None } else { Some(enrolment(secret)?) };
    let page = TotpVerify {
        post_url: visit.incoming.own_address(),
        invalid,
        issuer: issuer.to_owned(),
        connector: asked.request.connector_id.clone(),
        enrolment,
    };
    visit.page(if invalid { StatusCode::UNAUTHORIZED } else { StatusCode::OK }, &page)
}

fn enrolment(secret: &MfaSecret) -> Result<TotpEnrolment, PageError> {
    let key_uri = secret.secret.expose().to_owned();
    Ok(TotpEnrolment {
        qr_code: qr_png_base64(&key_uri).unwrap_or_default(),
        secret: codes::typed(secret).map_err(unusable)?,
        key_uri,
    })
}

fn unusable(error: BadSecret) -> PageError {
    PageError::ours("The second factor of this account cannot be used.", error).hint("Please tell the administrator.")
}
