//! `/device` and `/device/auth/verify_code`: the user types the code a device shows.
//!
//! The browser remembers that it was typed there. Whoever follows a link that somebody else made, or is made to
//! post by another site, has typed nothing, and gives no device anything (RFC 8628 §5.4).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_model::DeviceRequest;
use dex_oidc::{CodeChallengeMethod, Form};
use dex_pages::Device;
use dex_token::device::challenge;
use dex_web::{App, Attempt, Incoming, PageError, cookies, redirect};
use http::{HeaderMap, Method, StatusCode, header};

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
    if !from_own_page(&visit.incoming.headers) {
        return form(visit, &code, false);
    }
    let attempt = Attempt::UserCode { address: visit.incoming.address };
    visit.app.attempts.check(attempt, visit.now)?;
    let request = visit.app.store.get::<DeviceRequest>(&code).await?;
    let Some(request) = request.filter(|request| !request.expired(visit.now)) else {
        visit.app.attempts.failed(attempt, visit.now);
        return form(visit, &code, true);
    };
    let mut response = redirect(StatusCode::FOUND, &login(visit, &request));
    let seconds = visit.app.settings.device_requests_valid_for.as_secs();
    let typed = cookies::type_code(&visit.app.issuer, &code, seconds);
    response.headers_mut().append(header::SET_COOKIE, typed);
    Ok(response)
}

/// Whether a form comes from a page of ours. Browsers say so; of the few that do not, nothing is known.
fn from_own_page(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin")
}

/// The login that the device waits for.
fn login(visit: &Visit<'_>, request: &DeviceRequest) -> String {
    let mut to = visit.app.issuer.absolute("/auth");
    let scope = request.scopes.join(" ");
    let asked = Form::of([
        ("client_id", request.client_id.as_str()),
        ("code_challenge", &challenge(&request.user_code)),
        ("code_challenge_method", CodeChallengeMethod::S256.as_str()),
        ("redirect_uri", &visit.app.issuer.device_callback()),
        ("response_type", "code"),
        ("scope", &scope),
        ("state", &request.user_code),
    ]);
    to.set_query(Some(&asked.encode_sorted()));
    to.into()
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
