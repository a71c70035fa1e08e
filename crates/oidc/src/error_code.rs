//! The error codes of the endpoints.

use serde::Serialize;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $code)] $variant,)*
        }

        impl $name {
            /// The code as it goes on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }
        }
    };
}

codes! {
    /// What goes wrong at the authorization endpoint (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
    AuthorizeErrorCode {
        /// A parameter is missing, wrong, or there twice.
        InvalidRequest = "invalid_request",
        /// The client may not ask this way.
        UnauthorizedClient = "unauthorized_client",
        /// The user or the upstream said no.
        AccessDenied = "access_denied",
        /// The response type is not offered.
        UnsupportedResponseType = "unsupported_response_type",
        /// A scope is not known or not for this client.
        InvalidScope = "invalid_scope",
        /// We failed.
        ServerError = "server_error",
        /// We, or an upstream, cannot just now.
        TemporarilyUnavailable = "temporarily_unavailable",
        /// `prompt=none`, and nobody is logged in.
        LoginRequired = "login_required",
        /// `prompt=none`, and something must be asked.
        InteractionRequired = "interaction_required",
        /// `prompt=none`, and consent must be asked for.
        ConsentRequired = "consent_required",
        /// `request` is not supported.
        RequestNotSupported = "request_not_supported",
        /// `request_uri` is not supported.
        RequestUriNotSupported = "request_uri_not_supported",
        /// `registration` is not supported.
        RegistrationNotSupported = "registration_not_supported",
    }
}

codes! {
    /// What goes wrong at the token endpoint and its neighbours (RFC 6749 §5.2, RFC 8628 §3.5).
    TokenErrorCode {
        /// A parameter is missing, wrong, or there twice.
        InvalidRequest = "invalid_request",
        /// The client is not known or not who it says.
        InvalidClient = "invalid_client",
        /// The code or token is wrong, used, expired or another client's.
        InvalidGrant = "invalid_grant",
        /// The client may not use this grant.
        UnauthorizedClient = "unauthorized_client",
        /// The grant is not offered.
        UnsupportedGrantType = "unsupported_grant_type",
        /// A scope is not known, not for this client, or wider than granted.
        InvalidScope = "invalid_scope",
        /// We failed.
        ServerError = "server_error",
        /// We, or an upstream, cannot just now.
        TemporarilyUnavailable = "temporarily_unavailable",
        /// The user's password, or the subject's token, was refused.
        AccessDenied = "access_denied",
        /// A token type of an exchange is not supported.
        RequestNotSupported = "request_not_supported",
        /// The device's user has not come yet.
        AuthorizationPending = "authorization_pending",
        /// The device asks too often.
        SlowDown = "slow_down",
        /// The device's code is dead.
        ExpiredToken = "expired_token",
        /// The token given as a bearer is not good (RFC 6750 §3.1).
        InvalidToken = "invalid_token",
        /// The kind of token cannot be revoked (RFC 7009 §2.2.1).
        UnsupportedTokenType = "unsupported_token_type",
    }
}

/// A description with the characters that one may have (RFC 6749 §4.1.2.1 and §5.2): visible ASCII and the space,
/// but no double quote and no backslash.
pub fn error_description(text: &str) -> String {
    let shown = |c| match c {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' => c,
        _ => '?',
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_keep_to_their_characters() {
        for (text, shown) in [
            ("Unrecognized scope(s) [\"a\"]", "Unrecognized scope(s) ['a']"),
            ("~ !#[]", "~ !#[]"),
            ("a\\b\r\n\u{7f}\u{e9}", "a/b????"),
            ("", ""),
        ] {
            assert_eq!(error_description(text), shown);
        }
    }
}
