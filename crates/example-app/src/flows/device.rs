//! The device flow (RFC 8628), with this application as the device.

use std::sync::Arc;

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use dex_oidc::GrantType;
use serde_json::json;
use url::Url;

use super::{Awaited, accept, fields::Fields, pkce, refused};
use crate::{
    app::App,
    pages::{self, PageError},
    provider::{DeviceAnswer, ProviderError, device_pending},
    session::{DeviceFlow, Visitor},
};

/// What is asked for when the form says nothing.
const SCOPE: &str = "openid profile email groups offline_access";

/// Seconds between polls when the provider names none (section 3.2).
const INTERVAL: i64 = 5;

/// The longest interval we follow, in seconds; a provider may not stall the page for hours.
const INTERVAL_MAX: i64 = 60;

/// How a poll ended.
enum Poll {
    Pending,
    Complete,
}

/// `POST /device/login`: asks for a user code.
///
/// # Errors
///
/// The provider refuses, or names an address that no browser should be sent to.
pub(crate) async fn start(visitor: Visitor, fields: Fields) -> Result<Response, PageError> {
    let app = &visitor.app;
    let asked = fields.text("scope");
    let scope = if asked.is_empty() { SCOPE } else { asked };
    let pair = app.options.pkce.then(pkce::pair);
    let challenge = pair.as_ref().map(|(_, challenge)| challenge.as_str());
    let answer = app
        .provider
        .device(scope, challenge)
        .await
        .map_err(|error| refused("The device flow did not start", &error))?;
    let flow = begin(answer, pair.map(|(verifier, _)| verifier), visitor.now)?;
    let response = Redirect::to("/device").into_response();
    Ok(visitor.keep(|session| session.device = Some(Arc::new(flow)), response))
}

fn begin(answer: DeviceAnswer, code_verifier: Option<String>, now: i64) -> Result<DeviceFlow, PageError> {
    let link = answer.verification_uri_complete.as_ref().unwrap_or(&answer.verification_uri);
    let is_web = Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !is_web {
        let told = "It is neither http nor https.".to_owned();
        return Err(PageError::upstream("The provider's verification address is unusable", told));
    }
    let interval = answer.interval.unwrap_or(INTERVAL).clamp(1, INTERVAL_MAX);
    Ok(DeviceFlow {
        link: link.clone(),
        device_code: answer.device_code,
        user_code: answer.user_code,
        verification_uri: answer.verification_uri,
        code_verifier,
        expires_at: now.saturating_add(answer.expires_in),
        interval,
        next_poll: now + interval,
    })
}

/// `GET /device`: the code to type, and where.
pub(crate) async fn get(visitor: Visitor) -> Response {
    pages::device(&visitor.app, &visitor.session(), visitor.now)
}

/// `POST /device/poll`, by the page's script: `pending`, `complete`, or the OAuth error; 410 when no flow is running.
pub(crate) async fn poll(visitor: Visitor) -> Response {
    match poll_once(&visitor).await {
        Ok(Poll::Pending) => Json(json!({"status": "pending"})).into_response(),
        Ok(Poll::Complete) => Json(json!({"status": "complete"})).into_response(),
        Err(error) => {
            let told = json!({"error": error.title, "error_description": error.detail});
            (error.status, Json(told)).into_response()
        }
    }
}

/// `POST /device/check`, by a browser without script: the same as [`poll`], shown as a page.
///
/// # Errors
///
/// The flow failed or is not running.
pub(crate) async fn check(visitor: Visitor) -> Result<Response, PageError> {
    let target = match poll_once(&visitor).await? {
        Poll::Pending => "/device",
        Poll::Complete => "/tokens",
    };
    Ok(Redirect::to(target).into_response())
}

/// `GET /device/result`: where a completed flow leads.
pub(crate) async fn result() -> Redirect {
    Redirect::to("/tokens")
}

async fn poll_once(visitor: &Visitor) -> Result<Poll, PageError> {
    let now = visitor.now;
    // Claimed before asking: two tabs together keep to the interval too.
    let flow = visitor.change(|session| {
        let flow = session.device.clone()?;
        let due = now >= flow.next_poll;
        if due {
            session.device = Some(Arc::new(later(&flow, now, 0)));
        }
        Some((flow, due))
    });
    let Some((flow, due)) = flow.flatten() else {
        let told = "It was completed, cancelled or never started.".to_owned();
        return Err(PageError { status: StatusCode::GONE, title: "No device flow is running", detail: told });
    };
    if now >= flow.expires_at {
        return Err(ended(visitor, "expired_token", "The code expired. Start again."));
    }
    if !due {
        return Ok(Poll::Pending);
    }
    match redeem(&visitor.app, &flow).await {
        Ok(answer) => {
            let awaited = Awaited { grant: "Device code", ..Awaited::default() };
            let tokens = accept(&visitor.app, answer, awaited, now).await?;
            visitor.change(|session| {
                session.sign_in(tokens);
                session.device = None;
            });
            Ok(Poll::Complete)
        }
        Err(error) => match device_pending(&error) {
            Some(more) => {
                visitor.change(|session| session.device = Some(Arc::new(later(&flow, now, more))));
                Ok(Poll::Pending)
            }
            // An accident: the next poll may fare better (section 3.5).
            None if error.code().is_none() => Ok(Poll::Pending),
            None => Err(ended(visitor, "The device flow failed", &error.to_string())),
        },
    }
}

async fn redeem(app: &App, flow: &DeviceFlow) -> Result<crate::provider::TokenAnswer, ProviderError> {
    let parameters = [
        ("device_code", flow.device_code.as_str()),
        ("code_verifier", flow.code_verifier.as_deref().unwrap_or_default()),
    ];
    app.provider.token(GrantType::DeviceCode, &parameters).await
}

/// The same flow, to be polled an interval from now.
fn later(flow: &DeviceFlow, now: i64, more: i64) -> DeviceFlow {
    let interval = (flow.interval + more).min(INTERVAL_MAX);
    DeviceFlow {
        device_code: flow.device_code.clone(),
        user_code: flow.user_code.clone(),
        verification_uri: flow.verification_uri.clone(),
        link: flow.link.clone(),
        code_verifier: flow.code_verifier.clone(),
        expires_at: flow.expires_at,
        interval,
        next_poll: now + interval,
    }
}

fn ended(visitor: &Visitor, title: &'static str, told: &str) -> PageError {
    visitor.change(|session| session.device = None);
    PageError::bad_request(title, told.to_owned())
}
