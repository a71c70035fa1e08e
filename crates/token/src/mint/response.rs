//! The token response (RFC 6749 §5.1; oidc-core spec, 17).

use axum::response::Response;
use dex_web::json;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// What a client gets, in Dex's order.
#[derive(Debug, Serialize)]
pub struct TokenResponse {
    /// The access token, or the one token of an exchange.
    pub access_token: String,
    /// What an exchange has issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
    /// `bearer`, in lower case.
    pub token_type: &'static str,
    /// Seconds until the tokens die.
    #[serde(skip_serializing_if = "is_zero")]
    pub expires_in: u64,
    /// The refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The ID token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}

impl Default for TokenResponse {
    fn default() -> Self {
        Self {
            access_token: String::new(),
            issued_token_type: None,
            token_type: "bearer",
            expires_in: 0,
            refresh_token: None,
            id_token: None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
fn is_zero(seconds: &u64) -> bool {
    *seconds == 0
}

impl TokenResponse {
    /// As JSON that is not to be kept by anyone.
    pub fn into_response(self) -> Response {
        not_kept(dex_oidc::to_json(&self))
    }
}

/// A successful JSON answer that no cache may keep.
pub(crate) fn not_kept(body: Vec<u8>) -> Response {
    let mut response = json(StatusCode::OK, body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}
