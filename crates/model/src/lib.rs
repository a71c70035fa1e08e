//! What dex stores, and how each record may change.
//!
//! One file a kind of record. The records are plain values; a step in the life of one (`log_in`,
//! `rotate`, `complete`) is a pure function that consumes it and is handed the time. The room
//! knows no storage format: each back end has its own codec that makes these values from its
//! rows. It does no I/O, reads no clock and draws no randomness but for [`id`].
//!
//! Control leaves by return values only.

mod auth_code;
mod auth_request;
mod auth_session;
mod claims;
mod client;
mod connector;
mod device;
pub mod id;
mod keys;
mod offline_sessions;
mod password;
mod record;
mod refresh_token;
mod secret;
mod spent;
mod time;
mod user_identity;

pub use auth_code::AuthCode;
pub use auth_request::{AlreadyLoggedIn, AuthRequest, Login, Pkce};
pub use auth_session::{
    AuthSession, ClientState, LogoutState, SessionLogin, SessionOver, SessionPolicy, USER_AGENT_BYTES_MAX,
};
pub use claims::Claims;
pub use client::{Client, ClientCredentialsClaims, ClientRestrictions, RegisteredRedirectUri};
pub use connector::Connector;
pub use device::{DeviceRequest, DeviceStatus, DeviceToken, Poll};
pub use keys::{Keys, StoredJwk, VerificationKey};
pub use offline_sessions::{OfflineSessions, RefreshTokenRef, TOKENS_PER_CLIENT_MAX};
pub use password::{BadHash, Password, PasswordHash};
pub use record::{AnyRecord, Key, Kind, Record};
pub use refresh_token::{RefreshError, RefreshPolicy, RefreshToken, Rotated};
pub use secret::{ClientSecret, ConnectorData, TokenSecret};
pub use spent::Spent;
pub use time::{Timestamp, ZERO_TIME, later};
pub use user_identity::{CONSENTED_SCOPES_MAX, MfaSecret, UserIdentity, WebAuthnCredential};
