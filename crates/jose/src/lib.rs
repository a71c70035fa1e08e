//! JOSE: keys, JWK sets, signing and verifying compact JWS (RFC 7515, 7517, 7518, 7638, 8037), and the few primitives beside
//! them that the other rooms share: random bytes, SHA-256, HMAC-SHA256, sealing.
//!
//! Owned here: what a key looks like on the wire and in storage, which algorithm fits which key, and every reason to refuse a
//! token before or after looking at its signature. Not owned: claims (`iss`, `aud`, `exp` are the caller's to check, with the
//! caller's clock), fetching or rotating keys, and encryption of tokens (JWE), which dex never issues.
//!
//! No I/O and no clock. Control leaves by value: a [`Verified`] token or a [`VerifyError`], a key or a [`KeyError`]. Nothing
//! that came over a network makes this room panic.
//!
//! A signer that lives elsewhere (Vault's transit engine) needs no trait from here: build [`header_segment`] and
//! [`signing_input`], have it signed, [`attach_signature`].

mod algorithm;
mod compact;
mod error;
mod jwk;
mod key_set;
mod material;
mod primitives;
mod public_key;
mod seal;
mod signing_key;
mod spki;

pub use algorithm::{Algorithm, UnknownAlgorithm, half_hash};
pub use compact::{Header, TOKEN_BYTES_MAX, attach_signature, header_segment, parse_unverified_payload, signing_input};
pub use error::{KeyError, Segment, SignError, VerifyError};
pub use key_set::{KEYS_TRIED_MAX, KeySet, SET_KEYS_MAX, Verified};
pub use primitives::{hmac_sha256, hmac_sha256_verify, random_bytes, random_hex, sha256};
pub use public_key::PublicKey;
pub use seal::{OpenError, PREVIOUS_KEYS_MAX, SealKey, Sealer, TooManyKeys};
pub use signing_key::SigningKey;
