//! The callback: the provider sends the browser back (OpenID Connect Core section 3.1.2.5 to 3.1.3.7).

use axum::{
    extract::RawQuery,
    response::{IntoResponse, Redirect, Response},
};
use dex_oidc::{Form, GrantType};

use super::{Awaited, accept, refused};
use crate::{
    app::App,
    pages::PageError,
    session::{Attempt, Session, TokenSet, Visitor},
};

/// How much of the provider's error text is shown, in characters.
const ERROR_TEXT_MAX: usize = 500;

/// Checks the state, exchanges the code, verifies the ID token, signs the browser in.
///
/// # Errors
///
/// The page that says which of these failed.
pub(crate) async fn get(visitor: Visitor, RawQuery(query): RawQuery) -> Result<Response, PageError> {
    let query = Form::parse(query.unwrap_or_default().as_bytes())
        .map_err(|error| PageError::bad_request("The answer cannot be read", error.to_string()))?;
    let attempt = visitor
        .change(|session| session.answer(query.get("state"), visitor.now))
        .flatten()
        .ok_or_else(|| unknown_state(&query))?;
    check_issuer(&visitor.app, &query)?;
    if !query.get("error").is_empty() {
        return declined(&visitor, &attempt, &query);
    }
    let tokens = redeem(&visitor.app, &attempt, query.get("code"), visitor.now).await?;
    Ok(signed_in(&visitor, &attempt, tokens))
}

fn unknown_state(query: &Form) -> PageError {
    let told = if query.get("error").is_empty() {
        "It began in another browser, was answered before, or took too long. Start again from the overview.".to_owned()
    } else {
        format!("The provider reported: {}", provider_error(query))
    };
    PageError::bad_request("This browser awaits no such login", told)
}

/// The provider's own words, cut short.
fn provider_error(query: &Form) -> String {
    let code = query.get("error");
    let text = match query.get("error_description") {
        "" => code.to_owned(),
        description => format!("{code}: {description}"),
    };
    text.chars().take(ERROR_TEXT_MAX).collect()
}

/// RFC 9207 section 2.4: an answer of another issuer is a mix-up attack.
fn check_issuer(app: &App, query: &Form) -> Result<(), PageError> {
    let metadata = &app.provider.metadata;
    let iss = query.get("iss");
    let absent_is_fine = !metadata.authorization_response_iss_parameter_supported;
    if iss == metadata.issuer || iss.is_empty() && absent_is_fine {
        return Ok(());
    }
    let told = format!("The answer names {iss:?} as its issuer, expected {:?}.", metadata.issuer);
    Err(PageError::bad_request("The answer came from another issuer", told))
}

/// An error answer. To a silent check it is an ordinary outcome.
fn declined(visitor: &Visitor, attempt: &Attempt, query: &Form) -> Result<Response, PageError> {
    if !attempt.silent {
        return Err(PageError::bad_request("The provider refused the login", provider_error(query)));
    }
    tracing::debug!(error = query.get("error"), "silent check was declined");
    // `consent_required` and the like say that there is a session; only this says that there is none.
    if query.get("error") == "login_required" {
        visitor.change(|session| {
            if session.tokens.as_ref().is_some_and(|tokens| tokens.of_browser) {
                session.sign_out(visitor.now);
                session.notice = Some("You are no longer signed in at the provider.");
            }
        });
    }
    Ok(Redirect::to("/").into_response())
}

async fn redeem(app: &App, attempt: &Attempt, code: &str, now: i64) -> Result<TokenSet, PageError> {
    if code.is_empty() {
        let told = "It has neither a code nor an error.".to_owned();
        return Err(PageError::bad_request("The answer is incomplete", told));
    }
    let parameters = [
        ("code", code),
        ("redirect_uri", app.options.redirect_uri.as_str()),
        ("code_verifier", attempt.code_verifier.as_deref().unwrap_or_default()),
    ];
    let answer = app
        .provider
        .token(GrantType::AuthorizationCode, &parameters)
        .await
        .map_err(|error| refused("The code could not be exchanged", &error))?;
    if answer.id_token.is_none() {
        let told = "The scope openid was asked for, yet no ID token came.".to_owned();
        return Err(PageError::upstream("The ID token is missing", told));
    }
    let awaited =
        Awaited { grant: "Authorization code", nonce: Some(&attempt.nonce), of_browser: true, ..Awaited::default() };
    accept(app, answer, awaited, now).await
}

fn signed_in(visitor: &Visitor, attempt: &Attempt, tokens: TokenSet) -> Response {
    let now = visitor.now;
    if attempt.silent && is_same_user(&visitor.session(), &tokens) {
        // What is there may hold more scopes and a refresh token.
        visitor.change(|session| session.checked_at = Some(now));
        return Redirect::to("/").into_response();
    }
    let target = if attempt.silent { "/" } else { "/tokens" };
    let change = |session: &mut Session| {
        session.sign_in(tokens);
        session.checked_at = Some(now);
    };
    visitor.keep_renamed(change, Redirect::to(target).into_response())
}

fn is_same_user(session: &Session, tokens: &TokenSet) -> bool {
    session.claim("sub").is_some_and(|sub| tokens.claim("sub") == Some(sub))
}
