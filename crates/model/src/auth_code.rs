//! An authorization code.

use crate::{Claims, ConnectorData, Pkce, Timestamp};

/// What an authorization code stands for (storage spec, 2.4).
///
/// It travels sealed inside the code itself when it is small; otherwise, and when Dex issued it,
/// it is a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthCode {
    /// The id; of a code kept in a row, the code itself.
    pub id: String,
    /// The client it was issued to.
    pub client_id: String,
    /// The `redirect_uri` it was sent to.
    pub redirect_uri: String,
    /// `nonce`, or empty.
    pub nonce: String,
    /// The scopes granted.
    pub scopes: Vec<String>,
    /// The connector the user came through.
    pub connector_id: String,
    /// What the connector keeps for a refresh.
    pub connector_data: ConnectorData,
    /// Who the user is.
    pub claims: Claims,
    /// When it may no longer be redeemed.
    pub expiry: Timestamp,
    /// The browser's session, or empty.
    pub session_id: String,
    /// When the user logged in; the zero time if Dex wrote the code before it knew.
    pub auth_time: Timestamp,
    /// The PKCE challenge, if one was sent.
    pub pkce: Option<Pkce>,
}

impl AuthCode {
    /// Whether the time to redeem it has passed.
    pub fn expired(&self, now: Timestamp) -> bool {
        now > self.expiry
    }
}
