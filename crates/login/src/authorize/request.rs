//! What an authorization request asks for, checked (RFC 6749 §4.1.1; OpenID Connect Core §3.1.2.1).

use dex_model::{AuthRequest, Pkce};
use dex_oidc::{AuthorizeErrorCode, Form, Prompt, ResponseMode, ResponseTypes, split_words};

use super::rules::{self, Rules};

/// What a client asks for, in order as far as no store must be asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The words of `response_type`, with that of the response mode if one was named.
    pub(super) response_types: Vec<String>,
    pub(super) scopes: Vec<String>,
    pub(super) pkce: Option<Pkce>,
    pub(super) prompt: Prompt,
    pub(super) force_approval_prompt: bool,
    pub(super) max_age: Option<u32>,
}

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: AuthorizeErrorCode,
    pub(super) description: String,
}

impl Refused {
    pub(super) fn new(code: AuthorizeErrorCode, description: impl Into<String>) -> Self {
        Self { code, description: description.into() }
    }
}

/// Parameters that mean something to us, so that it matters which of two is meant.
const SINGLE: [&str; 16] = [
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "prompt",
    "approval_prompt",
    "max_age",
    "id_token_hint",
    "connector_id",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
    "registration",
    "claims",
];

/// How the response travels, an error included, whatever else is wrong with the request.
pub(super) fn response_mode(parameters: &Form) -> ResponseMode {
    let types = response_types(parameters);
    let named = match parameters.get("response_mode") {
        "" => mode_in_object(parameters.get("request")),
        name => name.parse().ok(),
    };
    named.filter(|mode| *mode != ResponseMode::Query).unwrap_or_else(|| types.default_mode())
}

/// The mode that only a request object names (OpenID Connect Core §6.1). The object is refused, unverified, but its
/// client listens where the object says.
fn mode_in_object(object: &str) -> Option<ResponseMode> {
    let claims = dex_jose::parse_unverified_payload(object).ok()?;
    claims.get("response_mode")?.as_str()?.parse().ok()
}

fn response_types(parameters: &Form) -> ResponseTypes {
    ResponseTypes::of(split_words(parameters.get("response_type")).filter_map(|word| word.parse().ok()))
}

/// Checks what the parameters alone can tell.
pub(super) fn check(parameters: &Form, rules: &Rules<'_>) -> Result<Asked, Refused> {
    if let Some(name) = parameters.repeated(&SINGLE) {
        let description = format!("Parameter {name:?} must not be repeated.");
        return Err(Refused::new(AuthorizeErrorCode::InvalidRequest, description));
    }
    unsupported(parameters)?;
    let pkce = rules::pkce(parameters, rules)?;
    let scopes = rules::scopes(parameters)?;
    let (mut response_types, asked) = rules::response_types(parameters, rules)?;
    if let Some(mode) = named_mode(parameters, asked)? {
        response_types.push(AuthRequest::mode_word(mode));
    }
    let prompt = Prompt::parse(parameters.get("prompt")).map_err(|error| {
        let description = format!("Invalid prompt parameter: {error}");
        Refused::new(AuthorizeErrorCode::InvalidRequest, description)
    })?;
    Ok(Asked {
        response_types,
        scopes,
        pkce,
        force_approval_prompt: prompt.consent || parameters.get("approval_prompt") == "force",
        prompt,
        max_age: rules::max_age(parameters)?,
    })
}

/// Request objects and self-registration (OpenID Connect Core §3.1.2.6).
fn unsupported(parameters: &Form) -> Result<(), Refused> {
    let refusals = [
        ("request", AuthorizeErrorCode::RequestNotSupported),
        ("request_uri", AuthorizeErrorCode::RequestUriNotSupported),
        ("registration", AuthorizeErrorCode::RegistrationNotSupported),
    ];
    let sent = refusals.into_iter().find(|(name, _)| !parameters.get(name).is_empty());
    match sent {
        None => Ok(()),
        Some((name, code)) => Err(Refused::new(code, format!("Server does not support {name} parameter."))),
    }
}

/// The response mode that was named. Tokens never travel in a query, where servers log them.
fn named_mode(parameters: &Form, asked: ResponseTypes) -> Result<Option<ResponseMode>, Refused> {
    let name = parameters.get("response_mode");
    if name.is_empty() {
        return Ok(None);
    }
    match name.parse() {
        Ok(ResponseMode::Query) if asked.default_mode() != ResponseMode::Query => {
            let description = "Response mode \"query\" cannot carry tokens.";
            Err(Refused::new(AuthorizeErrorCode::InvalidRequest, description))
        }
        Ok(mode) => Ok(Some(mode)),
        Err(_) => {
            let description = format!("Unsupported response mode {name:?}.");
            Err(Refused::new(AuthorizeErrorCode::InvalidRequest, description))
        }
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
