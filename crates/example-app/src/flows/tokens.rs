//! `/tokens`: what was issued last, and `/userinfo`: what the provider says about its user.

use std::sync::Arc;

use axum::response::{IntoResponse, Redirect, Response};

use super::refused;
use crate::{
    pages::{self, PageError},
    session::Visitor,
};

/// The last tokens, decoded.
pub(crate) async fn get(visitor: Visitor) -> Response {
    let session = visitor.session();
    visitor.change(|session| session.notice = None);
    pages::tokens(&visitor.app, &session, visitor.now)
}

/// Asks `/userinfo` with the access token.
///
/// # Errors
///
/// There is none, the provider refuses it, or answers about someone else (OpenID Connect Core section 5.3.2).
pub(crate) async fn userinfo(visitor: Visitor) -> Result<Response, PageError> {
    let tokens = visitor.session().tokens.ok_or_else(no_tokens)?;
    let info = visitor
        .app
        .provider
        .userinfo(&tokens.answer.access_token)
        .await
        .map_err(|error| refused("The provider gave no user information", &error))?;
    if let Some(sub) = tokens.claim("sub")
        && info.get("sub").and_then(serde_json::Value::as_str) != Some(sub)
    {
        let told = "Its sub differs from the ID token's.".to_owned();
        return Err(PageError::upstream("The user information is about someone else", told));
    }
    visitor.change(|session| {
        let unchanged = session.tokens.as_ref().is_some_and(|current| Arc::ptr_eq(current, &tokens));
        if unchanged {
            session.userinfo = Some(Arc::new(info));
        }
    });
    Ok(Redirect::to("/tokens#userinfo").into_response())
}

pub(super) fn no_tokens() -> PageError {
    let told = "This browser holds no tokens: sign in first, or use another grant.".to_owned();
    PageError::bad_request("There are no tokens", told)
}
