//! Sealing: what leaves us and must come back unread and unchanged (authenticated encryption, AES-256-GCM).
//!
//! A sealed text is base64url without padding of `version (1) || key id (4) || nonce (12) || ciphertext || tag (16)`, lengths in
//! bytes. The key id says which key to open with after a change of keys; it is derived from the key, so replicas that share a key
//! agree on it. When a sealed thing expires is for its plaintext to say.

use std::{fmt, sync::Arc};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    error::{KeyError, excerpt},
    jwk::{self, Jwk},
    primitives::{hex, hmac_sha256, random_bytes},
};

/// How many earlier keys a [`Sealer`] opens with.
pub const PREVIOUS_KEYS_MAX: usize = 8;

const VERSION: u8 = 1;
const ID_LEN: usize = 4;
const HEAD_LEN: usize = 1 + ID_LEN;
const KEY_LEN: usize = 32;

/// What the id and the default name of a key are derived under.
const NAME_LABEL: &[u8] = b"dex seal key name";

/// A key to seal with. Printing shows its name only.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SealKey {
    #[zeroize(skip)]
    kid: String,
    key: [u8; KEY_LEN],
}

impl SealKey {
    /// A new random key.
    pub fn generate() -> Self {
        Self::from_bytes(random_bytes())
    }

    /// A key from 32 bytes that are as good as random, named after their own HMAC: the same bytes, the same name.
    pub fn from_bytes(key: [u8; KEY_LEN]) -> Self {
        let kid = hex(&hmac_sha256(&key, NAME_LABEL)[..20]);
        Self { kid, key }
    }

    /// The key for one purpose alone. What is sealed for one purpose, however often, then tells nothing about the others.
    #[must_use]
    pub fn for_purpose(&self, purpose: &str) -> Self {
        Self::from_bytes(hmac_sha256(&self.key, purpose.as_bytes()))
    }

    /// Reads `{"use":"enc","kty":"oct","kid":..,"alg":"A256GCM","k":..}`. Without a `kid` it is named as by [`Self::from_bytes`].
    ///
    /// # Errors
    ///
    /// [`KeyError::Json`], [`KeyError::Missing`], [`KeyError::Malformed`] if `k` is not 32 bytes,
    /// [`KeyError::UnsupportedType`] for another `kty`, [`KeyError::UnsupportedAlgorithm`] for another `alg`.
    pub fn from_jwk_json(json: &str) -> Result<Self, KeyError> {
        let jwk = Jwk::from_json(json)?;
        match jwk::given(&jwk.kty).ok_or(KeyError::Missing("kty"))? {
            "oct" => {}
            other => return Err(KeyError::UnsupportedType(excerpt(other))),
        }
        if let Some(other) = jwk::given(&jwk.alg).filter(|alg| *alg != "A256GCM") {
            return Err(KeyError::UnsupportedAlgorithm(excerpt(other)));
        }
        let bytes = jwk::fixed(&jwk.k, "k", KEY_LEN)?;
        let mut key = [0; KEY_LEN];
        key.copy_from_slice(&bytes);
        let mut read = Self::from_bytes(key);
        key.zeroize();
        if let Some(kid) = jwk.kid() {
            kid.clone_into(&mut read.kid);
        }
        Ok(read)
    }

    /// The **secret** JWK, members in the order above. For storage alone.
    pub fn to_jwk_json(&self) -> String {
        let mut jwk = Jwk::new("enc", Some(&self.kid), Some("A256GCM"));
        jwk.kty = Some("oct".to_owned());
        jwk.k = jwk::encode(&self.key);
        jwk.to_json()
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        &self.kid
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// More than [`PREVIOUS_KEYS_MAX`] earlier keys were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{given} earlier keys; at most {PREVIOUS_KEYS_MAX} are kept")]
pub struct TooManyKeys {
    /// How many.
    pub given: usize,
}

/// Why a sealed text does not open. To whoever sent it, all are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not canonical base64url, or too short to be sealed.
    #[error("not a sealed text")]
    Malformed,
    /// Sealed by a later version of dex, or not by dex.
    #[error("sealed in version {0}, which is not known here")]
    Version(u8),
    /// Sealed with a key that is no longer, or not yet, held here.
    #[error("sealed with a key that is not held here")]
    UnknownKey,
    /// Altered, or sealed for another purpose (`aad`).
    #[error("the sealed text was altered or is meant for something else")]
    Refused,
}

/// Seals with the current key, opens with it and the earlier ones. Cloning shares it.
#[derive(Clone)]
pub struct Sealer(Arc<[Held]>);

struct Held {
    id: [u8; ID_LEN],
    key: RandomizedNonceKey,
}

impl Held {
    fn new(key: &SealKey) -> Self {
        let mut id = [0; ID_LEN];
        id.copy_from_slice(&hmac_sha256(&key.key, NAME_LABEL)[..ID_LEN]);
        let key = RandomizedNonceKey::new(&AES_256_GCM, &key.key).expect("AES-256 takes 32 bytes");
        Self { id, key }
    }

    fn head(&self) -> [u8; HEAD_LEN] {
        let mut head = [VERSION; HEAD_LEN];
        head[1..].copy_from_slice(&self.id);
        head
    }
}

/// The caller's purpose, and our head with it, so that neither can be exchanged.
fn bound(head: &[u8], aad: &[u8]) -> Aad<Vec<u8>> {
    Aad::from([head, aad].concat())
}

impl Sealer {
    /// A sealer that opens what `previous` sealed as well.
    ///
    /// A key is good for 2³² sealed texts (NIST SP 800-38D section 8.3, random nonces): change it long before.
    ///
    /// # Errors
    ///
    /// [`TooManyKeys`] for more than [`PREVIOUS_KEYS_MAX`] earlier ones.
    pub fn new(current: &SealKey, previous: &[SealKey]) -> Result<Self, TooManyKeys> {
        if previous.len() > PREVIOUS_KEYS_MAX {
            return Err(TooManyKeys { given: previous.len() });
        }
        Ok(Self(std::iter::once(current).chain(previous).map(Held::new).collect()))
    }

    /// Encrypts `plaintext` for the purpose `aad`, which [`Self::open`] must be told again. Adds 33 bytes, then a third.
    ///
    /// How long it may be is for the carrier to say; the work is linear in it.
    pub fn seal(&self, plaintext: &[u8], aad: &[u8]) -> String {
        let current = &self.0[0];
        let head = current.head();
        let mut body = plaintext.to_vec();
        let nonce = current
            .key
            .seal_in_place_append_tag(bound(&head, aad), &mut body)
            .expect("AES-GCM takes any text that fits in memory");
        URL_SAFE_NO_PAD.encode([head.as_slice(), nonce.as_ref(), &body].concat())
    }

    /// Gives back what [`Self::seal`] was given for the same `aad`.
    ///
    /// # Errors
    ///
    /// [`OpenError`]. Nothing of the plaintext is seen before all of it is known to be unchanged.
    pub fn open(&self, sealed: &str, aad: &[u8]) -> Result<Vec<u8>, OpenError> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| OpenError::Malformed)?;
        let (head, rest) = sealed.split_first_chunk::<HEAD_LEN>().ok_or(OpenError::Malformed)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(OpenError::Malformed)?;
        if head[0] != VERSION {
            return Err(OpenError::Version(head[0]));
        }
        let held = self.0.iter().find(|held| held.head() == *head).ok_or(OpenError::UnknownKey)?;
        let mut body = body.to_vec();
        let opened = held
            .key
            .open_in_place(Nonce::assume_unique_for_key(*nonce), bound(head, aad), &mut body)
            .map_err(|_| OpenError::Refused)?;
        let length = opened.len();
        body.truncate(length);
        Ok(body)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealKey {
        SealKey::from_bytes([byte; KEY_LEN])
    }

    fn sealer(current: u8, previous: &[u8]) -> Sealer {
        let previous: Vec<_> = previous.iter().map(|byte| key(*byte)).collect();
        Sealer::new(&key(current), &previous).unwrap()
    }

    #[test]
    fn opens_what_it_sealed_for_the_same_purpose() {
        let sealer = sealer(1, &[]);
        for plaintext in [b"".as_slice(), b"x", &[0xff; 5000]] {
            let sealed = sealer.seal(plaintext, b"purpose");
            assert_eq!(sealed.len(), ((plaintext.len() + 33) * 4).div_ceil(3));
            assert_eq!(sealer.open(&sealed, b"purpose").as_deref(), Ok(plaintext));
            assert_eq!(sealer.open(&sealed, b"other"), Err(OpenError::Refused));
            assert_eq!(sealer.open(&sealed, b""), Err(OpenError::Refused));
        }
        assert_ne!(sealer.seal(b"x", b""), sealer.seal(b"x", b""), "the nonce is fresh");
    }

    #[test]
    fn keys_change() {
        let sealed = sealer(1, &[]).seal(b"x", b"");
        assert_eq!(sealer(2, &[1]).open(&sealed, b"").as_deref(), Ok(b"x".as_slice()));
        assert_eq!(sealer(2, &[3, 1]).open(&sealed, b"").as_deref(), Ok(b"x".as_slice()));
        assert_eq!(sealer(2, &[3]).open(&sealed, b""), Err(OpenError::UnknownKey));
        let after = sealer(2, &[1]).seal(b"y", b"");
        assert_eq!(sealer(2, &[]).open(&after, b"").as_deref(), Ok(b"y".as_slice()));
        assert_eq!(sealer(1, &[]).open(&after, b""), Err(OpenError::UnknownKey));
    }

    #[test]
    fn earlier_keys_are_limited() {
        let previous = vec![key(9); PREVIOUS_KEYS_MAX + 1];
        assert!(Sealer::new(&key(1), &previous[1..]).is_ok());
        let refused = Sealer::new(&key(1), &previous).unwrap_err();
        assert_eq!(refused, TooManyKeys { given: PREVIOUS_KEYS_MAX + 1 });
    }

    #[test]
    fn nothing_of_it_can_be_changed() {
        let sealer = sealer(1, &[]);
        let sealed = sealer.seal(b"user=jane", b"");
        let bytes = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            let expected = match position {
                0 => OpenError::Version(0),
                1..HEAD_LEN => OpenError::UnknownKey,
                _ => OpenError::Refused,
            };
            let opened = sealer.open(&URL_SAFE_NO_PAD.encode(changed), b"");
            assert_eq!(opened, Err(expected), "byte {position}");
            let cut = sealer.open(&URL_SAFE_NO_PAD.encode(&bytes[..position]), b"");
            let expected = if position < 17 { OpenError::Malformed } else { OpenError::Refused };
            assert_eq!(cut, Err(expected), "cut at {position}");
        }
        for wrong in [format!("{sealed}="), format!("{sealed}\n"), "?".to_owned(), String::new()] {
            assert_eq!(sealer.open(&wrong, b""), Err(OpenError::Malformed), "{wrong:?}");
        }
    }

    #[test]
    fn keys_as_jwk() {
        let made = SealKey::generate();
        let read = SealKey::from_jwk_json(&made.to_jwk_json()).unwrap();
        assert_eq!((read.kid(), read.key), (made.kid(), made.key));
        assert_eq!(made.kid().len(), 40);

        let stored =
            r#"{"use":"enc","kty":"oct","kid":"k1","alg":"A256GCM","k":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}"#;
        let read = SealKey::from_jwk_json(stored).unwrap();
        assert_eq!(read.to_jwk_json(), stored);
        // The name is only a name: the same bytes open what they sealed.
        let sealed = Sealer::new(&read, &[]).unwrap().seal(b"x", b"");
        assert_eq!(sealer(1, &[]).open(&sealed, b"").as_deref(), Ok(b"x".as_slice()));

        let cases = [
            (r#""kty":"oct""#, r#""kty":"RSA""#, KeyError::UnsupportedType("RSA".into())),
            (r#""kty":"oct","#, "", KeyError::Missing("kty")),
            ("A256GCM", "A128GCM", KeyError::UnsupportedAlgorithm("A128GCM".into())),
            (r#""k":"AQEB"#, r#""k":""#, KeyError::Malformed("k")),
            (r#""k":"#, r#""K":"#, KeyError::Missing("k")),
        ];
        for (from, to, expected) in cases {
            let refused = SealKey::from_jwk_json(&stored.replacen(from, to, 1));
            assert_eq!(refused.map(drop).unwrap_err(), expected, "{from}");
        }
    }
}
