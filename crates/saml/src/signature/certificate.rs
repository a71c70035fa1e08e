//! The keys that are believed, as certificates carry them.
//!
//! A certificate here is a key with dates, nothing more: it is pinned, no chain is built, and no name in it counts.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{KeyPair as _, UnparsedPublicKey};
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject as _};
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode as _, Encode as _};

use super::SignatureAlgorithm;

/// How long an `RSAPublicKey` of 2048 bits is at least, in bytes. Verification counts the bits; this is for telling early.
const RSA_KEY_BYTES_MIN: usize = 256;

/// How many keys may be trusted at once; each may be tried for every signature.
pub const TRUSTED_KEYS_MAX: usize = 16;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const CURVES: [(ObjectIdentifier, KeyKind); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), KeyKind::P256),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), KeyKind::P384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), KeyKind::P521),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa,
    P256,
    P384,
    P521,
}

/// The certificate of a key that signs.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    /// An `RSAPublicKey` or a point.
    key: Vec<u8>,
    kind: KeyKind,
    /// When it holds, first and last second; `None` where dates do not count.
    holds: Option<(Timestamp, Timestamp)>,
}

/// Why a certificate is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It is not an X.509 certificate.
    #[error("not an X.509 certificate: {0}")]
    NotACertificate(String),
    /// Its key is neither RSA nor on a NIST curve.
    #[error("a key of the type {0}, which signs nothing here")]
    UnsupportedKey(String),
    /// Its RSA key has less than 2048 bits.
    #[error("an RSA key of less than 2048 bits")]
    SmallKey,
    /// There is no certificate in the text.
    #[error("no certificates found")]
    None,
    /// Something lies behind the last certificate.
    #[error("trailing data: {0:?}")]
    TrailingData(String),
}

impl Certificate {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    ///
    /// [`CertificateError`] when it is none, or none of use.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let not_one = |error: x509_cert::der::Error| CertificateError::NotACertificate(error.to_string());
        let certificate = x509_cert::Certificate::from_der(der).map_err(not_one)?;
        let tbs = certificate.tbs_certificate();
        let info = tbs.subject_public_key_info();
        let curve = info.algorithm.parameters.as_ref().and_then(|oid| oid.decode_as::<ObjectIdentifier>().ok());
        let kind = match info.algorithm.oid {
            RSA => Some(KeyKind::Rsa),
            EC => CURVES.iter().find(|(oid, _)| Some(*oid) == curve).map(|(_, kind)| *kind),
            _ => None,
        };
        let kind = kind.ok_or_else(|| CertificateError::UnsupportedKey(info.algorithm.oid.to_string()))?;
        let key = info.subject_public_key.as_bytes();
        let key = key.ok_or_else(|| CertificateError::NotACertificate("an odd number of bits".into()))?.to_vec();
        if kind == KeyKind::Rsa && key.len() < RSA_KEY_BYTES_MIN {
            return Err(CertificateError::SmallKey);
        }
        let validity = tbs.validity();
        let second = |time: x509_cert::time::Time| {
            let seconds = i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
            Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
        };
        let holds = Some((second(validity.not_before), second(validity.not_after)));
        let der = certificate.to_der().map_err(not_one)?;
        Ok(Self { der, key, kind, holds })
    }

    /// Reads all certificates of a PEM text. What stands before a certificate is skipped; behind the last one there
    /// may be white space only (connectors-protocol spec, 6.2).
    ///
    /// # Errors
    ///
    /// [`CertificateError`] when one is none, when there is none, or when something is behind them.
    pub fn from_pem(text: &[u8]) -> Result<Vec<Self>, CertificateError> {
        let mut certificates = Vec::new();
        for section in CertificateDer::pem_slice_iter(text) {
            let section = section.map_err(|error: pem::Error| CertificateError::NotACertificate(error.to_string()))?;
            certificates.push(Self::from_der(&section)?);
        }
        if certificates.is_empty() {
            return Err(CertificateError::None);
        }
        let text = String::from_utf8_lossy(text);
        let behind = text.rsplit("-----END ").next().and_then(|last| last.split_once("-----")).map(|(_, rest)| rest);
        match behind.map(str::trim) {
            Some("") => Ok(certificates),
            rest => Err(CertificateError::TrailingData(rest.unwrap_or_default().to_owned())),
        }
    }

    /// The same key, whatever the dates of the certificate say: metadata that was fetched anew vouches for it
    /// (SAML V2.0 Metadata Interoperability Profile §2.6.1).
    #[must_use]
    pub fn whatever_its_dates(self) -> Self {
        Self { holds: None, ..self }
    }

    /// The certificate in DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its key: an `RSAPublicKey` or a point.
    pub(super) fn public_key(&self) -> &[u8] {
        &self.key
    }

    /// Whether it is of this key.
    pub(crate) fn is_of(&self, pair: &RsaKeyPair) -> bool {
        pair.public_key().as_ref() == self.key
    }

    /// The first bytes of its SHA-256 fingerprint, in hex, to tell it from others.
    pub fn fingerprint(&self) -> String {
        let digest = digest::digest(&digest::SHA256, &self.der);
        digest.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The last second at which it holds.
    pub fn not_after(&self) -> Option<Timestamp> {
        self.holds.map(|(_, last)| last)
    }

    /// Whether it holds at a time.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.holds.is_none_or(|(first, last)| first <= now && now <= last)
    }

    /// Whether `signature` over `data` is this key's.
    pub(super) fn verify(&self, algorithm: SignatureAlgorithm, data: &[u8], signature: &[u8]) -> bool {
        let key = || UnparsedPublicKey::new(algorithm.verification(), &self.key);
        self.kind == algorithm.key_kind() && key().verify(data, signature).is_ok()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({:?}, {})", self.kind, self.fingerprint())
    }
}

/// The keys of one identity provider: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKeys {
    certificates: Vec<Certificate>,
    sha1: bool,
}

/// Why keys cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrustedKeysError {
    /// There is none, so anybody's signature would be as good.
    #[error("no key to trust")]
    None,
    /// There are more than [`TRUSTED_KEYS_MAX`].
    #[error("more than {TRUSTED_KEYS_MAX} keys to trust")]
    TooMany,
}

impl TrustedKeys {
    /// Trusts these keys, with SHA-256 and up.
    ///
    /// # Errors
    ///
    /// [`TrustedKeysError`] when there is none or there are too many.
    pub fn new(certificates: Vec<Certificate>) -> Result<Self, TrustedKeysError> {
        match certificates.len() {
            0 => Err(TrustedKeysError::None),
            1..=TRUSTED_KEYS_MAX => Ok(Self { certificates, sha1: false }),
            _ => Err(TrustedKeysError::TooMany),
        }
    }

    /// The same keys, and SHA-1 too if `allowed`.
    #[must_use]
    pub fn with_sha1(self, allowed: bool) -> Self {
        Self { sha1: allowed, ..self }
    }

    /// Whether SHA-1 is believed.
    pub(super) fn sha1(&self) -> bool {
        self.sha1
    }

    /// The keys.
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }
}
