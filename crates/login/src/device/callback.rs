//! `/device/callback`: the login for a device is done.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_pages::DeviceSuccess;
use dex_token::device::{complete, deny};
use dex_web::{App, Incoming, PageError, cookies};
use http::{Method, StatusCode, header};

use crate::respond::AuthorizeError;
use crate::visit::Visit;

/// `/device/callback`
pub(crate) async fn callback(State(app): State<Arc<App>>, incoming: Incoming) -> Response {
    let visit = Visit::new(&app, &incoming);
    visit.answer(come_back(&visit).await.map_err(AuthorizeError::from))
}

async fn come_back(visit: &Visit<'_>) -> Result<Response, PageError> {
    if !visit.is(&Method::GET) {
        return Err(PageError::bad_request("Method not allowed."));
    }
    let query = visit.query()?;
    let (user_code, code, error) = (query.get("state"), query.get("code"), query.get("error"));
    if !user_code.is_empty() && !cookies::typed_code(&visit.incoming.headers, user_code) {
        return Err(PageError::bad_request("The code of the device was not entered in this browser.")
            .hint("Please enter the code that your device shows, and log in once more."));
    }
    if !error.is_empty() {
        // The device need not wait until its code dies to hear that the user said no.
        if error == "access_denied" {
            deny(visit.app, user_code, visit.now).await?;
        }
        return Err(PageError::bad_request("Authorization failed. Please try again."));
    }
    if user_code.is_empty() || code.is_empty() {
        return Err(PageError::bad_request("Request was missing parameters"));
    }
    let client_name = complete(visit.app, user_code, code, visit.now).await?;
    let mut response = visit.page(StatusCode::OK, &DeviceSuccess { client_name })?;
    let typed = cookies::forget_code(&visit.app.issuer, user_code);
    response.headers_mut().append(header::SET_COOKIE, typed);
    Ok(response)
}
