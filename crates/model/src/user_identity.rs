//! A user as last seen, with consents and second factors.

use std::collections::BTreeMap;

use crate::{Claims, Timestamp, TokenSecret};

/// A user of one connector (storage spec, 2.10); kept only with browser sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserIdentity {
    /// The connector's id of the user.
    pub user_id: String,
    /// The connector.
    pub connector_id: String,
    /// What the last login said.
    pub claims: Claims,
    /// The scopes consented to, by client id.
    pub consents: BTreeMap<String, Vec<String>>,
    /// One-time-code secrets, by authenticator id.
    pub mfa_secrets: BTreeMap<String, MfaSecret>,
    /// Security keys, by authenticator id.
    pub webauthn_credentials: BTreeMap<String, Vec<WebAuthnCredential>>,
    /// The first login.
    pub created_at: Timestamp,
    /// The last login.
    pub last_login: Timestamp,
    /// Until when the account is locked; the zero time if it is not.
    pub blocked_until: Timestamp,
}

/// A one-time-code secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MfaSecret {
    /// The authenticator it belongs to.
    pub authenticator_id: String,
    /// Its kind, `TOTP`.
    pub kind: String,
    /// An `otpauth` URL.
    pub secret: TokenSecret,
    /// Whether a code was ever right.
    pub confirmed: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The last time step used, so that no code works twice.
    pub last_used_counter: i64,
}

/// A security key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebAuthnCredential {
    /// The credential's id.
    pub credential_id: Vec<u8>,
    /// Its public key, COSE-encoded.
    pub public_key: Vec<u8>,
    /// The attestation's type.
    pub attestation_type: String,
    /// The model of the authenticator.
    pub aaguid: Vec<u8>,
    /// The last signature counter seen.
    pub sign_count: u32,
    /// Whether a counter ever went backwards.
    pub clone_warning: bool,
    /// How the authenticator is reached.
    pub transport: Vec<String>,
    /// Whether the key may be copied.
    pub backup_eligible: bool,
    /// Whether it is.
    pub backup_state: bool,
    /// A name for people.
    pub display_name: String,
    /// When it was registered.
    pub created_at: Timestamp,
}
