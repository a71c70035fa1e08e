//! The algorithms of XML Encryption that are taken.

use aws_lc_rs::aead::{self, AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm};

use crate::signature::DigestAlgorithm;
use crate::xml::{Element, Namespace};

/// The length of an initialisation vector of AES-CBC, in bytes.
const CBC_VECTOR: usize = 16;

/// How the content is encrypted (XML Encryption §5.2).
#[derive(Clone, Copy)]
pub(super) enum Content {
    Gcm(&'static aead::Algorithm),
    Cbc(&'static cipher::Algorithm, usize),
}

impl Content {
    pub(super) fn from_uri(uri: &str) -> Option<Self> {
        Some(match uri {
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Self::Gcm(&AES_128_GCM),
            "http://www.w3.org/2009/xmlenc11#aes192-gcm" => Self::Gcm(&AES_192_GCM),
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Self::Gcm(&AES_256_GCM),
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => Self::Cbc(&AES_128, 16),
            "http://www.w3.org/2001/04/xmlenc#aes192-cbc" => Self::Cbc(&AES_192, 24),
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => Self::Cbc(&AES_256, 32),
            _ => return None,
        })
    }

    /// Whether a changed ciphertext is noticed.
    pub(super) fn authenticates(self) -> bool {
        matches!(self, Self::Gcm(_))
    }

    pub(super) fn key_bytes(self) -> usize {
        match self {
            Self::Gcm(algorithm) => algorithm.key_len(),
            Self::Cbc(_, bytes) => bytes,
        }
    }

    /// Deciphers in place. The vector is in front.
    pub(super) fn decipher(self, key: &[u8], mut sealed: Vec<u8>) -> Option<Vec<u8>> {
        match self {
            Self::Gcm(algorithm) => {
                let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
                let mut content = sealed.split_off(algorithm.nonce_len().min(sealed.len()));
                let nonce = Nonce::try_assume_unique_for_key(&sealed).ok()?;
                let open = key.open_in_place(nonce, Aad::empty(), &mut content).ok()?.len();
                content.truncate(open);
                Some(content)
            }
            Self::Cbc(algorithm, _) => {
                let key = UnboundCipherKey::new(algorithm, key).ok()?;
                let key = PaddedBlockDecryptingKey::cbc_iso10126(key).ok()?;
                let mut content = sealed.split_off(CBC_VECTOR.min(sealed.len()));
                let vector = FixedLength::from(<[u8; CBC_VECTOR]>::try_from(sealed).ok()?);
                let open = key.decrypt(&mut content, DecryptionContext::Iv128(vector)).ok()?.len();
                content.truncate(open);
                Some(content)
            }
        }
    }
}

/// How the key of the content is encrypted (XML Encryption §5.5): RSA-OAEP, with SHA-1 or SHA-256 in both places.
pub(super) fn key_transport(method: &Element) -> Option<&'static OaepAlgorithm> {
    let digest = method.first(Namespace::Signature, "DigestMethod").map(|digest| digest.attribute("Algorithm"));
    let digest = match digest {
        Some(uri) => DigestAlgorithm::from_uri(uri?)?,
        None => DigestAlgorithm::Sha1,
    };
    if method.first(Namespace::Encryption, "OAEPparams").is_some() {
        return None;
    }
    let mask = method.first(Namespace::Encryption11, "MGF").and_then(|mask| mask.attribute("Algorithm"));
    let mask = match (method.attribute("Algorithm")?, mask) {
        ("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", _)
        | ("http://www.w3.org/2009/xmlenc11#rsa-oaep", None | Some("http://www.w3.org/2009/xmlenc11#mgf1sha1")) => {
            DigestAlgorithm::Sha1
        }
        ("http://www.w3.org/2009/xmlenc11#rsa-oaep", Some("http://www.w3.org/2009/xmlenc11#mgf1sha256")) => {
            DigestAlgorithm::Sha256
        }
        _ => return None,
    };
    match (digest, mask) {
        (DigestAlgorithm::Sha1, DigestAlgorithm::Sha1) => Some(&OAEP_SHA1_MGF1SHA1),
        (DigestAlgorithm::Sha256, DigestAlgorithm::Sha256) => Some(&OAEP_SHA256_MGF1SHA256),
        _ => None,
    }
}
