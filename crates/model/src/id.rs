//! Random identifiers in the alphabets Dex uses (oidc-core spec, 4.1).

/// Letters of a user code: no vowels, so it spells nothing, and no Y.
const USER_CODE_LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// `a-z2-7`: valid inside a Kubernetes object name.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Random bytes of an ordinary id: 128 bits.
const ID_BYTES: usize = 16;

/// Random bytes of the id of a login that a browser carries: 160 bits.
const LOGIN_ID_BYTES: usize = 20;

/// Random bytes of a device code and of an HMAC key: 256 bits.
const LONG_ID_BYTES: usize = 32;

/// 25 characters `[a-z][a-z2-7]*` that hold 16 random bytes: the id of a refresh token or a
/// session, and the secrets that go with them.
#[must_use]
pub fn new_id() -> String {
    encode(&random::<ID_BYTES>())
}

/// 32 characters that hold 20 random bytes: the id of a login of ours, by its length told from Dex's.
#[must_use]
pub fn new_login_id() -> String {
    encode(&random::<LOGIN_ID_BYTES>())
}

/// 51 characters that hold 32 random bytes: device codes, HMAC keys, codes kept in a row.
#[must_use]
pub fn new_long_id() -> String {
    encode(&random::<LONG_ID_BYTES>())
}

/// An id that follows from 16 bytes, for what must be found again from what it came from.
#[must_use]
pub fn id_from(bytes: &[u8; ID_BYTES]) -> String {
    encode(bytes)
}

/// A user code, `XXXX-XXXX` (RFC 8628 §6.1), of 20 letters: about 34 bits.
#[must_use]
pub fn new_user_code() -> String {
    let mut code = String::with_capacity(9);
    while code.len() < 9 {
        if code.len() == 4 {
            code.push('-');
        }
        // 240 is the largest multiple of 20 in a byte; above it some letters would come oftener.
        let [byte] = random::<1>();
        if byte < 240 {
            code.push(char::from(USER_CODE_LETTERS[usize::from(byte % 20)]));
        }
    }
    code
}

/// First byte as a letter, the rest in base32 without padding.
fn encode(bytes: &[u8]) -> String {
    let mut id = String::with_capacity(bytes.len() * 8 / 5 + 2);
    let (first, rest) = bytes.split_first().expect("an id holds at least one byte");
    id.push(char::from(b'a' + first % 26));
    let (mut buffer, mut bits) = (0u32, 0u32);
    for byte in rest {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            id.push(char::from(BASE32[(buffer >> bits) as usize & 31]));
        }
    }
    if bits > 0 {
        id.push(char::from(BASE32[(buffer << (5 - bits)) as usize & 31]));
    }
    id
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_length_and_alphabet_of_dex() {
        for (id, length) in [(new_id(), 25), (new_login_id(), 32), (new_long_id(), 51)] {
            assert_eq!(id.len(), length, "{id}");
            assert!(id.starts_with(|c: char| c.is_ascii_lowercase()), "{id}");
            assert!(id.bytes().all(|b| BASE32.contains(&b)), "{id}");
        }
        assert_ne!(new_id(), new_id());
    }

    #[test]
    fn base32_is_that_of_rfc_4648_without_padding() {
        // RFC 4648 §10: BASE32("foobar") = MZXW6YTBOI; the byte before it is the leading letter.
        assert_eq!(encode(b"\x00foobar"), "amzxw6ytboi");
        assert_eq!(encode(b"\x1bf"), "bmy");
    }

    #[test]
    fn user_codes_spell_nothing() {
        let code = new_user_code();
        assert_eq!((code.len(), code.as_bytes()[4]), (9, b'-'), "{code}");
        let letters = code.bytes().filter(|b| USER_CODE_LETTERS.contains(b)).count();
        assert_eq!(letters, 8, "{code}");
    }
}
