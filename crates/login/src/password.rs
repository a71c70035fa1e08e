//! `/auth/{connector}/login`: the form of user name and password (oidc-core spec, 13.3).

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use dex_connector::{LoginMethod, PasswordLogin};
use dex_pages::Password;
use dex_web::connectors::Opened;
use dex_web::{App, Attempt, CREDENTIAL_BYTES_MAX, Incoming, PageError};
use http::{Method, StatusCode};

use crate::finish::finish;
use crate::pending::{Pending, awaited, wanted};
use crate::respond::AuthorizeError;
use crate::upstream;
use crate::visit::Visit;

const FAILED: &str = "Login error. Please contact your administrator or try again later.";

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
    let opened = upstream::chosen(visit, &pending.request, Some(path)).await?;
    let LoginMethod::Password(login) = opened.connector.login() else {
        return Err(PageError::bad_request("Requested resource does not exist.").into());
    };
    match visit.incoming.method {
        Method::GET => Ok(form(visit, &opened, login, None)?),
        Method::POST => log_in(visit, pending, &opened, login).await,
        _ => Err(PageError::bad_request("Unsupported request method.").into()),
    }
}

async fn log_in(
    visit: &Visit<'_>,
    pending: Pending,
    opened: &Opened,
    login: &dyn PasswordLogin,
) -> Result<Response, AuthorizeError> {
    let parameters = visit.parameters("Failed to parse request.")?;
    let (username, password) = (parameters.get("login"), parameters.get("password"));
    if username.len().max(password.len()) > CREDENTIAL_BYTES_MAX {
        return Ok(form(visit, opened, login, Some(""))?);
    }
    let attempts = &visit.app.attempts;
    let attempt = Attempt::Password { connector_id: &opened.about.id, username, address: visit.incoming.address };
    attempts.check(attempt, visit.now).map_err(PageError::from)?;
    match login.log_in(wanted(&pending.request), username, password).await {
        Ok(Some(identity)) => finish(visit, pending, identity).await,
        Ok(None) => {
            attempts.failed(attempt, visit.now);
            tracing::info!(user = username, "failed login attempt: Invalid credentials.");
            Ok(form(visit, opened, login, Some(username))?)
        }
        Err(error) => Err(upstream::failed(visit, &pending, error, FAILED).await),
    }
}

/// The form; after a wrong try with the user name that was tried.
fn form(
    visit: &Visit<'_>,
    opened: &Opened,
    login: &dyn PasswordLogin,
    tried: Option<&str>,
) -> Result<Response, PageError> {
    let prompt = match login.prompt() {
        "" => "Username",
        prompt => prompt,
    };
    let back = visit.query()?.get("back");
    let page = Password {
        post_url: visit.incoming.own_address(),
        back_link: if is_local(back) { back.to_owned() } else { String::new() },
        username: tried.unwrap_or_default().to_owned(),
        username_prompt: prompt.to_owned(),
        invalid: tried.is_some(),
        show_remember_me: false,
        remember_me_checked: false,
        connector_name: opened.about.name.clone(),
    };
    let status = if tried.is_some() { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
    visit.page(status, &page)
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
