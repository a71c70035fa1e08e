//! What the session's cookie holds (sessions spec, 2.5).

use aws_lc_rs::aead::{self, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dex_model::TokenSecret;

/// The longest value that is looked at, in bytes. Ours take 160.
const VALUE_BYTES_MAX: usize = 1024;

/// What a browser proves.
pub(crate) struct Carried {
    /// The session's id.
    pub(crate) id: String,
    /// The session's secret, as the browser has it.
    pub(crate) secret: TokenSecret,
}

/// The value for a session, encrypted if there is a key.
pub(crate) fn encode(id: &str, secret: &TokenSecret, key: Option<&TokenSecret>) -> String {
    let mut nonce = [0; NONCE_LEN];
    aws_lc_rs::rand::fill(&mut nonce).expect("the operating system gives random bytes");
    encode_with(id, secret, key, nonce)
}

fn encode_with(id: &str, secret: &TokenSecret, key: Option<&TokenSecret>, nonce: [u8; NONCE_LEN]) -> String {
    let inner = dex_oidc::encode_pair(id, secret.expose());
    let Some(key) = key.map(|key| cipher(key).expect("a key's length was checked with the configuration")) else {
        return inner;
    };
    let mut sealed = inner.into_bytes();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
        .expect("a few bytes can be encrypted");
    URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
}

/// What a value holds; `None` if it is none of ours under this key.
pub(crate) fn decode(value: &str, key: Option<&TokenSecret>) -> Option<Carried> {
    if value.len() > VALUE_BYTES_MAX {
        return None;
    }
    let inner = match key {
        Some(key) => decrypt(value, key)?,
        None => value.to_owned(),
    };
    let pair = dex_oidc::decode_pair(&inner).filter(|pair| !pair.first.is_empty() && !pair.second.is_empty())?;
    Some(Carried { id: pair.first, secret: TokenSecret::new(pair.second) })
}

fn decrypt(value: &str, key: &TokenSecret) -> Option<String> {
    let mut bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
    let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let inner = cipher(key)?.open_in_place(nonce, Aad::empty(), sealed).ok()?;
    String::from_utf8(inner.to_vec()).ok()
}

/// The bytes of the text are the key.
fn cipher(key: &TokenSecret) -> Option<LessSafeKey> {
    let bytes = key.expose().as_bytes();
    let algorithm = match bytes.len() {
        16 => &aead::AES_128_GCM,
        24 => &aead::AES_192_GCM,
        32 => &aead::AES_256_GCM,
        _ => return None,
    };
    Some(LessSafeKey::new(UnboundKey::new(algorithm, bytes).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef";

    fn secret(text: &str) -> TokenSecret {
        TokenSecret::new(text)
    }

    #[test]
    fn the_vectors_of_the_specification() {
        let nonce = std::array::from_fn(|n| u8::try_from(n).unwrap());
        let cases = [
            (None, "CghzZXNzaW9uMRIHc2VjcmV0MQ"),
            (Some(secret(KEY)), "AAECAwQFBgcICQoLvlisZ0QsdUyJcT5vjcn5ZWPlAZBk3hx7OjhPsW2kFMxMkpSsM6aGJ54B"),
        ];
        for (key, value) in cases {
            assert_eq!(encode_with("session1", &secret("secret1"), key.as_ref(), nonce), value);
            let carried = decode(value, key.as_ref()).unwrap();
            assert_eq!((carried.id.as_str(), carried.secret.expose()), ("session1", "secret1"));
        }
    }

    #[test]
    fn each_length_of_key_decrypts_what_it_encrypted_and_nothing_else() {
        let keys = [16, 24, 32].map(|length| Some(secret(&"k".repeat(length))));
        for (n, key) in keys.iter().enumerate() {
            let value = encode("id", &secret("s"), key.as_ref());
            assert_ne!(value, encode("id", &secret("s"), key.as_ref()), "the nonce is another each time");
            for (m, other) in keys.iter().enumerate() {
                assert_eq!(decode(&value, other.as_ref()).is_some(), n == m);
            }
            assert!(decode(&value, None).is_none());
        }
    }

    #[test]
    fn hostile_values_hold_nothing() {
        let real = encode("session1", &secret("secret1"), Some(&secret(KEY)));
        let flipped = format!("B{}", &real[1..]);
        let long = "A".repeat(VALUE_BYTES_MAX + 1);
        let cases = [
            "",
            "A",
            "AA",
            "AAAA",
            "====",
            "ö",
            "\u{0}",
            "CghzZXNzaW9uMQ",
            "EgdzZWNyZXQx",
            "Cv////8P",
            "CgA",
            "AAECAwQFBgcICQo",
            "AAECAwQFBgcICQoL",
            "AAECAwQFBgcICQoLvlisZ0QsdUyJcT5vjck",
            &real[..real.len() - 1],
            &flipped,
            &long,
        ];
        for value in cases {
            assert!(decode(value, None).is_none(), "{value}");
            assert!(decode(value, Some(&secret(KEY))).is_none(), "{value}");
        }
    }

    #[test]
    fn an_unusable_key_opens_nothing() {
        assert!(decode("AAECAwQFBgcICQoLvlisZ0QsdUyJcT5vjcn5ZWPlAZBk3hx7", Some(&secret("short"))).is_none());
    }
}
