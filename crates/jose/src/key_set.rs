//! JWK sets (RFC 7517 section 5): publishing ours, reading others', verifying tokens with either.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    Algorithm, Header, PublicKey,
    compact::Parts,
    error::{KeyError, VerifyError, excerpt},
};

/// How many keys are read from a foreign set; issuers publish fewer than twenty.
pub const SET_KEYS_MAX: usize = 256;

/// How many keys are tried on one token. Only a token without `kid`, or a set with a `kid` many times over, gets past one.
pub const KEYS_TRIED_MAX: usize = 16;

/// Public keys, in the order in which they are published and tried.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<PublicKey>,
    skipped: usize,
}

/// A token whose signature holds. Its claims are still to be checked.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The protected header.
    pub header: Header,
    /// The payload, not necessarily JSON.
    pub payload: Vec<u8>,
    /// What it was signed with: one the caller allowed and the key fits.
    pub algorithm: Algorithm,
    /// Name of the key that verified it; `None` only if that key has none.
    pub kid: Option<String>,
}

#[derive(Serialize)]
struct Published<'a> {
    keys: &'a [PublicKey],
}

#[derive(Deserialize)]
struct Foreign<'a> {
    #[serde(borrow)]
    keys: Vec<&'a RawValue>,
}

impl KeySet {
    /// A set of our own, in the order to publish.
    pub fn new(keys: Vec<PublicKey>) -> Self {
        Self { keys, skipped: 0 }
    }

    /// Reads a JWK set. Keys that are not understood, not for signatures, or beyond [`SET_KEYS_MAX`] are left out and counted.
    ///
    /// # Errors
    ///
    /// [`KeyError::Json`] if it is no JSON object with a list `keys`. A set may turn out empty.
    pub fn parse(json: &str) -> Result<Self, KeyError> {
        let set: Foreign<'_> = serde_json::from_str(json)
            .map_err(|error| KeyError::Json { line: error.line(), column: error.column() })?;
        let found = set.keys.len();
        let readable = set.keys.iter().take(SET_KEYS_MAX);
        let keys: Vec<_> = readable.filter_map(|key| PublicKey::from_jwk_json(key.get()).ok()).collect();
        let skipped = found - keys.len();
        Ok(Self { keys, skipped })
    }

    /// The keys in order.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// How many keys [`Self::parse`] left out.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// Whether there is no key at all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The body of `/keys`: two-space indentation, no newline at the end.
    pub fn to_json_pretty(&self) -> String {
        serde_json::to_string_pretty(&Published { keys: &self.keys }).expect("keys are always JSON")
    }

    /// Verifies a compact JWS (RFC 7515 section 5.2).
    ///
    /// With a `kid` in the header only keys of that name are tried, without one all of them, and [`KEYS_TRIED_MAX`] at most. The
    /// header's `alg` must be in `allowed` and fit the key's type and the key's own `alg`.
    ///
    /// # Errors
    ///
    /// Any [`VerifyError`] but [`VerifyError::Payload`]. Whatever they say, to the client the token is invalid.
    pub fn verify_compact(&self, token: &str, allowed: &[Algorithm]) -> Result<Verified, VerifyError> {
        let parts = Parts::parse(token)?;
        let algorithm = parts.algorithm;
        if !allowed.contains(&algorithm) {
            return Err(VerifyError::AlgorithmNotAllowed(algorithm));
        }
        let key = self.key_that_signed(&parts)?;
        Ok(Verified { kid: key.kid().map(str::to_owned), header: parts.header, payload: parts.payload, algorithm })
    }

    fn key_that_signed(&self, parts: &Parts<'_>) -> Result<&PublicKey, VerifyError> {
        let kid = parts.header.kid.as_deref().filter(|kid| !kid.is_empty());
        let mut named = self.keys.iter().filter(|key| kid.is_none() || key.kid() == kid).peekable();
        if named.peek().is_none() {
            return Err(VerifyError::UnknownKey { kid: kid.map(excerpt) });
        }
        let mut fitting = named.filter(|key| key.fits(parts.algorithm)).peekable();
        if fitting.peek().is_none() {
            return Err(VerifyError::AlgorithmMismatch(parts.algorithm));
        }
        let input = parts.signing_input.as_bytes();
        fitting
            .take(KEYS_TRIED_MAX)
            .find(|key| key.verify(parts.algorithm, input, &parts.signature).is_ok())
            .ok_or(VerifyError::BadSignature)
    }
}
