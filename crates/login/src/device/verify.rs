//! `/device` and `/device/auth/verify_code`: the user types the code a device shows.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_model::DeviceRequest;
use dex_oidc::Form;
use dex_pages::Device;
use dex_web::{App, Incoming, PageError, redirect};
use http::{Method, StatusCode};

use super::user_code::normalize;
use crate::respond::AuthorizeError;
use crate::visit::Visit;

/// What counts as true in `invalid`, as Go reads it.
const TRUE: [&str; 6] = ["1", "t", "T", "true", "TRUE", "True"];

/// The longest code that is looked for, in bytes.
const TYPED_BYTES_MAX: usize = 64;

/// `/device`
pub(crate) async fn enter(State(app): State<Arc<App>>, incoming: Incoming) -> Response {
    let visit = Visit::new(&app, &incoming);
    visit.answer(show(&visit).map_err(AuthorizeError::from))
}

/// `/device/auth/verify_code`
pub(crate) async fn verify(State(app): State<Arc<App>>, incoming: Incoming) -> Response {
    let visit = Visit::new(&app, &incoming);
    visit.answer(go_on(&visit).await.map_err(AuthorizeError::from))
}

fn show(visit: &Visit<'_>) -> Result<Response, PageError> {
    if !visit.is(&Method::GET) {
        return Err(PageError::bad_request("Requested resource does not exist."));
    }
    let query = visit.query()?;
    form(visit, query.get("user_code"), TRUE.contains(&query.get("invalid")))
}

async fn go_on(visit: &Visit<'_>) -> Result<Response, PageError> {
    if !visit.is(&Method::POST) {
        return Err(PageError::bad_request("Requested resource does not exist."));
    }
    let parameters = visit.parameters("Failed to parse request.")?;
    let typed = parameters.get("user_code");
    if typed.trim().is_empty() {
        return Err(PageError::bad_request("No user code received"));
    }
    if typed.len() > TYPED_BYTES_MAX {
        return form(visit, "", true);
    }
    let code = normalize(typed);
    let request = visit.app.store.get::<DeviceRequest>(&code).await?;
    let Some(request) = request.filter(|request| !request.expired(visit.now)) else {
        return form(visit, &code, true);
    };
    let mut to = visit.app.issuer.absolute("/auth");
    let scope = request.scopes.join(" ");
    let asked = Form::of([
        ("client_id", request.client_id.as_str()),
        ("redirect_uri", &visit.app.issuer.device_callback()),
        ("response_type", "code"),
        ("scope", &scope),
        ("state", &code),
    ]);
    to.set_query(Some(&asked.encode_sorted()));
    Ok(redirect(StatusCode::FOUND, to.as_str()))
}

fn form(visit: &Visit<'_>, user_code: &str, invalid: bool) -> Result<Response, PageError> {
    let page = Device {
        post_url: visit.app.issuer.local("/device/auth/verify_code"),
        user_code: user_code.to_owned(),
        invalid,
    };
    let status = if invalid { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    visit.page(status, &page)
}
