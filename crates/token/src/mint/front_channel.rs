//! Tokens that travel with the browser: implicit and hybrid responses.

use dex_model::{AuthRequest, Claims, Timestamp};
use dex_oidc::{ResponseType, ResponseTypes};
use dex_web::{App, TokenError};

use super::{Binding, Mint, Subject};

/// What an authorization response carries besides a code.
#[derive(Debug, Default)]
pub struct FrontChannel {
    /// With response type `token`.
    pub access_token: Option<String>,
    /// With response type `id_token`.
    pub id_token: Option<String>,
    /// Seconds until they die.
    pub expires_in: u64,
}

/// Who has logged in.
#[derive(Debug, Clone, Copy)]
pub struct Authenticated<'a> {
    /// The user.
    pub claims: &'a Claims,
    /// When.
    pub auth_time: Timestamp,
    /// The browser's session, or empty.
    pub session_id: &'a str,
}

/// Makes the tokens that the request's response types ask for (oidc-core spec, 16).
///
/// # Errors
///
/// As [`tokens`](super::tokens).
pub async fn issue_front_channel(
    app: &App,
    request: &AuthRequest,
    user: Authenticated<'_>,
    code: Option<&str>,
    now: Timestamp,
) -> Result<FrontChannel, TokenError> {
    let Authenticated { claims, auth_time, session_id } = user;
    let asked = ResponseTypes::of(request.response_types.iter().filter_map(|word| word.parse::<ResponseType>().ok()));
    if !asked.token && !asked.id_token {
        return Ok(FrontChannel::default());
    }
    let subject = Subject {
        client_id: request.client_id.clone(),
        claims: claims.clone(),
        connector_id: request.connector_id.clone(),
        scopes: request.scopes.clone(),
        nonce: request.nonce.clone(),
        auth_time: Some(auth_time),
        session_id: session_id.to_owned(),
    };
    let mint = Mint::new(app, &subject, now).await?;
    let access_token = if asked.token { Some(mint.access_token(None).await?) } else { None };
    let binding = Binding { access_token: access_token.as_deref(), code };
    let id_token = if asked.id_token { Some(mint.id_token(&binding).await?) } else { None };
    Ok(FrontChannel { access_token, id_token, expires_in: app.settings.id_tokens_valid_for.as_secs() })
}
