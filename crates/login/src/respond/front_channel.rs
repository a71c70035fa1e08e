//! Tokens that travel with the browser (OpenID Connect Core §3.2.2.5 and §3.3.2.5).

use dex_oidc::AuthorizeErrorCode;
use dex_token::FrontChannel;
use dex_web::TokenError;
use http::StatusCode;

use super::{AuthorizeError, Destination};

/// The parameters that carry `tokens`.
pub(super) fn parameters(tokens: FrontChannel) -> Vec<(&'static str, String)> {
    let mut parameters = Vec::new();
    if let Some(token) = tokens.access_token {
        parameters.push(("access_token", token));
        parameters.push(("token_type", "bearer".to_owned()));
        parameters.push(("expires_in", tokens.expires_in.to_string()));
    }
    if let Some(token) = tokens.id_token {
        parameters.push(("id_token", token));
    }
    parameters
}

/// What the client hears when no token could be made.
pub(super) fn refusal(to: &Destination, error: TokenError) -> AuthorizeError {
    tracing::error!(error = error.code.as_str(), cause = ?error.cause, "tokens for the browser were not made");
    let code = if error.status == StatusCode::SERVICE_UNAVAILABLE {
        AuthorizeErrorCode::TemporarilyUnavailable
    } else {
        AuthorizeErrorCode::ServerError
    };
    AuthorizeError::Redirect { to: to.clone(), code, description: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_issued_is_carried() {
        let tokens = |access: bool, id: bool| FrontChannel {
            access_token: access.then(|| "a".to_owned()),
            id_token: id.then(|| "i".to_owned()),
            expires_in: 60,
        };
        let cases: [(bool, bool, &[&str]); 3] = [
            (true, true, &["access_token", "token_type", "expires_in", "id_token"]),
            (false, true, &["id_token"]),
            (true, false, &["access_token", "token_type", "expires_in"]),
        ];
        for (access, id, expected) in cases {
            let names: Vec<&str> = parameters(tokens(access, id)).iter().map(|(name, _)| *name).collect();
            assert_eq!(names, expected);
        }
    }
}
