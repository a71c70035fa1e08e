//! What must not be accepted again.

use crate::Timestamp;

/// A thing that was used up or revoked: a redeemed authorization code, a revoked access token.
///
/// Who inserts it first has used it; everybody else finds it taken. Dex knows no such record and
/// each back end keeps it where Dex does not look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// The id of what was spent, with a prefix that says which kind of thing: `code/`, `jti/`.
    pub id: String,
    /// When it could not be accepted anyway, so that the record may go.
    pub expiry: Timestamp,
}
