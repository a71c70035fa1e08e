//! Why an upstream gave no identity.

/// Why a login, refresh or exchange through an upstream failed. The texts are for our log.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The user is none of those who may enter. Shown with HTTP 403.
    #[error("user {user_id:?} is not in any of the required groups {groups:?}")]
    NotInRequiredGroups {
        /// The user.
        user_id: String,
        /// The groups that would let them in.
        groups: Vec<String>,
    },
    /// The upstream or the user there said no; the client gets `access_denied`.
    #[error("the upstream refused: {0}")]
    Denied(String),
    /// The account is gone or locked: a refresh ends for good.
    #[error("the user is not there any more: {0}")]
    Gone(String),
    /// The upstream does not answer or is busy; what was asked may be asked again later.
    #[error("the upstream cannot be reached: {0}")]
    Unreachable(Box<dyn std::error::Error + Send + Sync>),
    /// The upstream answered something it must not, or not to this request.
    #[error("the upstream's answer is not acceptable: {0}")]
    Unacceptable(String),
    /// The connector or its data is not set up as it must be; an operator has to mend it.
    #[error("the connector is not set up: {0}")]
    Misconfigured(String),
}
