//! From `EncryptedAssertion` to the text in it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::DecryptionKey;
use super::algorithm::{Content, key_transport};
use crate::xml::{Element, Namespace};

/// How many encrypted keys are tried: an identity provider encrypts for each of our certificates.
const ENCRYPTED_KEYS_MAX: usize = 4;

/// Whether a verified signature covers the ciphertext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Covered {
    Yes,
    No,
}

/// Why an assertion stays closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecryptionError {
    /// There is no key to open it with.
    #[error("the assertion is encrypted, and no decryption key is configured")]
    NoKey,
    /// It is encrypted in a way that is not taken, or not built as it must be.
    #[error("{0}")]
    Refused(&'static str),
    /// It does not open. Which step failed is not told, not even to the log.
    #[error("the assertion cannot be decrypted with the configured keys")]
    Closed,
}

/// Opens an `EncryptedAssertion`.
pub(crate) fn decrypt(
    encrypted: &Element,
    keys: &[DecryptionKey],
    covered: Covered,
) -> Result<String, DecryptionError> {
    if keys.is_empty() {
        return Err(DecryptionError::NoKey);
    }
    let shape = DecryptionError::Refused("the encrypted assertion is not built as it must be");
    let data = encrypted.only(Namespace::Encryption, "EncryptedData").ok_or(shape.clone())?;
    let method = data.only(Namespace::Encryption, "EncryptionMethod").ok_or(shape.clone())?;
    let content = Content::from_uri(method.attribute("Algorithm").unwrap_or_default());
    let content = content.ok_or(DecryptionError::Refused("the assertion is not encrypted with AES-GCM or AES-CBC"))?;
    if covered == Covered::No && !content.authenticates() {
        return Err(DecryptionError::Refused(
            "the assertion is encrypted with AES-CBC in a response that is not signed; have the response signed, or \
             AES-GCM used",
        ));
    }
    let transported = transported_keys(encrypted, data)?;
    let sealed = cipher_value(data).ok_or(shape)?;
    let opened = transported.iter().find_map(|(algorithm, sealed_key)| {
        keys.iter().find_map(|key| {
            let key = key.decrypt(algorithm, sealed_key).filter(|key| key.len() == content.key_bytes())?;
            content.decipher(&key, sealed.clone())
        })
    });
    opened.and_then(|text| String::from_utf8(text).ok()).ok_or(DecryptionError::Closed)
}

type Transported = (&'static aws_lc_rs::rsa::OaepAlgorithm, Vec<u8>);

/// The encrypted keys, which stand in the data's `KeyInfo` or beside the data.
fn transported_keys(encrypted: &Element, data: &Element) -> Result<Vec<Transported>, DecryptionError> {
    let inside = data.first(Namespace::Signature, "KeyInfo");
    let inside = inside.into_iter().flat_map(|info| info.all(Namespace::Encryption, "EncryptedKey"));
    let all: Vec<&Element> = inside.chain(encrypted.all(Namespace::Encryption, "EncryptedKey")).collect();
    if all.is_empty() || all.len() > ENCRYPTED_KEYS_MAX {
        return Err(DecryptionError::Refused("there must be between one and four encrypted keys"));
    }
    let read = all.iter().filter_map(|key| {
        let algorithm = key_transport(key.only(Namespace::Encryption, "EncryptionMethod")?)?;
        Some((algorithm, cipher_value(key)?))
    });
    let read: Vec<Transported> = read.collect();
    if read.is_empty() {
        return Err(DecryptionError::Refused(
            "the key of the assertion is not encrypted with RSA-OAEP with SHA-1 or SHA-256 throughout",
        ));
    }
    Ok(read)
}

fn cipher_value(element: &Element) -> Option<Vec<u8>> {
    let data = element.only(Namespace::Encryption, "CipherData")?;
    let text = data.only(Namespace::Encryption, "CipherValue")?.word()?;
    BASE64_STANDARD.decode(text.split_ascii_whitespace().collect::<String>()).ok()
}
