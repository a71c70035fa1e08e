//! UserInfo (OpenID Connect Core §5.3; oidc-core spec, 22).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use dex_web::{App, BearerError, Incoming, with_headers};
use http::{HeaderMap, header};

use crate::mint::Kind;
use crate::mint::response_not_kept;
use crate::presented;

/// The handler: the access token's own payload. The token comes in the header or in a form body (RFC 6750 §2).
pub(crate) async fn userinfo(State(app): State<Arc<App>>, request: Incoming) -> Result<Response, BearerError> {
    let now = app.clock.now();
    let body = request.body.as_ref().ok().map_or("", |form| form.get("access_token"));
    let token = bearer(&request.headers).or((!body.is_empty()).then_some(body)).ok_or(BearerError::Missing)?;
    let presented = presented::check(&app, token, now).await.map_err(|error| {
        tracing::error!(err = %error, "revocations cannot be read");
        BearerError::Unavailable
    })?;
    let presented = presented.ok_or(BearerError::Invalid)?;
    if Kind::is_id_token(&presented.claims) {
        return Err(BearerError::Invalid);
    }
    Ok(with_headers(&app, response_not_kept(presented.payload)))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
