//! The JSON of one key (RFC 7517 section 4): members in Dex's order, values still text.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Algorithm, error::KeyError};

/// Reads what other issuers really publish: padding and stray trailing bits are as good as none, as for Go's readers.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Any JWK. The order of the fields is the order in storage and at `/keys`; absent ones are left out.
///
/// Names are case-sensitive, unknown ones are ignored, a known one given twice is an error. No `Debug`: `d` and `k` are secret.
#[derive(Default, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Jwk {
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub(crate) use_: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kty: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) k: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) e: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) d: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) q: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dq: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) qi: Option<String>,
    /// Read only: dex writes `use`.
    #[serde(skip_serializing)]
    pub(crate) key_ops: Option<Vec<String>>,
}

impl Jwk {
    /// The members that say what a key is for; its numbers are set afterwards.
    pub(crate) fn new(use_: &str, kid: Option<&str>, alg: Option<&str>) -> Self {
        let mut jwk = Self::default();
        jwk.use_ = Some(use_.to_owned());
        jwk.kid = kid.map(str::to_owned);
        jwk.alg = alg.map(str::to_owned);
        jwk
    }

    pub(crate) fn from_json(json: &str) -> Result<Self, KeyError> {
        // serde's own text may quote the value, and the value may be a secret.
        serde_json::from_str(json).map_err(|error| KeyError::Json { line: error.line(), column: error.column() })
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings are always JSON")
    }

    /// The `kid`; an empty one is none.
    pub(crate) fn kid(&self) -> Option<&str> {
        given(&self.kid)
    }

    /// The `alg`, if it says one; it has to be a signature algorithm.
    pub(crate) fn algorithm(&self) -> Result<Option<Algorithm>, KeyError> {
        let Some(name) = given(&self.alg) else {
            return Ok(None);
        };
        match name.parse() {
            Ok(algorithm) => Ok(Some(algorithm)),
            Err(crate::UnknownAlgorithm(name)) => Err(KeyError::UnsupportedAlgorithm(name)),
        }
    }

    /// Refuses a key whose `use` (RFC 7517 section 4.2) or `key_ops` (4.3) reserve it for encryption.
    pub(crate) fn check_for_signing(&self) -> Result<(), KeyError> {
        let by_use = given(&self.use_).is_none_or(|u| u == "sig");
        let by_ops = self.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify" || op == "sign"));
        if by_use && by_ops { Ok(()) } else { Err(KeyError::NotForSigning) }
    }
}

/// A member that is there and not empty.
pub(crate) fn given(member: &Option<String>) -> Option<&str> {
    member.as_deref().filter(|text| !text.is_empty())
}

/// The bytes of a required member.
pub(crate) fn bytes(member: &Option<String>, name: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let text = given(member).ok_or(KeyError::Missing(name))?;
    LENIENT.decode(text).map(Zeroizing::new).map_err(|_| KeyError::Malformed(name))
}

/// A required member of exactly `len` bytes: a coordinate or a scalar (RFC 7518 section 6.2.1.2).
pub(crate) fn fixed(member: &Option<String>, name: &'static str, len: usize) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let value = bytes(member, name)?;
    if value.len() == len { Ok(value) } else { Err(KeyError::Malformed(name)) }
}

/// A required big-endian number without leading zeros (RFC 7518 section 2, Base64urlUInt); those that others add are dropped.
pub(crate) fn number(member: &Option<String>, name: &'static str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let value = bytes(member, name)?;
    let zeros = value.iter().take_while(|byte| **byte == 0).count();
    if zeros == value.len() {
        return Err(KeyError::Malformed(name));
    }
    Ok(Zeroizing::new(value[zeros..].to_vec()))
}

/// The text of a member.
pub(crate) fn encode(bytes: &[u8]) -> Option<String> {
    Some(URL_SAFE_NO_PAD.encode(bytes))
}
