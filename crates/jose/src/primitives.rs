//! Random bytes, SHA-256 and HMAC-SHA256, so that every room takes them from one place.

use aws_lc_rs::{digest, hmac, rand};

/// `N` bytes from the crypto library's generator, fit for keys, codes and secrets.
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the library aborts the process itself when it has no entropy");
    bytes
}

/// `N` random bytes as 2·`N` lower-case hex digits. A `kid` of Dex is `random_hex::<20>()`.
pub fn random_hex<const N: usize>() -> String {
    hex(&random_bytes::<N>())
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 (FIPS 180-4).
pub fn sha256(data: &[u8]) -> [u8; 32] {
    fixed(digest::digest(&digest::SHA256, data).as_ref())
}

/// HMAC-SHA256 (RFC 2104). Any length of `key` will do.
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    fixed(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref())
}

/// Whether `tag` is the whole [`hmac_sha256`] of `data`, compared in constant time.
pub fn hmac_sha256_verify(key: &[u8], data: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), data, tag).is_ok()
}

fn fixed(digest: &[u8]) -> [u8; 32] {
    digest.try_into().expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_of_abc() {
        // FIPS 180-4 example.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(&sha256(b"abc")), expected);
    }

    #[test]
    fn hmac_signs_and_verifies() {
        // RFC 4231 test case 2.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let data = b"what do ya want for nothing?";
        let tag = hmac_sha256(b"Jefe", data);
        assert_eq!(hex(&tag), expected);
        assert!(hmac_sha256_verify(b"Jefe", data, &tag));
        assert!(!hmac_sha256_verify(b"jefe", data, &tag));
        assert!(!hmac_sha256_verify(b"Jefe", data, &tag[..31]));
        assert!(!hmac_sha256_verify(b"Jefe", data, &[]));
    }

    #[test]
    fn random_values_differ_and_have_their_length() {
        assert_ne!(random_bytes::<16>(), random_bytes::<16>());
        let id = random_hex::<20>();
        assert_eq!(id.len(), 40);
        assert!(id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
    }
}
