//! One public key, parsed once, with every algorithm it may verify.

use std::{fmt, sync::Arc};

use aws_lc_rs::signature::ParsedPublicKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    Algorithm,
    error::{KeyError, VerifyError},
    jwk::Jwk,
    material::Material,
    spki,
};

/// A public key for signatures. Cloning shares it; nothing is parsed again for a verification.
///
/// In serde it is a JWK object, written as Dex stores and publishes it: `use`, `kty`, `kid`, `crv`, `alg`, `x`, `y`, `n`, `e`,
/// absent members left out. Certificates (`x5c` and its like) are not kept.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    kid: Option<String>,
    algorithm: Option<Algorithm>,
    material: Material,
    /// One for each algorithm the key may verify; a single one when the key says its own.
    verifiers: Vec<(Algorithm, ParsedPublicKey)>,
}

impl PublicKey {
    /// Reads a public JWK. Private members are ignored, a missing `alg` stays missing.
    ///
    /// # Errors
    ///
    /// Any [`KeyError`] but [`KeyError::NotSpki`]. In a foreign key set this is a key to pass over.
    pub fn from_jwk_json(json: &str) -> Result<Self, KeyError> {
        Self::from_jwk(&Jwk::from_json(json)?)
    }

    pub(crate) fn from_jwk(jwk: &Jwk) -> Result<Self, KeyError> {
        jwk.check_for_signing()?;
        let kid = jwk.kid().map(str::to_owned);
        Self::new(kid, jwk.algorithm()?, Material::from_jwk(jwk)?)
    }

    /// Reads a SubjectPublicKeyInfo in DER: RSA, P-256, P-384, P-521 (uncompressed points) or Ed25519.
    ///
    /// The `alg` becomes the default of the type (RS256, ES256, ES384, ES512, EdDSA) and the `kid` the
    /// [thumbprint](Self::thumbprint), which is what Dex does for keys held in Vault.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotSpki`], [`KeyError::UnsupportedType`], [`KeyError::RsaSize`], [`KeyError::Malformed`] or
    /// [`KeyError::Inconsistent`].
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::named_by_thumbprint(spki::from_der(der)?)
    }

    /// The same from PEM (`-----BEGIN PUBLIC KEY-----`).
    ///
    /// # Errors
    ///
    /// As [`Self::from_spki_der`].
    pub fn from_spki_pem(pem: &str) -> Result<Self, KeyError> {
        Self::named_by_thumbprint(spki::from_pem(pem)?)
    }

    /// The same from the 32 bytes of an Ed25519 key.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] for any other length, [`KeyError::Inconsistent`] if they are no point of the curve.
    pub fn from_ed25519_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        Self::named_by_thumbprint(Material::ed25519(bytes)?)
    }

    fn named_by_thumbprint(material: Material) -> Result<Self, KeyError> {
        let algorithm = material.algorithms()[0];
        Self::new(Some(material.thumbprint()), Some(algorithm), material)
    }

    pub(crate) fn new(kid: Option<String>, algorithm: Option<Algorithm>, material: Material) -> Result<Self, KeyError> {
        let own = algorithm.as_ref().map(std::slice::from_ref);
        let verifiers = own
            .unwrap_or(material.algorithms())
            .iter()
            .map(|algorithm| Ok((*algorithm, material.verifier(*algorithm)?)))
            .collect::<Result<_, KeyError>>()?;
        Ok(Self(Arc::new(Inner { kid, algorithm, material, verifiers })))
    }

    /// The key's name; an empty one counts as none.
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// The `alg` the key itself says. Without one an RSA key verifies RS* and PS* alike.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.0.algorithm
    }

    /// The `alg` it says or, for keys that lack it, RS256, ES256/384/512 by curve, EdDSA.
    pub fn inferred_algorithm(&self) -> Algorithm {
        self.0.algorithm.unwrap_or(self.0.material.algorithms()[0])
    }

    /// Whether the key may verify `algorithm`: its type can do it and its own `alg`, if any, says so.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        self.verifier(algorithm).is_some()
    }

    /// The same numbers under another name, for signers that choose their own `kid`.
    pub fn with_kid(&self, kid: &str) -> Self {
        let kid = Some(kid.to_owned()).filter(|kid| !kid.is_empty());
        Self(Arc::new(Inner {
            kid,
            algorithm: self.0.algorithm,
            material: self.0.material.clone(),
            verifiers: self.0.verifiers.clone(),
        }))
    }

    /// RFC 7638 thumbprint with SHA-256, base64url without padding.
    pub fn thumbprint(&self) -> String {
        self.0.material.thumbprint()
    }

    /// Compact JWK JSON, byte for byte as Dex stores it.
    pub fn to_jwk_json(&self) -> String {
        self.to_jwk().to_json()
    }

    pub(crate) fn to_jwk(&self) -> Jwk {
        let alg = self.0.algorithm.map(Algorithm::as_str);
        let mut jwk = Jwk::new("sig", self.kid(), alg);
        self.0.material.write_to(&mut jwk);
        jwk
    }

    /// Checks the raw JWS signature over `signing_input` (RFC 7515 section 5.2).
    ///
    /// # Errors
    ///
    /// [`VerifyError::AlgorithmMismatch`] when the key does not [fit](Self::fits), else [`VerifyError::BadSignature`].
    pub fn verify(&self, algorithm: Algorithm, signing_input: &[u8], signature: &[u8]) -> Result<(), VerifyError> {
        let verifier = self.verifier(algorithm).ok_or(VerifyError::AlgorithmMismatch(algorithm))?;
        verifier.verify_sig(signing_input, signature).map_err(|_| VerifyError::BadSignature)
    }

    fn verifier(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        let mut verifiers = self.0.verifiers.iter();
        verifiers.find(|(fits, _)| *fits == algorithm).map(|(_, verifier)| verifier)
    }
}

/// Same name, same `alg`, same numbers.
impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.kid == other.0.kid && self.0.algorithm == other.0.algorithm && self.0.material == other.0.material
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("kid", &self.0.kid)
            .field("kty", &self.0.material.kty())
            .field("algorithm", &self.0.algorithm)
            .finish()
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_jwk().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let jwk = Jwk::deserialize(deserializer)?;
        Self::from_jwk(&jwk).map_err(de::Error::custom)
    }
}
