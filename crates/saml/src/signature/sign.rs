//! Signing our own messages.

use std::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;

use super::{Certificate, DigestAlgorithm, SignatureAlgorithm};
use crate::xml::{Canonicalization, canonicalize, escape};

/// A private key of ours with its certificate. Printing shows the certificate only.
pub struct SigningKey {
    pair: Pair,
    certificate: Certificate,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(SignatureAlgorithm, Box<EcdsaKeyPair>),
}

/// Why a key cannot sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// It is no private key in PEM.
    #[error("not a private key in PEM")]
    NotPem,
    /// It is neither RSA of 2048 bits or more nor P-256 nor P-384.
    #[error("the key is neither RSA of at least 2048 bits nor P-256 nor P-384")]
    Unsupported,
    /// The certificate is of another key.
    #[error("the certificate is of another key")]
    OtherCertificate,
}

impl SigningKey {
    /// Reads a private key in PEM (PKCS#8, PKCS#1 or SEC 1), which must be that of `certificate`.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError`]; none says anything of the key.
    pub fn from_pem(pem: &[u8], certificate: Certificate) -> Result<Self, SigningKeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| SigningKeyError::NotPem)?;
        let pair = rsa_pair(&der).map(|pair| Pair::Rsa(Box::new(pair))).or_else(|| ec_pair(&der));
        let pair = pair.ok_or(SigningKeyError::Unsupported)?;
        let public = match &pair {
            Pair::Rsa(pair) => pair.public_key().as_ref(),
            Pair::Ec(_, pair) => pair.public_key().as_ref(),
        };
        if public != certificate.public_key() {
            return Err(SigningKeyError::OtherCertificate);
        }
        Ok(Self { pair, certificate })
    }

    /// The certificate, to be published.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(super) fn algorithm(&self) -> SignatureAlgorithm {
        match self.pair {
            Pair::Rsa(_) => SignatureAlgorithm::RsaSha256,
            Pair::Ec(algorithm, _) => algorithm,
        }
    }

    pub(super) fn sign(&self, data: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = pair.sign(&RSA_PKCS1_SHA256, &random, data, &mut signature);
                signed.expect("a key of at least 2048 bits has room for SHA-256");
                signature
            }
            Pair::Ec(_, pair) => {
                let signature = pair.sign(&random, data).expect("the library aborts itself when it has no entropy");
                signature.as_ref().to_vec()
            }
        }
    }
}

/// An RSA key of at least 2048 bits, as the library takes it.
pub(crate) fn rsa_pair(der: &PrivateKeyDer<'_>) -> Option<RsaKeyPair> {
    match der {
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()).ok(),
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok(),
        _ => None,
    }
}

fn ec_pair(der: &PrivateKeyDer<'_>) -> Option<Pair> {
    let curves = [
        (SignatureAlgorithm::EcdsaSha256, &ECDSA_P256_SHA256_FIXED_SIGNING),
        (SignatureAlgorithm::EcdsaSha384, &ECDSA_P384_SHA384_FIXED_SIGNING),
    ];
    curves.into_iter().find_map(|(algorithm, curve)| {
        let pair = EcdsaKeyPair::from_private_key_der(curve, der.secret_der()).ok()?;
        Some(Pair::Ec(algorithm, Box::new(pair)))
    })
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// A message in two halves, with a signature of its root between them. `id` is the `ID` of the root.
pub(crate) fn sign_enveloped((head, tail): (&str, &str), id: &str, key: &SigningKey) -> String {
    let digest = DigestAlgorithm::Sha256.digest(canonical(&format!("{head}{tail}")).as_bytes());
    let how = Canonicalization::exclusive();
    let info = format!(
        "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
         <ds:CanonicalizationMethod Algorithm=\"{c14n}\"></ds:CanonicalizationMethod>\
         <ds:SignatureMethod Algorithm=\"{signature}\"></ds:SignatureMethod>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></ds:Transform>\
         <ds:Transform Algorithm=\"{c14n}\"></ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"{method}\"></ds:DigestMethod>\
         <ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
        c14n = how.uri(),
        signature = key.algorithm().uri(),
        id = escape(id),
        method = DigestAlgorithm::Sha256.uri(),
        digest = BASE64_STANDARD.encode(digest.as_ref()),
    );
    format!(
        "{head}<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{info}<ds:SignatureValue>{value}\
         </ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate>\
         </ds:X509Data></ds:KeyInfo></ds:Signature>{tail}",
        value = BASE64_STANDARD.encode(key.sign(canonical(&info).as_bytes())),
        certificate = BASE64_STANDARD.encode(key.certificate().der()),
    )
}

fn canonical(own: &str) -> String {
    canonicalize(own, 0, false, &Canonicalization::exclusive()).expect("what we write is well-formed")
}
