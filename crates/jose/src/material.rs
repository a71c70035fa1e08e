//! The mathematics of a public key: its numbers, the algorithms they fit, their JWK members and thumbprint.

use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RsaPublicKeyComponents, VerificationAlgorithm};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    Algorithm,
    algorithm::Curve,
    error::{KeyError, excerpt},
    jwk::{self, Jwk},
    primitives::sha256,
};

/// Accepted RSA moduli, in bits: what the crypto library verifies with.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Length of an Ed25519 public key and of its private seed, in bytes.
pub(crate) const ED25519_LEN: usize = 32;

/// The numbers of a public key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Material {
    /// Both big-endian without leading zeros.
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// The uncompressed point of SEC 1 section 2.3.3: `04 || x || y`.
    Ec {
        curve: Curve,
        point: Vec<u8>,
    },
    Ed25519 {
        x: [u8; ED25519_LEN],
    },
}

impl Material {
    /// An RSA key from its numbers, given without leading zeros.
    pub(crate) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        let bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
        if !RSA_BITS.contains(&bits) {
            return Err(KeyError::RsaSize { bits });
        }
        Ok(Self::Rsa { n: n.to_vec(), e: e.to_vec() })
    }

    /// An elliptic curve key from its uncompressed point. Whether that lies on the curve shows in [`Self::verifier`].
    pub(crate) fn ec(curve: Curve, point: &[u8]) -> Result<Self, KeyError> {
        if point.first() != Some(&4) || point.len() != 1 + 2 * curve.len() {
            return Err(KeyError::Malformed("x"));
        }
        Ok(Self::Ec { curve, point: point.to_vec() })
    }

    pub(crate) fn ed25519(x: &[u8]) -> Result<Self, KeyError> {
        let x = x.try_into().map_err(|_| KeyError::Malformed("x"))?;
        Ok(Self::Ed25519 { x })
    }

    pub(crate) fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        let kty = jwk::given(&jwk.kty).ok_or(KeyError::Missing("kty"))?;
        let crv = || jwk::given(&jwk.crv).ok_or(KeyError::Missing("crv"));
        match kty {
            "RSA" => Self::rsa(&jwk::number(&jwk.n, "n")?, &jwk::number(&jwk.e, "e")?),
            "EC" => {
                let crv = crv()?;
                let curve = Curve::ALL
                    .into_iter()
                    .find(|curve| curve.name() == crv)
                    .ok_or_else(|| KeyError::UnsupportedType(excerpt(crv)))?;
                let x = jwk::fixed(&jwk.x, "x", curve.len())?;
                let y = jwk::fixed(&jwk.y, "y", curve.len())?;
                Self::ec(curve, &[&[4], x.as_slice(), y.as_slice()].concat())
            }
            "OKP" => match crv()? {
                "Ed25519" => Self::ed25519(&jwk::bytes(&jwk.x, "x")?),
                other => Err(KeyError::UnsupportedType(excerpt(other))),
            },
            other => Err(KeyError::UnsupportedType(excerpt(other))),
        }
    }

    /// Writes `kty` and the public members.
    pub(crate) fn write_to(&self, jwk: &mut Jwk) {
        jwk.kty = Some(self.kty().to_owned());
        match self {
            Self::Rsa { n, e } => {
                jwk.n = jwk::encode(n);
                jwk.e = jwk::encode(e);
            }
            Self::Ec { curve, point } => {
                let (x, y) = coordinates(*curve, point);
                jwk.crv = Some(curve.name().to_owned());
                jwk.x = jwk::encode(x);
                jwk.y = jwk::encode(y);
            }
            Self::Ed25519 { x } => {
                jwk.crv = Some("Ed25519".to_owned());
                jwk.x = jwk::encode(x);
            }
        }
    }

    pub(crate) fn kty(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "RSA",
            Self::Ec { .. } => "EC",
            Self::Ed25519 { .. } => "OKP",
        }
    }

    /// What the key can do; the first is meant when it does not say.
    pub(crate) fn algorithms(&self) -> &'static [Algorithm] {
        use Algorithm::{ES256, ES384, ES512, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
        match self {
            Self::Rsa { .. } => &[RS256, RS384, RS512, PS256, PS384, PS512],
            Self::Ec { curve: Curve::P256, .. } => &[ES256],
            Self::Ec { curve: Curve::P384, .. } => &[ES384],
            Self::Ec { curve: Curve::P521, .. } => &[ES512],
            Self::Ed25519 { .. } => &[EdDSA],
        }
    }

    /// The key as the crypto library holds it to verify `algorithm`.
    pub(crate) fn verifier(&self, algorithm: Algorithm) -> Result<ParsedPublicKey, KeyError> {
        let mismatch = KeyError::AlgorithmMismatch { algorithm, kty: self.kty() };
        if !self.algorithms().contains(&algorithm) {
            return Err(mismatch);
        }
        let parsed = match self {
            Self::Rsa { n, e } => {
                let parameters = algorithm.rsa_parameters().ok_or(mismatch)?;
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters)
            }
            Self::Ec { curve, point } => {
                let ecdsa: &'static dyn VerificationAlgorithm = &**curve.ecdsa();
                ParsedPublicKey::new(ecdsa, point)
            }
            Self::Ed25519 { x } => ParsedPublicKey::new(&ED25519, x),
        };
        parsed.map_err(|_| KeyError::Inconsistent)
    }

    /// RFC 7638 section 3: SHA-256 over the required members in lexical order, base64url.
    pub(crate) fn thumbprint(&self) -> String {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let json = match self {
            Self::Rsa { n, e } => {
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n))
            }
            Self::Ec { curve, point } => {
                let (x, y) = coordinates(*curve, point);
                let (crv, x, y) = (curve.name(), encode(x), encode(y));
                format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Self::Ed25519 { x } => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encode(x))
            }
        };
        encode(&sha256(json.as_bytes()))
    }
}

/// `x` and `y` of an uncompressed point.
fn coordinates(curve: Curve, point: &[u8]) -> (&[u8], &[u8]) {
    point[1..].split_at(curve.len())
}
