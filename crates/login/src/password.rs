//! `/auth/{connector}/login`: the form of user name and password (oidc-core spec, 13.3).

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use dex_connector::{AccountState, LoginMethod, Negotiate, PasswordAnswer, PasswordLogin};
use dex_pages::Password;
use dex_web::connectors::Opened;
use dex_web::{App, Attempt, CREDENTIAL_BYTES_MAX, Incoming, PageError};
use http::{Method, StatusCode, header};

use crate::finish::{Arrived, finish};
use crate::negotiate::{self, Attempt as Attempted};
use crate::pending::{Pending, awaited};
use crate::respond::AuthorizeError;
use crate::upstream::{self, Chosen};
use crate::visit::Visit;

/// What people read when only an administrator can find out more.
pub(crate) const FAILED: &str = "Login error. Please contact your administrator or try again later.";

/// `/auth/{connector}/login`
pub(crate) async fn password(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    incoming: Incoming,
) -> Response {
    let visit = Visit::new(&app, &incoming);
    let connector = path.map(|Path(connector)| connector).unwrap_or_default();
    visit.answer(show_or_log_in(&visit, &connector).await)
}

async fn show_or_log_in(visit: &Visit<'_>, path: &str) -> Result<Response, AuthorizeError> {
    let pending = awaited(visit, visit.query()?.get("state")).await?;
    let chosen = upstream::chosen(visit, &pending.request, Some(path)).await?;
    let LoginMethod::Password(login) = chosen.opened.connector.login() else {
        return Err(PageError::bad_request("Requested resource does not exist.").into());
    };
    match visit.incoming.method {
        Method::GET => show(visit, pending, &chosen, login).await,
        Method::POST => log_in(visit, pending, &chosen, login).await,
        _ => Err(PageError::bad_request("Unsupported request method.").into()),
    }
}

/// Shows the form, unless the browser's machine already knows who it is.
async fn show(
    visit: &Visit<'_>,
    pending: Pending,
    chosen: &Chosen,
    login: &dyn PasswordLogin,
) -> Result<Response, AuthorizeError> {
    let Some(negotiate) = login.negotiate().filter(|negotiate| !wants_form(visit, &pending, *negotiate)) else {
        return Ok(form(visit, &chosen.opened, login, Tried::Nothing)?);
    };
    match negotiate::attempt(visit, &pending, chosen, negotiate).await? {
        Attempted::Identity(identity) => finish(visit, pending, chosen, identity.into()).await,
        Attempted::Challenge(challenge) => Ok(negotiate::unauthorized(challenge)),
        Attempted::Form(challenge) => {
            let mut response = form(visit, &chosen.opened, login, Tried::Nothing)?;
            *response.status_mut() = StatusCode::UNAUTHORIZED;
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            Ok(response)
        }
    }
}

/// Whether the user is to say anew who they are, which a ticket would do for them without a word.
fn wants_form(visit: &Visit<'_>, pending: &Pending, negotiate: &dyn Negotiate) -> bool {
    let request = &pending.request;
    visit.app.settings.sessions.is_some()
        && negotiate.falls_back_to_password()
        && (request.prompts("login") || request.prompts("select_account"))
}

/// What was tried before the form is shown.
enum Tried<'a> {
    Nothing,
    Wrong { username: &'a str },
    Refused { username: &'a str, state: AccountState },
}

async fn log_in(
    visit: &Visit<'_>,
    pending: Pending,
    chosen: &Chosen,
    login: &dyn PasswordLogin,
) -> Result<Response, AuthorizeError> {
    let parameters = visit.parameters("Failed to parse request.")?;
    let (username, password) = (parameters.get("login"), parameters.get("password"));
    if username.len().max(password.len()) > CREDENTIAL_BYTES_MAX {
        return Ok(form(visit, &chosen.opened, login, Tried::Wrong { username: "" })?);
    }
    let attempts = &visit.app.attempts;
    let connector_id = chosen.opened.about.id.as_str();
    let attempt = Attempt::Password { connector_id, username, address: visit.incoming.address };
    let _running = attempts.begin(attempt, visit.now).map_err(PageError::from)?;
    match login.log_in(chosen.wanted(visit, &pending.request), username, password).await {
        Ok(PasswordAnswer::Identity(identity)) => {
            let arrived = Arrived { remember: remember(visit), ..identity.into() };
            finish(visit, pending, chosen, arrived).await
        }
        Ok(PasswordAnswer::Wrong) => {
            attempts.failed(attempt, visit.now);
            tracing::info!(user = username, connector_id, "failed login attempt: Invalid credentials.");
            Ok(form(visit, &chosen.opened, login, Tried::Wrong { username })?)
        }
        Ok(PasswordAnswer::Refused(state)) => {
            tracing::info!(user = username, connector_id, reason = %state, "failed login attempt: the account may not be used");
            Ok(form(visit, &chosen.opened, login, Tried::Refused { username, state })?)
        }
        Err(error) => Err(upstream::failed(visit, &pending, error, FAILED).await),
    }
}

/// The form; after a try with the user name that was tried, and why it was to no avail.
fn form(
    visit: &Visit<'_>,
    opened: &Opened,
    login: &dyn PasswordLogin,
    tried: Tried<'_>,
) -> Result<Response, PageError> {
    let prompt = match login.prompt() {
        "" => "Username",
        prompt => prompt,
    };
    let back = visit.query()?.get("back");
    let (username, problem) = match &tried {
        Tried::Nothing => (visit.query()?.get("login_hint"), String::new()),
        Tried::Wrong { username } => (*username, format!("Invalid {prompt} and password.")),
        Tried::Refused { username, state } => (*username, state.to_string()),
    };
    let invalid = !problem.is_empty();
    let page = Password {
        post_url: visit.incoming.own_address(),
        back_link: if is_local(back) { back.to_owned() } else { String::new() },
        username: username.to_owned(),
        username_prompt: prompt.to_owned(),
        invalid,
        problem,
        show_remember_me: visit.app.settings.sessions.is_some(),
        remember_me_checked: remember_me_checked(visit),
        connector_name: opened.about.name.clone(),
    };
    let status = if invalid { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    visit.page(status, &page)
}

/// Whether the user wants to stay logged in, where the form has asked: whoever posts it without the box does not.
fn remember(visit: &Visit<'_>) -> Option<bool> {
    let form = visit.incoming.body.as_ref().ok()?;
    Some(form.get("remember_me") == "on")
}

/// Whether the box is ticked: as the user left it, or at first as the operator wants it.
fn remember_me_checked(visit: &Visit<'_>) -> bool {
    let by_default =
        visit.app.settings.sessions.as_ref().is_some_and(|sessions| sessions.remember_me_checked_by_default);
    let chosen = if visit.is(&Method::POST) { remember(visit) } else { None };
    chosen.unwrap_or(by_default)
}

/// Whether a link leads to a path on our own host, however a browser reads it.
fn is_local(link: &str) -> bool {
    let mut bytes = link.bytes();
    bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && !link.bytes().any(|byte| byte.is_ascii_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_back_stays_on_our_host() {
        let cases = [
            ("/dex/auth?client_id=x", true),
            ("/", true),
            ("", false),
            ("auth", false),
            ("//evil.example/", false),
            ("/\\evil.example/", false),
            ("/\t/evil.example/", false),
            ("https://evil.example/", false),
            ("javascript:alert(1)", false),
        ];
        for (link, expected) in cases {
            assert_eq!(is_local(link), expected, "{link:?}");
        }
    }
}
