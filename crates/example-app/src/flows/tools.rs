//! `/tools`: introspection (RFC 7662), and a look at any token's signature and claims.

use axum::response::Response;
use dex_jose::parse_unverified_payload;
use serde_json::Value;

use super::{fields::Fields, refused};
use crate::{
    app::App,
    pages::{self, PageError, ToolResult},
    provider::{Expected, check_id_token},
    session::{Session, Visitor},
};

/// The forms.
pub(crate) async fn get(visitor: Visitor) -> Response {
    pages::tools(&visitor.session(), None)
}

/// `POST /tools/introspect`: what the provider says about a token.
///
/// # Errors
///
/// No token was given, or the provider refuses to say.
pub(crate) async fn introspect(visitor: Visitor, fields: Fields) -> Result<Response, PageError> {
    let session = visitor.session();
    let token = chosen(&session, &fields)?;
    let said = visitor
        .app
        .provider
        .introspect(&token)
        .await
        .map_err(|error| refused("The provider did not introspect the token", &error))?;
    let active = said.get("active") == Some(&Value::Bool(true));
    let result = ToolResult {
        title: "Introspection",
        verdict: if active { "The token is active." } else { "The token is not active." }.to_owned(),
        good: active,
        shown: said,
    };
    Ok(pages::tools(&session, Some(&result)))
}

/// `POST /tools/verify`: checks a token here, with the provider's public keys.
///
/// # Errors
///
/// No token was given, or the text is no JWT at all.
pub(crate) async fn verify(visitor: Visitor, fields: Fields) -> Result<Response, PageError> {
    let session = visitor.session();
    let token = chosen(&session, &fields)?;
    let claims = parse_unverified_payload(&token)
        .map_err(|error| PageError::bad_request("That is no JWT", error.to_string()))?;
    let (good, verdict) = match judge(&visitor.app, &token, visitor.now).await {
        Ok(verdict) => (true, verdict),
        Err(verdict) => (false, verdict),
    };
    let result = ToolResult { title: "Local check", verdict, good, shown: Value::Object(claims) };
    Ok(pages::tools(&session, Some(&result)))
}

/// One sentence on signature and claims, good or bad.
async fn judge(app: &App, token: &str, now: i64) -> Result<String, String> {
    let verified = app.provider.signed(token, now).await.map_err(|error| format!("Not valid: {error}."))?;
    let signed =
        format!("Signed with {} by key {}", verified.algorithm, verified.kid.as_deref().unwrap_or("without a name"));
    let expected = Expected {
        issuer: &app.provider.metadata.issuer,
        client_id: app.provider.client_id(),
        nonce: None,
        access_token: None,
        sub: None,
        now,
    };
    match check_id_token(&verified.payload, verified.algorithm, &expected) {
        Ok(_) => Ok(format!("{signed}; issuer, audience and times hold.")),
        Err(error) => Err(format!("{signed}, but {error}.")),
    }
}

/// The pasted token, or the one of this browser's that the form names.
fn chosen(session: &Session, fields: &Fields) -> Result<String, PageError> {
    let pasted = fields.text("token");
    if !pasted.is_empty() {
        return Ok(pasted.to_owned());
    }
    let held = session.tokens.as_ref().and_then(|tokens| match fields.text("which") {
        "id_token" => tokens.id_token.as_ref().map(|id_token| id_token.raw.clone()),
        "refresh_token" => tokens.answer.refresh_token.clone(),
        _ => Some(tokens.answer.access_token.clone()),
    });
    held.ok_or_else(|| {
        let told = "Paste one, or choose one that this browser holds.".to_owned();
        PageError::bad_request("Which token?", told)
    })
}
