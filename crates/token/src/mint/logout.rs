//! Logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4).

use std::time::Duration;

use dex_model::{Timestamp, later};
use dex_web::signing::Signer;
use dex_web::{LogoutNotice, TokenError};
use serde::Serialize;
use uuid::Uuid;

use super::NoKey;

/// How long a logout token may wait to be heard.
pub const LOGOUT_TOKEN_LIFETIME: Duration = Duration::from_secs(120);

/// The header's `typ`, which tells the token from an ID token. Dex leaves it out.
const TYPE: &str = "logout+jwt";

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: String,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    sid: &'a str,
    events: Events,
}

#[derive(Serialize, Default)]
struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    backchannel_logout: Empty,
}

#[derive(Serialize, Default)]
struct Empty {}

/// What tells a client that a session has ended. It has no `nonce`, so that nobody takes it for an ID token.
///
/// # Errors
///
/// `temporarily_unavailable` when there is no key yet or the signer that keeps it does not answer.
pub async fn logout_token(signer: &Signer, notice: &LogoutNotice, now: Timestamp) -> Result<String, TokenError> {
    let keys = signer.current().await.ok_or_else(|| TokenError::unavailable(NoKey))?;
    let claims = Claims {
        iss: &notice.issuer,
        sub: dex_oidc::subject(&notice.user_id, &notice.connector_id),
        aud: &notice.client_id,
        iat: now.as_second(),
        exp: later(now, LOGOUT_TOKEN_LIFETIME).as_second(),
        jti: Uuid::new_v4().to_string(),
        sid: &notice.session_id,
        events: Events::default(),
    };
    Ok(keys.signing.sign_compact_typed(TYPE, &dex_oidc::to_json(&claims)).await?)
}
