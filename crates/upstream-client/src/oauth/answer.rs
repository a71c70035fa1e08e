//! The answer of a token endpoint (RFC 6749 §5).

use std::time::Duration;

use dex_connector::UpstreamError;
use dex_oidc::Form;
use serde_json::{Map, Value};

use crate::Secret;
use crate::client::{Answer, one_line};

/// The longest life of a token that is believed, in seconds.
const EXPIRES_IN_MAX: u64 = i32::MAX as u64;

/// What a token endpoint granted.
#[derive(Debug, Clone)]
pub struct TokenAnswer {
    /// The access token.
    pub access_token: Secret,
    /// `Bearer` unless the upstream named another type.
    pub token_type: String,
    /// The refresh token to keep: the new one, or after a refresh that brought none the one that was used.
    pub refresh_token: Option<Secret>,
    /// How long the access token lives; `None` means it does not say.
    pub expires_in: Option<Duration>,
    /// The ID token (OpenID Connect Core §3.1.3.3).
    pub id_token: Option<Secret>,
    /// The scopes that were granted, if it says so.
    pub scope: Option<String>,
}

/// Why a token endpoint granted nothing.
#[derive(Debug)]
pub(super) struct TokenRefusal {
    /// The error code, if it is one of OAuth's.
    pub(super) code: String,
    pub(super) text: String,
    /// Whether trying the other way of authenticating the client makes sense.
    pub(super) about_client: bool,
    /// Whether it is a failure of the upstream's own.
    pub(super) away: bool,
}

impl TokenRefusal {
    /// What the failed grant means for the login.
    pub(super) fn into_error(self) -> UpstreamError {
        match self.code.as_str() {
            "invalid_grant" | "access_denied" | "interaction_required" | "login_required" | "consent_required" => {
                UpstreamError::Denied(self.text)
            }
            "temporarily_unavailable" | "slow_down" | "server_error" => UpstreamError::Unreachable(self.text.into()),
            "invalid_client" | "unauthorized_client" | "unsupported_grant_type" | "invalid_scope" => {
                UpstreamError::Misconfigured(self.text)
            }
            _ if self.away => UpstreamError::Unreachable(self.text.into()),
            _ => UpstreamError::Unacceptable(self.text),
        }
    }
}

impl TokenAnswer {
    /// Reads an answer: JSON, or a form if its media type says so (connectors-platform spec, 1.7).
    pub(super) fn read(answer: &Answer) -> Result<Self, TokenRefusal> {
        let members = members(answer);
        let error = members.as_ref().ok().map(|members| text(members, "error")).filter(|code| !code.is_empty());
        if !answer.status.is_success() || error.is_some() {
            return Err(refusal(answer, members.unwrap_or_default()));
        }
        let members = members.map_err(|error| plain(error.to_string()))?;
        let access_token = text(&members, "access_token");
        if access_token.is_empty() {
            return Err(plain("oauth2: server response missing access_token".into()));
        }
        let token = |name: &str| Some(text(&members, name)).filter(|token| !token.is_empty()).map(Secret::new);
        Ok(Self {
            access_token: Secret::new(access_token),
            token_type: token_type(&text(&members, "token_type")),
            refresh_token: token("refresh_token"),
            expires_in: expires_in(members.get("expires_in"))?,
            id_token: token("id_token"),
            scope: Some(text(&members, "scope")).filter(|scope| !scope.is_empty()),
        })
    }
}

fn members(answer: &Answer) -> Result<Map<String, Value>, crate::CallError> {
    let form = matches!(answer.media_type().as_str(), "application/x-www-form-urlencoded" | "text/plain");
    // Some send JSON as plain text.
    if !form || answer.body.trim_ascii_start().first() == Some(&b'{') {
        return answer.json();
    }
    let form = Form::parse(&answer.body).map_err(|error| answer.not_understood("a form", error.to_string()))?;
    Ok(form.pairs().map(|(name, value)| (name.to_owned(), value.into())).collect())
}

fn refusal(answer: &Answer, members: Map<String, Value>) -> TokenRefusal {
    let code = text(&members, "error");
    let away = answer.status.is_server_error();
    if code.is_empty() {
        let text = format!("oauth2: cannot fetch token: {}, response: {}", answer.status, answer.excerpt());
        return TokenRefusal { code, text, about_client: answer.status.is_client_error(), away };
    }
    let told = ["error_description", "error_uri"].map(|name| text(&members, name));
    let told: String = told.iter().filter(|text| !text.is_empty()).map(|text| format!(" {text:?}")).collect();
    let text = answer.cleaned(&format!("oauth2: {code:?}{told}"));
    let of_client = matches!(
        code.as_str(),
        "invalid_client" | "invalid_request" | "unauthorized_client" | "incorrect_client_credentials"
    );
    let about_client = of_client || answer.status == http::StatusCode::UNAUTHORIZED;
    TokenRefusal { code: one_line(&code), text, about_client, away }
}

fn plain(text: String) -> TokenRefusal {
    TokenRefusal { code: String::new(), text, about_client: false, away: false }
}

fn text(members: &Map<String, Value>, name: &str) -> String {
    members.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn token_type(named: &str) -> String {
    match named.to_ascii_lowercase().as_str() {
        "" | "bearer" => "Bearer".into(),
        "mac" => "MAC".into(),
        "basic" => "Basic".into(),
        _ => named.into(),
    }
}

/// A number or a numeric text; nothing or zero means that it does not say.
fn expires_in(member: Option<&Value>) -> Result<Option<Duration>, TokenRefusal> {
    let seconds = match member {
        None | Some(Value::Null) => Some(0),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    match seconds {
        Some(0) => Ok(None),
        Some(seconds) => Ok(Some(Duration::from_secs(seconds.min(EXPIRES_IN_MAX)))),
        None => Err(plain("oauth2: cannot parse json: expires_in is no whole number of seconds".into())),
    }
}
