//! Who the upstream says a user is.

use std::fmt;

/// A user as one connector knows them (connectors-protocol spec, 1.2).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The upstream's stable id; with the connector's id it makes `sub`, so how it is derived never changes.
    pub user_id: String,
    /// The `name` claim.
    pub username: String,
    /// The `preferred_username` claim.
    pub preferred_username: String,
    /// The `email` claim.
    pub email: String,
    /// The `email_verified` claim.
    pub email_verified: bool,
    /// The `groups` claim.
    pub groups: Vec<String>,
    /// What the connector wants back at the next refresh; it may hold upstream tokens and does not print.
    pub connector_data: Vec<u8>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}
