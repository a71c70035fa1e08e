//! Signing keys and sealing keys.

use std::fmt;

use zeroize::ZeroizeOnDrop;

use crate::Timestamp;

/// A JWK (RFC 7517) as JSON text in Dex's member order (storage spec, 1.7), kept byte for byte.
/// It may be private, so it does not print.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct StoredJwk(String);

impl StoredJwk {
    /// Wraps JSON text as it is.
    pub fn new(json: impl Into<String>) -> Self {
        Self(json.into())
    }

    /// The JSON text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StoredJwk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredJwk(..)")
    }
}

/// A set of keys that is replaced as a whole (storage spec, 2.9).
///
/// Dex keeps one, [`Keys::SIGNING`]. We keep more of the same shape beside it, which Dex does not
/// read: the key that signs next, and the keys that seal what a browser carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Which set: [`Keys::SIGNING`] and so on.
    pub name: String,
    /// The private key in use.
    pub signing_key: Option<StoredJwk>,
    /// Its public half.
    pub signing_key_pub: Option<StoredJwk>,
    /// Former keys, still accepted until their expiry; `None` before the first rotation, as Dex writes it.
    pub verification_keys: Option<Vec<VerificationKey>>,
    /// When the key in use is to be replaced.
    pub next_rotation: Timestamp,
}

/// A key that signs no more but is still accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationKey {
    /// The public key.
    pub public_key: StoredJwk,
    /// When it is forgotten.
    pub expiry: Timestamp,
}

impl Keys {
    /// Dex's own set: the keys of tokens.
    pub const SIGNING: &str = "openid-connect-keys";
    /// The signing key that is published already and takes over at the next rotation.
    pub const NEXT: &str = "openid-connect-next-keys";
    /// The symmetric keys that seal pending logins and authorization codes.
    pub const SEALING: &str = "dex-sealing-keys";
}
