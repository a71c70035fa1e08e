//! XML signatures (XML Signature 1.1), of one profile.
//!
//! Owned here: which keys and algorithms are believed, how a signature and its one reference must look, and the
//! [`Verified`] element that comes of it; signing our own messages, in XML and in a query. Not owned: what a message
//! means.
//!
//! The profile is that of SAML (core §5.4): the signature is a child of what it signs and refers to it by its own id;
//! the transforms are `enveloped-signature` and one canonicalisation; the key is one of those that were given. `KeyInfo`
//! is not looked at. What verification hands over was read from the canonical bytes whose digest was signed.
//!
//! Control leaves by value, or with a [`SignatureError`].

mod algorithm;
mod certificate;
mod query;
mod sign;
mod verify;

pub(crate) use algorithm::DigestAlgorithm;
pub use algorithm::SignatureAlgorithm;
pub use certificate::{Certificate, CertificateError, TRUSTED_KEYS_MAX, TrustedKeys, TrustedKeysError};
pub(crate) use query::{joined, signed_query, verify_query};
pub use sign::{SigningKey, SigningKeyError};
pub(crate) use sign::{rsa_pair, sign_enveloped};
pub use verify::SignatureError;
pub(crate) use verify::{Source, Verified, signatures, verify};
