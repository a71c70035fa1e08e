//! Why a key is not accepted.

/// Why an answer of the browser lets nobody in. The text is for the log and for whoever mends an integration; it holds
/// nothing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The answer is no JSON of the form that browsers send.
    #[error("the answer cannot be read")]
    Unreadable,
    /// The answer is for the other ceremony, or none was begun.
    #[error("no such ceremony was begun")]
    NotBegun,
    /// It came too late.
    #[error("the ceremony took too long")]
    Expired,
    /// The answer is to another challenge.
    #[error("the challenge is another")]
    Challenge,
    /// It was given on a page that is not ours.
    #[error("the page's origin is not among rpOrigins")]
    Origin,
    /// The key answers for another domain.
    #[error("the key answers for another rpID")]
    RelyingParty,
    /// Nobody touched the key.
    #[error("the user was not present")]
    UserPresence,
    /// The key has not recognised its user, which `userVerification: required` wants.
    #[error("the user was not verified")]
    UserVerification,
    /// What the key signed is not of the form of the standard.
    #[error("the authenticator's data is malformed")]
    AuthenticatorData,
    /// The public key is of a kind that was not asked for.
    #[error("the key's algorithm is not supported")]
    Algorithm,
    /// The key, or the answer, is somebody else's.
    #[error("the key is not registered for this user")]
    Unknown,
    /// The key is registered already.
    #[error("the key is registered already")]
    Registered,
    /// The user has as many keys as may be.
    #[error("there are too many keys already")]
    TooMany,
    /// A key that cannot be copied says it could, or the other way round.
    #[error("the key says something else about its backups than it did")]
    Backup,
    /// The signature is not that of the registered key.
    #[error("the signature is wrong")]
    Signature,
    /// The key's counter did not move on: there may be two of it.
    #[error("the key's counter did not move on; it may have been copied")]
    Cloned,
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    Randomness,
}
