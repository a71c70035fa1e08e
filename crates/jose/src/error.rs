//! What can go wrong with a key and with a token. Text taken from the outside is cut short before it enters an error.

use std::fmt;

use crate::Algorithm;

/// How much of a foreign text an error quotes, in characters.
const EXCERPT_CHARS: usize = 32;

/// The beginning of `text`, short enough for a log line.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(EXCERPT_CHARS).collect()
}

/// Why a key cannot be used. Never quotes key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a JSON object with string members, or a member appears twice.
    #[error("not a JWK: JSON error at line {line}, column {column}")]
    Json {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, from 1.
        column: usize,
    },
    /// A `kty`, curve or object identifier that no algorithm here uses.
    #[error("unsupported kind of key {0:?}")]
    UnsupportedType(String),
    /// An `alg` that is not one of [`Algorithm`].
    #[error("unsupported algorithm {0:?} for a signing key")]
    UnsupportedAlgorithm(String),
    /// The key says an `alg` that its own type cannot do.
    #[error("algorithm {algorithm} does not fit a key of type {kty}")]
    AlgorithmMismatch {
        /// What the key says.
        algorithm: Algorithm,
        /// What the key is.
        kty: &'static str,
    },
    /// `use` or `key_ops` reserve the key for something other than signatures.
    #[error("the key is not meant for signatures")]
    NotForSigning,
    /// A member its type requires is absent or empty.
    #[error("the key lacks member {0:?}")]
    Missing(&'static str),
    /// A member is not base64url, or of the wrong length for its curve.
    #[error("member {0:?} of the key is malformed")]
    Malformed(&'static str),
    /// An RSA modulus outside 2048 to 8192 bits.
    #[error("RSA key of {bits} bits; 2048 to 8192 are accepted")]
    RsaSize {
        /// Length of the modulus in bits.
        bits: usize,
    },
    /// The numbers do not form a valid key: off the curve, wrong primes, halves that do not belong together.
    #[error("the parts of the key do not form a valid key")]
    Inconsistent,
    /// Neither DER SubjectPublicKeyInfo nor PEM of it.
    #[error("not a SubjectPublicKeyInfo in DER or PEM")]
    NotSpki,
    /// No RSA private key in PEM.
    #[error("not an RSA private key in PEM")]
    NotPrivatePem,
}

/// The crypto library refused to sign. No input explains it: for us an internal error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature could not be computed with {algorithm}")]
pub struct SignError {
    /// The algorithm of the key.
    pub algorithm: Algorithm,
}

/// A part of a compact JWS (RFC 7515 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment {
    /// The protected header.
    Header,
    /// The payload.
    Payload,
    /// The signature.
    Signature,
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        })
    }
}

/// Why a token is not accepted.
///
/// All but [`VerifyError::UnknownKey`] are final for a given token. That one a verifier of foreign tokens may answer by fetching
/// the issuer's keys again, and so also [`VerifyError::BadSignature`] when the token names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Longer than [`crate::TOKEN_BYTES_MAX`].
    #[error("token of {bytes} bytes is too long")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Not exactly three segments separated by dots.
    #[error("a signed token has three segments")]
    Segments,
    /// Not canonical base64url: padding, foreign characters, or bits set after the last byte.
    #[error("the {0} is not canonical base64url")]
    Base64(Segment),
    /// The header is not a JSON object with an `alg`, or has a member twice.
    #[error("the header is not a JOSE header")]
    Header,
    /// The payload is not a JSON object; only [`crate::parse_unverified_payload`] looks.
    #[error("the payload is not a JSON object")]
    Payload,
    /// The header has `crit` (RFC 7515 section 4.1.11); no extension is understood here.
    #[error("the header demands an extension that is not understood")]
    Critical,
    /// `alg` is `none`, in any spelling.
    #[error("the token is not signed")]
    Unsigned,
    /// `alg` is an HMAC, whose "public" key anyone could sign with.
    #[error("the token is signed with a shared secret")]
    Symmetric,
    /// `alg` is none of [`Algorithm`].
    #[error("unknown algorithm {0:?}")]
    UnknownAlgorithm(String),
    /// `alg` is known, yet not among those the caller accepts.
    #[error("algorithm {0} is not accepted here")]
    AlgorithmNotAllowed(Algorithm),
    /// No key has the token's `kid`, or there are no keys at all.
    #[error("no key {kid:?}")]
    UnknownKey {
        /// The `kid` of the header, cut short.
        kid: Option<String>,
    },
    /// The keys that could have signed do not do `algorithm`, by their type or by their own `alg`.
    #[error("algorithm {0} does not fit the key")]
    AlgorithmMismatch(Algorithm),
    /// No key that was tried made this signature.
    #[error("the signature does not verify")]
    BadSignature,
}
