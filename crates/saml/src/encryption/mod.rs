//! Encrypted assertions (XML Encryption 1.1).
//!
//! Owned here: our decryption keys, which algorithms are taken, and from `EncryptedAssertion` to the text in it. Not
//! owned: believing that text. RSA 1.5 is refused; AES-CBC is taken only where a signature over the ciphertext was
//! verified before, since without one it can be deciphered by asking often enough.
//!
//! Control leaves with the text, or with a [`DecryptionError`] that tells the sender nothing of what went wrong inside.

mod algorithm;
mod decrypt;
mod key;

pub use decrypt::DecryptionError;
pub(crate) use decrypt::{Covered, decrypt};
pub use key::{DECRYPTION_KEYS_MAX, DecryptionKey, DecryptionKeyError};
