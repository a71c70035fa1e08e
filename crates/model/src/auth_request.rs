//! A login on its way.

use dex_oidc::{ResponseMode, ResponseTypes};
use serde::{Deserialize, Serialize};

use crate::{Claims, ConnectorData, Timestamp, TokenSecret};

/// An authorization request and how far its login has come (storage spec, 2.3).
///
/// Until someone has logged in it travels sealed with the browser; afterwards it is a record, for
/// as long as a second factor or consent is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthRequest {
    /// The id: `req` in our own URLs and `state` towards the upstream.
    pub id: String,
    /// `client_id`.
    pub client_id: String,
    /// `response_type`, its words as sent, and one more for the response mode if one was asked for.
    pub response_types: Vec<String>,
    /// `scope`, its words as sent.
    pub scopes: Vec<String>,
    /// `redirect_uri`, checked.
    pub redirect_uri: String,
    /// `nonce`, or empty.
    pub nonce: String,
    /// `state`, or empty.
    pub state: String,
    /// Whether consent is asked for whatever was remembered.
    pub force_approval_prompt: bool,
    /// `prompt`, its words in the order login, consent, `select_account`.
    pub prompt: String,
    /// `max_age` in seconds.
    pub max_age: Option<u32>,
    /// When the request may no longer be answered.
    pub expiry: Timestamp,
    /// Whether someone has logged in.
    pub login: Login,
    /// The connector that was chosen.
    pub connector_id: String,
    /// What the connector keeps: before the login for its callback, afterwards for a refresh.
    pub connector_data: ConnectorData,
    /// The PKCE challenge, if one was sent.
    pub pkce: Option<Pkce>,
    /// The key of this request's step signatures (oidc-core spec, 5.3).
    pub hmac_key: TokenSecret,
    /// Whether each second factor was passed.
    pub mfa_validated: bool,
    /// The state of a `WebAuthn` ceremony, as JSON.
    pub webauthn_session_data: Option<Vec<u8>>,
}

/// Before the response mode in its word among `response_types`.
const MODE_PREFIX: &str = "response_mode=";

/// Before the subject in its word among `response_types`.
const SUBJECT_PREFIX: &str = "subject=";

/// Whether someone has logged in yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// Nobody has.
    Awaited,
    /// Someone has.
    Done {
        /// Who it is.
        claims: Claims,
        /// When; the `auth_time` claim.
        auth_time: Timestamp,
    },
}

/// A PKCE challenge (RFC 7636 §4.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pkce {
    /// `code_challenge`.
    pub code_challenge: String,
    /// `code_challenge_method`: `S256` or `plain`.
    pub code_challenge_method: String,
}

/// The request's login was done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("someone has logged in for this request already")]
pub struct AlreadyLoggedIn;

impl AuthRequest {
    /// Records who the upstream says the user is.
    ///
    /// # Errors
    ///
    /// [`AlreadyLoggedIn`] if that was recorded before; the request then stays as it was.
    pub fn log_in(
        self,
        claims: Claims,
        connector_data: ConnectorData,
        now: Timestamp,
    ) -> Result<Self, AlreadyLoggedIn> {
        match self.login {
            Login::Awaited => Ok(Self { login: Login::Done { claims, auth_time: now }, connector_data, ..self }),
            Login::Done { .. } => Err(AlreadyLoggedIn),
        }
    }

    /// Whether the time to answer has passed. As everywhere in Dex, the instant itself is in time.
    pub fn expired(&self, now: Timestamp) -> bool {
        now > self.expiry
    }

    /// Whether `scope` was asked for.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }

    /// Whether `prompt` holds this word.
    pub fn prompts(&self, word: &str) -> bool {
        self.prompt.split(' ').any(|p| p == word)
    }

    /// The word that keeps a response mode among `response_types`. The rows have no other place for
    /// it, and Dex passes over words it does not know.
    pub fn mode_word(mode: ResponseMode) -> String {
        format!("{MODE_PREFIX}{}", mode.as_str())
    }

    /// The word that keeps, in the same place, the only subject that the login may be of (`id_token_hint`).
    pub fn subject_word(subject: &str) -> String {
        format!("{SUBJECT_PREFIX}{subject}")
    }

    /// The subject that the login must be of, if the client has named one.
    pub fn expected_subject(&self) -> Option<&str> {
        self.response_types.iter().find_map(|word| word.strip_prefix(SUBJECT_PREFIX))
    }

    /// What the response is to hold.
    pub fn asked_for(&self) -> ResponseTypes {
        ResponseTypes::of(self.response_types.iter().filter_map(|word| word.parse().ok()))
    }

    /// How the response is to travel: as asked for, or as is usual for what it holds.
    pub fn response_mode(&self) -> ResponseMode {
        let mut words = self.response_types.iter();
        words
            .find_map(|word| word.strip_prefix(MODE_PREFIX)?.parse().ok())
            .unwrap_or_else(|| self.asked_for().default_mode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ZERO_TIME;

    #[test]
    fn response_mode_and_subject_ride_among_the_response_types() {
        let cases: [(&[&str], ResponseMode, Option<&str>); 6] = [
            (&["code"], ResponseMode::Query, None),
            (&["code", "id_token"], ResponseMode::Fragment, None),
            (&["code", "response_mode=form_post"], ResponseMode::FormPost, None),
            (&["code", "response_mode=fragment"], ResponseMode::Fragment, None),
            (&["code", "response_mode=smoke"], ResponseMode::Query, None),
            (&["code", "response_mode=form_post", "subject=CgR1"], ResponseMode::FormPost, Some("CgR1")),
        ];
        for (words, expected, subject) in cases {
            let request = AuthRequest {
                id: String::new(),
                client_id: String::new(),
                response_types: words.iter().map(|word| (*word).to_owned()).collect(),
                scopes: vec![],
                redirect_uri: String::new(),
                nonce: String::new(),
                state: String::new(),
                force_approval_prompt: false,
                prompt: String::new(),
                max_age: None,
                expiry: ZERO_TIME,
                login: Login::Awaited,
                connector_id: String::new(),
                connector_data: ConnectorData::default(),
                pkce: None,
                hmac_key: TokenSecret::default(),
                mfa_validated: false,
                webauthn_session_data: None,
            };
            assert_eq!(request.response_mode(), expected, "{words:?}");
            assert_eq!(request.expected_subject(), subject, "{words:?}");
            assert!(request.asked_for().code, "{words:?}");
        }
    }
}
