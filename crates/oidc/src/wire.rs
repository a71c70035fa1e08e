//! The encodings Dex puts into `sub`, refresh tokens, cookies and step signatures: a protocol-buffers
//! message of strings in URL-safe base64 (oidc-core spec, 5).

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Wire type of a string: length-delimited.
const LENGTH_DELIMITED: u64 = 2;

/// The longest text that is decoded, in bytes. User ids are a few hundred at most.
const TEXT_MAX: usize = 16 * 1024;

/// As Go's: without padding, and with trailing bits that nobody looks at.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A message with two strings: user and connector (`sub`), or id and secret (refresh token, session cookie).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pair {
    /// Field 1.
    pub first: String,
    /// Field 2; it may be a secret, so pairs do not print.
    pub second: String,
}

/// The `sub` claim of a user of a connector.
///
/// `sub` is opaque to clients and part of their data: it never changes.
pub fn subject(user_id: &str, connector_id: &str) -> String {
    encode_pair(user_id, connector_id)
}

/// Encodes two strings; an empty one leaves its field out.
pub fn encode_pair(first: &str, second: &str) -> String {
    let mut message = Vec::with_capacity(first.len() + second.len() + 6);
    for (field, value) in [(1, first), (2, second)] {
        if !value.is_empty() {
            put_field(&mut message, field, value);
        }
    }
    BASE64.encode(message)
}

/// The message of a step signature: repeated field 1 (not base64).
pub fn encode_strings<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut message = Vec::new();
    for value in values {
        put_field(&mut message, 1, value);
    }
    message
}

/// Reads two strings back. `None` for anything that is not such a message; the caller decides what else
/// the text may be. Unknown fields are skipped and the last of a field counts.
pub fn decode_pair(text: &str) -> Option<Pair> {
    if text.len() > TEXT_MAX {
        return None;
    }
    let unbroken: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = BASE64.decode(unbroken).ok()?;
    let mut message = bytes.as_slice();
    let mut pair = Pair::default();
    while !message.is_empty() {
        let tag = take_varint(&mut message)?;
        let value = take_value(&mut message, tag & 7)?;
        let field = match tag >> 3 {
            0 => return None,
            1 => &mut pair.first,
            2 => &mut pair.second,
            _ => continue,
        };
        if tag & 7 == LENGTH_DELIMITED {
            *field = std::str::from_utf8(value).ok()?.to_owned();
        }
    }
    Some(pair)
}

fn put_field(message: &mut Vec<u8>, field: u8, value: &str) {
    message.push((field << 3) | 2);
    let mut length = value.len();
    while length >= 0x80 {
        message.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    message.push(length as u8);
    message.extend_from_slice(value.as_bytes());
}

fn take_varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take_value<'a>(message: &mut &'a [u8], wire_type: u64) -> Option<&'a [u8]> {
    let length = match wire_type {
        0 => {
            take_varint(message)?;
            0
        }
        1 => 8,
        LENGTH_DELIMITED => usize::try_from(take_varint(message)?).ok()?,
        5 => 4,
        _ => return None,
    };
    let (value, rest) = message.split_at_checked(length)?;
    *message = rest;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_examples_of_section_5() {
        let long = "08a8684b-db88-4b73-90a9-3cd1661f5466";
        let cases = [
            ("foo", "bar", "CgNmb28SA2Jhcg"),
            ("1", "test", "CgExEgR0ZXN0"),
            ("0-385-28089-0", "mock", "Cg0wLTM4NS0yODA4OS0wEgRtb2Nr"),
            (long, "local", "CiQwOGE4Njg0Yi1kYjg4LTRiNzMtOTBhOS0zY2QxNjYxZjU0NjYSBWxvY2Fs"),
            ("example-app", "", "CgtleGFtcGxlLWFwcA"),
            ("ab", "cd", "CgJhYhICY2Q"),
        ];
        for (first, second, text) in cases {
            assert_eq!(encode_pair(first, second), text);
            let read = decode_pair(text).unwrap();
            assert_eq!((read.first.as_str(), read.second.as_str()), (first, second));
        }
        assert_eq!(encode_strings(["flow-hmac-test", "step:continue"]), b"\x0a\x0eflow-hmac-test\x0a\x0dstep:continue");
    }

    #[test]
    fn long_strings_survive() {
        let long = "x".repeat(300);
        assert_eq!(decode_pair(&encode_pair(&long, "y")).unwrap().first, long);
    }

    #[test]
    fn other_texts_are_not_pairs() {
        let oversized = "C".repeat(TEXT_MAX + 1);
        for text in ["CgNmb28SA2Jhcg==", "!", "CgNmb28SBGJhcg", "AAAA", "Cv//////////AQ", "CgP///8", oversized.as_str()]
        {
            assert!(decode_pair(text).is_none(), "{text}");
        }
        assert!(decode_pair("").is_some_and(|pair| pair.first.is_empty()));
        // An unknown varint field before, and the last of a field counts.
        assert_eq!(decode_pair(&BASE64.encode(b"\x18\x05\x0a\x01a\x0a\x01b")).unwrap().first, "b");
    }
}
