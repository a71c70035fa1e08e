//! What is known of a user.

use serde::{Deserialize, Serialize};

/// What a connector said of a user, as stored with codes, tokens and identities (storage spec, 2.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Claims {
    /// The connector's id of the user; with the connector's id it makes the `sub` claim.
    #[serde(rename = "userID")]
    pub user_id: String,
    /// The `name` claim.
    pub username: String,
    /// The `preferred_username` claim.
    pub preferred_username: String,
    /// The `email` claim.
    pub email: String,
    /// The `email_verified` claim.
    pub email_verified: bool,
    /// The `groups` claim, in the connector's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}
