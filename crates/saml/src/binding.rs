//! How messages travel (SAML bindings §3.4 and §3.5).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::signature::{SignatureError, SigningKey, TrustedKeys, joined, signed_query, verify_query};

/// How long a message may be once it is decoded, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// How hard our own messages are squeezed; they are small.
const DEFLATE_LEVEL: u8 = 6;

/// Why a message cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is not there, or there more than once.
    #[error("there is not one {0}")]
    NotOne(&'static str),
    /// It is not base64.
    #[error("it is not base64")]
    Base64,
    /// It is not DEFLATE, or comes to more than [`MESSAGE_BYTES_MAX`].
    #[error("it does not inflate to a message of at most {MESSAGE_BYTES_MAX} bytes")]
    Deflate,
    /// It is not UTF-8.
    #[error("it is not UTF-8")]
    Utf8,
    /// Its signature proves nothing.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// A message for a form field of the HTTP-POST binding.
pub fn encode_post(message: &str) -> String {
    BASE64_STANDARD.encode(message)
}

/// The message in a form field. Line breaks in the base64 do not count.
///
/// # Errors
///
/// [`DecodeError::Base64`] and [`DecodeError::Utf8`].
pub fn decode_post(field: &str) -> Result<String, DecodeError> {
    let plain: String = field.split_ascii_whitespace().collect();
    let bytes = BASE64_STANDARD.decode(plain).map_err(|_| DecodeError::Base64)?;
    String::from_utf8(bytes).map_err(|_| DecodeError::Utf8)
}

/// The query that carries a message in the HTTP-Redirect binding. `parameter` is `SAMLRequest` or `SAMLResponse`; with a
/// key the query is signed.
pub fn encode_redirect(parameter: &str, message: &str, relay_state: Option<&str>, key: Option<&SigningKey>) -> String {
    let packed = BASE64_STANDARD.encode(compress_to_vec(message.as_bytes(), DEFLATE_LEVEL));
    let mut parameters = vec![(parameter, &*packed)];
    parameters.extend(relay_state.map(|state| ("RelayState", state)));
    match key {
        Some(key) => signed_query(&parameters, key),
        None => joined(parameters),
    }
}

/// The message in a query, which must come as it was sent: the sender's own escapes are what was signed.
///
/// # Errors
///
/// [`DecodeError`]; with `keys`, also unless one of them signed the query.
pub fn decode_redirect(
    query: &str,
    parameter: &'static str,
    keys: Option<&TrustedKeys>,
    now: Timestamp,
) -> Result<String, DecodeError> {
    if let Some(keys) = keys {
        verify_query(query, parameter, keys, now)?;
    }
    let value = parameter_of(query, parameter).ok_or(DecodeError::NotOne(parameter))?;
    let packed: String = value.split_ascii_whitespace().collect();
    let packed = BASE64_STANDARD.decode(packed).map_err(|_| DecodeError::Base64)?;
    let bytes = decompress_to_vec_with_limit(&packed, MESSAGE_BYTES_MAX).map_err(|_| DecodeError::Deflate)?;
    String::from_utf8(bytes).map_err(|_| DecodeError::Utf8)
}

/// The value of a parameter of a query; `None` if it is not there once. Its name must be written as it is, without escapes: a
/// signature is over the query as it came.
pub(crate) fn parameter_of(query: &str, parameter: &str) -> Option<String> {
    let mut found = query.split('&').filter(|pair| pair.split('=').next() == Some(parameter));
    let (Some(pair), None) = (found.next(), found.next()) else { return None };
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_arrives() {
        let message = "<a b='\u{fc}&amp;'>\n+/=</a>";
        assert_eq!(decode_post(&encode_post(message)).as_deref(), Ok(message));
        let query = encode_redirect("SAMLRequest", message, Some("a b+c"), None);
        assert!(query.ends_with("&RelayState=a%20b%2Bc"), "{query}");
        assert_eq!(decode_redirect(&query, "SAMLRequest", None, Timestamp::UNIX_EPOCH).as_deref(), Ok(message));
    }

    #[test]
    fn what_cannot_be_decoded_is_told_apart() {
        let bomb = compress_to_vec(&vec![b'a'; MESSAGE_BYTES_MAX + 1], 9);
        let query = |bytes: &[u8]| joined([("SAMLRequest", &*BASE64_STANDARD.encode(bytes))]);
        let twice = format!("{0}&{0}", query(&compress_to_vec(b"a", 6)));
        let cases = [
            (query(&bomb), DecodeError::Deflate),
            (query(b"\xff\xff"), DecodeError::Deflate),
            (query(&compress_to_vec(b"\xff", 6)), DecodeError::Utf8),
            ("SAMLRequest=%%%".into(), DecodeError::Base64),
            ("SAMLResponse=".into(), DecodeError::NotOne("SAMLRequest")),
            (twice, DecodeError::NotOne("SAMLRequest")),
        ];
        for (query, expected) in cases {
            assert_eq!(decode_redirect(&query, "SAMLRequest", None, Timestamp::UNIX_EPOCH), Err(expected), "{query}");
        }
        assert_eq!(decode_post("%"), Err(DecodeError::Base64));
        assert_eq!(decode_post(" YQ\r\n== ").as_deref(), Ok("a"));
    }
}
