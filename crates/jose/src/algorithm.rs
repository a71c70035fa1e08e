//! The signature algorithms, by their JOSE names, and what each is in the crypto library.

use std::{fmt, str::FromStr};

use aws_lc_rs::{
    digest,
    signature::{self, EcdsaSigningAlgorithm, RsaParameters, RsaSignatureEncoding},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::error::excerpt;

/// A signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1). No HMAC and no `none`: neither has a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PSS with SHA-384.
    PS384,
    /// RSASSA-PSS with SHA-512.
    PS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// ECDSA on P-521 with SHA-512.
    ES512,
    /// Ed25519; Ed448 is not supported.
    EdDSA,
}

/// A text that names no [`Algorithm`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown signature algorithm {0:?}")]
pub struct UnknownAlgorithm(pub String);

impl Algorithm {
    /// Every algorithm, for callers that accept whatever the keys can do.
    pub const ALL: [Self; 10] = [
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::EdDSA,
    ];

    /// The JOSE name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::ES512 => "ES512",
            Self::EdDSA => "EdDSA",
        }
    }

    /// The digest of `data` by this algorithm's hash: what a remote signer is given for RSA and ECDSA.
    ///
    /// For EdDSA it is SHA-512, which serves `at_hash` only: an Ed25519 signer is given the message itself.
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        let hash = match self {
            Self::RS256 | Self::PS256 | Self::ES256 => &digest::SHA256,
            Self::RS384 | Self::PS384 | Self::ES384 => &digest::SHA384,
            Self::RS512 | Self::PS512 | Self::ES512 | Self::EdDSA => &digest::SHA512,
        };
        digest::digest(hash, data).as_ref().to_vec()
    }

    /// How the library pads and hashes to sign with RSA; `None` when this is no RSA algorithm.
    pub(crate) fn rsa_encoding(self) -> Option<&'static RsaSignatureEncoding> {
        Some(match self {
            Self::RS256 => &signature::RSA_PKCS1_SHA256,
            Self::RS384 => &signature::RSA_PKCS1_SHA384,
            Self::RS512 => &signature::RSA_PKCS1_SHA512,
            Self::PS256 => &signature::RSA_PSS_SHA256,
            Self::PS384 => &signature::RSA_PSS_SHA384,
            Self::PS512 => &signature::RSA_PSS_SHA512,
            Self::ES256 | Self::ES384 | Self::ES512 | Self::EdDSA => return None,
        })
    }

    /// The same for verifying.
    pub(crate) fn rsa_parameters(self) -> Option<&'static RsaParameters> {
        Some(match self {
            Self::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Self::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
            Self::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
            Self::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
            Self::ES256 | Self::ES384 | Self::ES512 | Self::EdDSA => return None,
        })
    }
}

/// A curve of RFC 7518 section 6.2.1.1. Each has one algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    /// Length of a coordinate and of the private scalar, in bytes.
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// Signing in the fixed-width form of RFC 7518 section 3.4; dereferences to the matching verification.
    pub(crate) fn ecdsa(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            Self::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            Self::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
        }
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        let known = Self::ALL.into_iter().find(|alg| alg.as_str() == name);
        known.ok_or_else(|| UnknownAlgorithm(excerpt(name)))
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `at_hash` of an access token, `c_hash` of a code (OpenID Connect Core sections 3.1.3.6 and 3.3.2.11).
///
/// The left half of the hash that the ID token's algorithm uses, base64url without padding. Ed25519 hashes with SHA-512 inside,
/// and so does everyone's `at_hash` with EdDSA.
pub fn half_hash(alg: Algorithm, value: &str) -> String {
    let hash = alg.digest(value.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_jose_names_in_text_and_json() {
        for alg in Algorithm::ALL {
            assert_eq!(alg.as_str().parse(), Ok(alg));
            assert_eq!(alg.to_string(), format!("{alg:?}"));
            let json = serde_json::to_string(&alg).unwrap();
            assert_eq!(json, format!("\"{alg}\""));
            assert_eq!(serde_json::from_str::<Algorithm>(&json).unwrap(), alg);
        }
        for wrong in ["", "none", "HS256", "rs256", "RS256 ", "eddsa", "ES256K"] {
            assert!(wrong.parse::<Algorithm>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn half_hash_is_the_left_half_by_algorithm() {
        let token = "ya29.CjHSA1l5WUn8xZ6HanHFzzdHdbXm-14rxnC7JHch9eFIsZkQEGoWzaYG4o7k5f6BnPLj";
        // The vector of Dex's own tests.
        assert_eq!(half_hash(Algorithm::RS256, token), "piwt8oCH-K2D9pXlaS1Y-w");
        // OpenID Connect Core appendix A.3 and A.4.
        let example = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(Algorithm::RS256, example), "77QmUPtjPfzWtF2AnpK9RQ");
        let code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
        assert_eq!(half_hash(Algorithm::ES256, code), "LDktKdoQak3Pk0cnXxCltA");
        for (alg, chars) in
            [(Algorithm::PS256, 22), (Algorithm::ES384, 32), (Algorithm::RS512, 43), (Algorithm::EdDSA, 43)]
        {
            assert_eq!(half_hash(alg, token).len(), chars, "{alg}");
        }
        assert_eq!(half_hash(Algorithm::EdDSA, token), half_hash(Algorithm::ES512, token));
    }
}
