//! Our decryption keys.

use std::fmt;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{OaepAlgorithm, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use crate::signature::{Certificate, rsa_pair};

/// How many decryption keys there may be: the current one and the one before.
pub const DECRYPTION_KEYS_MAX: usize = 2;

/// An RSA key that identity providers encrypt assertions for. Printing shows the certificate only.
pub struct DecryptionKey {
    key: OaepPrivateDecryptingKey,
    certificate: Certificate,
}

/// Why a key cannot decrypt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecryptionKeyError {
    /// It is no private key in PEM.
    #[error("not a private key in PEM")]
    NotPem,
    /// It is not an RSA key of at least 2048 bits.
    #[error("the key is not an RSA key of at least 2048 bits")]
    Unsupported,
    /// The certificate is of another key.
    #[error("the certificate is of another key")]
    OtherCertificate,
}

impl DecryptionKey {
    /// Reads an RSA key in PEM (PKCS#8 or PKCS#1), which must be that of `certificate`.
    ///
    /// # Errors
    ///
    /// [`DecryptionKeyError`]; none says anything of the key.
    pub fn from_pem(pem: &[u8], certificate: Certificate) -> Result<Self, DecryptionKeyError> {
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| DecryptionKeyError::NotPem)?;
        let pair = rsa_pair(&der).ok_or(DecryptionKeyError::Unsupported)?;
        if !certificate.is_of(&pair) {
            return Err(DecryptionKeyError::OtherCertificate);
        }
        let pkcs8 = pair.as_der().map_err(|_| DecryptionKeyError::Unsupported)?;
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8.as_ref())
            .ok()
            .and_then(|key| OaepPrivateDecryptingKey::new(key).ok());
        Ok(Self { key: key.ok_or(DecryptionKeyError::Unsupported)?, certificate })
    }

    /// The certificate, to be published.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    pub(super) fn decrypt(&self, algorithm: &'static OaepAlgorithm, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut open = Zeroizing::new(vec![0; self.key.min_output_size()]);
        let length = self.key.decrypt(algorithm, sealed, &mut open, None).ok()?.len();
        open.truncate(length);
        Some(open)
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionKey").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}
