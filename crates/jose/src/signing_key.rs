//! One private key, parsed once, ready to sign.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    encoding::{AsBigEndian, AsDer, Curve25519SeedBin, EcPrivateKeyBin, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPairComponents, KeySize, PublicKeyComponents},
    signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair},
};

use rustls_pki_types::{PrivateKeyDer, pem::PemObject};

use crate::{
    Algorithm, PublicKey,
    algorithm::Curve,
    compact::{attach_signature, header_segment, signing_input},
    error::{KeyError, SignError},
    jwk::{self, Jwk},
    material::{ED25519_LEN, Material},
    primitives::random_hex,
};

/// A private key. Cloning shares it; printing shows its name and algorithm only.
///
/// An RSA key has signed once before anyone gets it, so the set-up of its blinding (0.8 ms) falls into no request.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    kid: String,
    algorithm: Algorithm,
    pair: Pair,
    public: PublicKey,
    /// `{"alg":..,"kid":..}` in base64url.
    header: String,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(Curve, EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// A new key: RSA of 2048 bits, the algorithm's curve, or Ed25519. Its `kid` is 20 random bytes in hex.
    ///
    /// RSA takes about 100 ms, at times several hundred: not for an async thread.
    pub fn generate(algorithm: Algorithm) -> Self {
        const GENERATES: &str = "the library aborts the process itself when it has no entropy";
        let ec = |curve: Curve| Pair::Ec(curve, EcdsaKeyPair::generate(curve.ecdsa()).expect(GENERATES));
        let pair = match algorithm {
            Algorithm::ES256 => ec(Curve::P256),
            Algorithm::ES384 => ec(Curve::P384),
            Algorithm::ES512 => ec(Curve::P521),
            Algorithm::EdDSA => Pair::Ed25519(Ed25519KeyPair::generate().expect(GENERATES)),
            Algorithm::RS256
            | Algorithm::RS384
            | Algorithm::RS512
            | Algorithm::PS256
            | Algorithm::PS384
            | Algorithm::PS512 => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect(GENERATES)),
        };
        let material = pair.material().expect("a generated key is well formed");
        Self::new(random_hex::<20>(), algorithm, pair, material)
            .expect("a generated key fits the algorithm it was made for")
    }

    /// Reads a private JWK as Dex stores it. A missing `alg` is RS256, ES256/384/512 by curve, or EdDSA.
    ///
    /// # Errors
    ///
    /// Any [`KeyError`] but [`KeyError::NotSpki`]. RSA keys need all of `d`, `p`, `q`, `dp`, `dq`, `qi`; every key a `kid`.
    pub fn from_jwk_json(json: &str) -> Result<Self, KeyError> {
        let jwk = Jwk::from_json(json)?;
        jwk.check_for_signing()?;
        let material = Material::from_jwk(&jwk)?;
        let algorithm = jwk.algorithm()?.unwrap_or(material.algorithms()[0]);
        let kid = jwk.kid().ok_or(KeyError::Missing("kid"))?.to_owned();
        Self::new(kid, algorithm, Pair::from_jwk(&jwk, &material)?, material)
    }

    /// Reads an RSA key from PEM: PKCS#8 (RFC 5208) or PKCS#1 (RFC 8017 appendix A.1.2). It signs with RS256 and is called
    /// `kid`, which may be empty: then its tokens name no key.
    ///
    /// # Errors
    ///
    /// [`KeyError::NotPrivatePem`], [`KeyError::RsaSize`].
    pub fn rsa_from_pem(kid: &str, pem: &str) -> Result<Self, KeyError> {
        let pair = match PrivateKeyDer::from_pem_slice(pem.as_bytes()) {
            Ok(PrivateKeyDer::Pkcs8(der)) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(der)) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(KeyError::NotPrivatePem),
        };
        let pair = Pair::Rsa(pair.map_err(|_| KeyError::NotPrivatePem)?);
        let material = pair.material()?;
        Self::new(kid.to_owned(), Algorithm::RS256, pair, material)
    }

    fn new(kid: String, algorithm: Algorithm, pair: Pair, material: Material) -> Result<Self, KeyError> {
        let public = PublicKey::new(Some(kid.clone()), Some(algorithm), material)?;
        let header = header_segment(algorithm, &kid, None);
        let key = Self(Arc::new(Inner { kid, algorithm, pair, public, header }));
        if matches!(key.0.pair, Pair::Rsa(_)) {
            key.sign(b"blinding").map_err(|_| KeyError::Inconsistent)?;
        }
        Ok(key)
    }

    /// The key's name, the same in both halves.
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// What it signs with; always one the key's type can do.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The half to publish, under the same `kid` and `alg`.
    pub fn public(&self) -> PublicKey {
        self.0.public.clone()
    }

    /// The **private** JWK, byte for byte as Dex stores it. For storage alone.
    pub fn to_jwk_json(&self) -> String {
        let mut jwk = self.0.public.to_jwk();
        self.0.pair.write_private(&mut jwk);
        jwk.to_json()
    }

    /// A compact JWS over `payload` with the header `{"alg":..,"kid":..}`, as every token of Dex has it.
    ///
    /// # Errors
    ///
    /// [`SignError`] only if the crypto library fails; an internal error.
    pub fn sign_compact(&self, payload: &[u8]) -> Result<String, SignError> {
        self.finish(signing_input(&self.0.header, payload))
    }

    /// The same with `typ` as the third member of the header, such as `at+jwt` (RFC 9068 section 2.1).
    ///
    /// # Errors
    ///
    /// As [`Self::sign_compact`].
    pub fn sign_compact_typed(&self, typ: &str, payload: &[u8]) -> Result<String, SignError> {
        let header = header_segment(self.0.algorithm, &self.0.kid, Some(typ));
        self.finish(signing_input(&header, payload))
    }

    fn finish(&self, signing_input: String) -> Result<String, SignError> {
        let signature = self.sign(signing_input.as_bytes())?;
        Ok(attach_signature(signing_input, &signature))
    }

    /// The raw JWS signature over `signing_input` (RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1).
    ///
    /// # Errors
    ///
    /// As [`Self::sign_compact`].
    pub fn sign(&self, signing_input: &[u8]) -> Result<Vec<u8>, SignError> {
        let algorithm = self.0.algorithm;
        let signed = match &self.0.pair {
            Pair::Rsa(pair) => {
                let encoding = algorithm.rsa_encoding().ok_or(SignError { algorithm })?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), signing_input, &mut signature).map(|()| signature)
            }
            Pair::Ec(_, pair) => {
                pair.sign(&SystemRandom::new(), signing_input).map(|signature| signature.as_ref().to_vec())
            }
            Pair::Ed25519(pair) => pair.try_sign(signing_input).map(|signature| signature.as_ref().to_vec()),
        };
        signed.map_err(|_| SignError { algorithm })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.0.kid)
            .field("algorithm", &self.0.algorithm)
            .finish_non_exhaustive()
    }
}

impl Pair {
    /// Joins the private members to the public half, and checks that they belong together.
    fn from_jwk(jwk: &Jwk, public: &Material) -> Result<Self, KeyError> {
        let pair = match public {
            Material::Rsa { n, e } => RsaKeyPair::from_components(&KeyPairComponents {
                public_key: PublicKeyComponents { n, e },
                d: jwk::number(&jwk.d, "d")?,
                p: jwk::number(&jwk.p, "p")?,
                q: jwk::number(&jwk.q, "q")?,
                dP: jwk::number(&jwk.dp, "dp")?,
                dQ: jwk::number(&jwk.dq, "dq")?,
                qInv: jwk::number(&jwk.qi, "qi")?,
            })
            .map(Self::Rsa),
            Material::Ec { curve, point } => {
                let d = jwk::fixed(&jwk.d, "d", curve.len())?;
                EcdsaKeyPair::from_private_key_and_public_key(curve.ecdsa(), &d, point)
                    .map(|pair| Self::Ec(*curve, pair))
            }
            Material::Ed25519 { x } => {
                let d = jwk::fixed(&jwk.d, "d", ED25519_LEN)?;
                Ed25519KeyPair::from_seed_and_public_key(&d, x).map(Self::Ed25519)
            }
        };
        pair.map_err(|_| KeyError::Inconsistent)
    }

    fn material(&self) -> Result<Material, KeyError> {
        match self {
            Self::Rsa(pair) => {
                let public = pkcs1::RsaPublicKeyRef::try_from(pair.public_key().as_ref());
                let public = public.map_err(|_| KeyError::Inconsistent)?;
                Material::rsa(public.modulus.as_bytes(), public.public_exponent.as_bytes())
            }
            Self::Ec(curve, pair) => Material::ec(*curve, pair.public_key().as_ref()),
            Self::Ed25519(pair) => Material::ed25519(pair.public_key().as_ref()),
        }
    }

    fn write_private(&self, jwk: &mut Jwk) {
        match self {
            Self::Rsa(pair) => write_rsa(pair, jwk),
            Self::Ec(_, pair) => {
                let d: EcPrivateKeyBin<'_> =
                    pair.private_key().as_be_bytes().expect("the library can export the scalar of a key it signs with");
                jwk.d = jwk::encode(d.as_ref());
            }
            Self::Ed25519(pair) => {
                let seed = pair.seed().expect("the library keeps the seed of a key");
                let d: Curve25519SeedBin<'_> = seed.as_be_bytes().expect("a seed is 32 bytes");
                jwk.d = jwk::encode(d.as_ref());
            }
        }
    }
}

/// The library gives an RSA key's numbers only inside PKCS#8 (RFC 5208) around PKCS#1 (RFC 8017 appendix A.1.2).
fn write_rsa(pair: &RsaKeyPair, jwk: &mut Jwk) {
    const OWN_DER: &str = "the library writes well-formed DER";
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("the library can export a key it signs with");
    let info = pkcs8::PrivateKeyInfoRef::try_from(der.as_ref()).expect(OWN_DER);
    let key = pkcs1::RsaPrivateKeyRef::try_from(info.private_key.as_bytes()).expect(OWN_DER);
    jwk.d = jwk::encode(key.private_exponent.as_bytes());
    jwk.p = jwk::encode(key.prime1.as_bytes());
    jwk.q = jwk::encode(key.prime2.as_bytes());
    jwk.dp = jwk::encode(key.exponent1.as_bytes());
    jwk.dq = jwk::encode(key.exponent2.as_bytes());
    jwk.qi = jwk::encode(key.coefficient.as_bytes());
}
