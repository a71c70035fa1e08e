//! The rules that one parameter at a time must obey (oidc-core spec, 11.3 to 11.5).

use dex_model::Pkce;
use dex_oidc::{AuthorizeErrorCode, CodeChallengeMethod, Form, ResponseTypes, Scope, go_list, split_words};
use dex_web::Settings;
use serde_json::Value;

use super::request::Refused;

/// How many scopes one request may ask for; each audience among them is a question to the store.
pub(super) const SCOPES_MAX: usize = 100;

/// Lengths of a challenge that is a hash (RFC 7636 §4.2).
const CHALLENGE_LENGTHS: std::ops::RangeInclusive<usize> = 43..=128;

/// What a request is checked against.
pub(super) struct Rules<'a> {
    pub(super) settings: &'a Settings,
    /// The code is shown instead of sent.
    pub(super) out_of_band: bool,
    /// The response goes to our own device page, whose own challenge is checked when the device asks.
    pub(super) device: bool,
}

fn invalid(description: impl Into<String>) -> Refused {
    Refused::new(AuthorizeErrorCode::InvalidRequest, description)
}

pub(super) fn pkce(parameters: &Form, rules: &Rules<'_>) -> Result<Option<Pkce>, Refused> {
    let challenge = parameters.get("code_challenge");
    if challenge.is_empty() {
        if rules.settings.pkce_enforced && !rules.device {
            return Err(invalid("PKCE is required. The code_challenge parameter must be provided."));
        }
        return Ok(None);
    }
    let name = match parameters.get("code_challenge_method") {
        "" => CodeChallengeMethod::Plain.as_str(),
        name => name,
    };
    let method =
        name.parse().ok().filter(|method| rules.device || rules.settings.code_challenge_methods.contains(method));
    let Some(method) = method else {
        return Err(invalid(format!("Unsupported PKCE challenge method ({name:?}).")));
    };
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let hash = CHALLENGE_LENGTHS.contains(&challenge.len()) && challenge.bytes().all(unreserved);
    if method == CodeChallengeMethod::S256 && !hash {
        return Err(invalid("The code_challenge parameter is malformed."));
    }
    Ok(Some(Pkce { code_challenge: challenge.to_owned(), code_challenge_method: name.to_owned() }))
}

pub(super) fn scopes(parameters: &Form) -> Result<Vec<String>, Refused> {
    let invalid = |description| Refused::new(AuthorizeErrorCode::InvalidScope, description);
    let words: Vec<&str> = split_words(parameters.get("scope")).collect();
    if words.len() > SCOPES_MAX {
        return Err(invalid("Too many scopes.".to_owned()));
    }
    if !words.contains(&"openid") {
        return Err(invalid("Missing required scope(s) [\"openid\"].".to_owned()));
    }
    let unknown: Vec<&str> = words.iter().copied().filter(|word| Scope::of(word) == Scope::Unknown).collect();
    if !unknown.is_empty() {
        return Err(invalid(format!("Unrecognized scope(s) {}", go_list(unknown))));
    }
    let mut scopes: Vec<String> = words.into_iter().map(str::to_owned).collect();
    for scope in claimed(parameters.get("claims")) {
        if !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    Ok(scopes)
}

/// The scopes that bring the claims asked for one by one (OpenID Connect Core §5.5). What is asked for in another
/// form, or is not known here, is left out of the answer, as that section has it.
fn claimed(text: &str) -> Vec<&'static str> {
    let Ok(Value::Object(asked)) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let members = ["userinfo", "id_token"].into_iter().filter_map(|member| asked.get(member)?.as_object());
    let scope_of = |name: &String| match name.as_str() {
        "email" | "email_verified" => Some("email"),
        "name" | "preferred_username" => Some("profile"),
        "groups" => Some("groups"),
        _ => None,
    };
    members.flat_map(|claims| claims.keys().filter_map(scope_of)).collect()
}

/// The words of `response_type`, and what they are together.
pub(super) fn response_types(parameters: &Form, rules: &Rules<'_>) -> Result<(Vec<String>, ResponseTypes), Refused> {
    let mut known = Vec::new();
    let mut words = Vec::new();
    for word in split_words(parameters.get("response_type")) {
        let Ok(kind) = word.parse() else {
            return Err(invalid(format!("Invalid response type {word:?}")));
        };
        if !rules.settings.offers(word) {
            let description = format!("Unsupported response type {word:?}");
            return Err(Refused::new(AuthorizeErrorCode::UnsupportedResponseType, description));
        }
        // Said twice is said once, so the list stays as short as the vocabulary.
        if !known.contains(&kind) {
            known.push(kind);
            words.push(word.to_owned());
        }
    }
    let asked = ResponseTypes::of(known);
    if words.is_empty() {
        return Err(invalid("No response_type provided"));
    }
    if asked.token && !asked.code && !asked.id_token {
        return Err(invalid("Response type 'token' must be provided with type 'id_token' and/or 'code'"));
    }
    // OpenID Connect Core §3.2.2.1 and §3.3.2.11: a token that the browser carries must name its request.
    if asked.id_token && parameters.get("nonce").is_empty() {
        return Err(invalid("Response type 'id_token' requires a 'nonce' value."));
    }
    for (asked, name) in [(asked.token, "token"), (asked.id_token, "id_token")] {
        if asked && rules.out_of_band {
            return Err(invalid(format!(
                "Cannot use response type '{name}' with redirect_uri 'urn:ietf:wg:oauth:2.0:oob'."
            )));
        }
    }
    Ok((words, asked))
}

/// `max_age` in seconds. More than can be kept is as good as for ever.
pub(super) fn max_age(parameters: &Form) -> Result<Option<u32>, Refused> {
    let text = parameters.get("max_age");
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<i64>() {
        Ok(seconds) if seconds >= 0 => Ok(Some(u32::try_from(seconds).unwrap_or(u32::MAX))),
        _ => Err(invalid(format!("Invalid max_age value {text:?}"))),
    }
}
