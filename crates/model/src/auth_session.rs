//! A browser's session.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, TokenSecret, ZERO_TIME};

/// A browser's session with one user (storage spec, 2.11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthSession {
    /// The id, public as the `sid` claim.
    pub id: String,
    /// What the cookie proves.
    pub secret: TokenSecret,
    /// The user.
    pub user_id: String,
    /// The connector the user came through.
    pub connector_id: String,
    /// What each client did with it, by client id.
    pub client_states: BTreeMap<String, ClientState>,
    /// The first login.
    pub created_at: Timestamp,
    /// The last use.
    pub last_activity: Timestamp,
    /// The browser's address at the last login.
    pub ip_address: String,
    /// The browser's name for itself.
    pub user_agent: String,
    /// When it ends whatever happens.
    pub absolute_expiry: Timestamp,
    /// When it ends unless it is used.
    pub idle_expiry: Timestamp,
    /// A logout on its way through the upstream.
    pub logout_state: Option<LogoutState>,
}

/// What one client did with a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ClientState {
    /// When its user logged in.
    pub authenticated_at: Timestamp,
    /// When it last used the session.
    pub last_activity: Timestamp,
    /// When it last got a token.
    pub last_token_issued_at: Timestamp,
    /// Whether it came in by another client's login.
    #[serde(rename = "ViaSSO")]
    pub via_sso: bool,
}

impl Default for ClientState {
    fn default() -> Self {
        Self { authenticated_at: ZERO_TIME, last_activity: ZERO_TIME, last_token_issued_at: ZERO_TIME, via_sso: false }
    }
}

/// Where to go after the upstream has logged its user out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LogoutState {
    /// The client's page.
    #[serde(rename = "PostLogoutRedirectURI")]
    pub post_logout_redirect_uri: String,
    /// The client's `state`.
    pub state: String,
    /// The client.
    #[serde(rename = "ClientID")]
    pub client_id: String,
    /// The connector.
    #[serde(rename = "ConnectorID")]
    pub connector_id: String,
}

impl AuthSession {
    /// Whether it has ended by either deadline.
    pub fn expired(&self, now: Timestamp) -> bool {
        now > self.absolute_expiry || now > self.idle_expiry
    }
}
