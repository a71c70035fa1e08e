//! A login on its way.

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
    /// `response_type`, its words as sent.
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
            Login::Awaited => Ok(Self {
                login: Login::Done {
                    claims,
                    auth_time: now,
                },
                connector_data,
                ..self
            }),
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
}
