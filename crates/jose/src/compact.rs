//! The compact serialization (RFC 7515 section 3.1): putting the segments together, and taking them apart with suspicion.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};

use crate::{
    Algorithm,
    error::{Segment, VerifyError, excerpt},
};

/// The longest token looked at, in bytes. Thousands of groups fit; the work of verifying is linear in it.
pub const TOKEN_BYTES_MAX: usize = 256 * 1024;

/// The members of a protected header (RFC 7515 section 4.1) that mean something to dex.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Header {
    /// As written; [`crate::Verified::algorithm`] is what it means.
    pub alg: String,
    /// Which key signed.
    #[serde(default)]
    pub kid: Option<String>,
    /// What the token is, such as `at+jwt`.
    #[serde(default)]
    pub typ: Option<String>,
    /// `crit` is there, with whatever value, `null` included.
    #[serde(default, deserialize_with = "present")]
    crit: bool,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

#[derive(Serialize)]
struct NewHeader<'a> {
    alg: Algorithm,
    #[serde(skip_serializing_if = "str::is_empty")]
    kid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'a str>,
}

/// The first segment: `{"alg":..,"kid":..}`, and `"typ":..` after them when there is one, in base64url. An empty `kid` is left
/// out.
///
/// Dex writes no `typ` on ID tokens, access tokens and logout tokens alike.
pub fn header_segment(alg: Algorithm, kid: &str, typ: Option<&str>) -> String {
    let header = serde_json::to_vec(&NewHeader { alg, kid, typ });
    URL_SAFE_NO_PAD.encode(header.expect("three strings are always JSON"))
}

/// What is signed: the header segment, a dot, the payload in base64url (RFC 7515 section 5.1).
pub fn signing_input(header_segment: &str, payload: &[u8]) -> String {
    // Room for the largest usual signature too, so that attaching it does not copy: 512 bytes of RSA-4096.
    let mut input = String::with_capacity(header_segment.len() + payload.len() * 4 / 3 + 700);
    input.push_str(header_segment);
    input.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut input);
    input
}

/// The finished token from [`signing_input`] and the raw signature over it.
pub fn attach_signature(signing_input: String, signature: &[u8]) -> String {
    let mut token = signing_input;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    token
}

/// The claims of a token, **without any proof of who wrote them**: to guess what a text is, or to choose whom to ask.
///
/// # Errors
///
/// [`VerifyError::TooLong`], [`VerifyError::Segments`], [`VerifyError::Base64`] or [`VerifyError::Payload`]: the text is no
/// JWT. Header and signature are not looked at.
pub fn parse_unverified_payload(token: &str) -> Result<Map<String, Value>, VerifyError> {
    let [_, payload, _] = segments(token)?;
    let payload = decode(payload, Segment::Payload)?;
    serde_json::from_slice(&payload).map_err(|_| VerifyError::Payload)
}

/// A token taken apart. Its header is one we could accept; nothing is verified yet.
pub(crate) struct Parts<'a> {
    pub(crate) header: Header,
    pub(crate) algorithm: Algorithm,
    pub(crate) signing_input: &'a str,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    pub(crate) fn parse(token: &'a str) -> Result<Self, VerifyError> {
        let [header, payload, signature] = segments(token)?;
        let signing_input = &token[..token.len() - signature.len() - 1];
        let header = decode(header, Segment::Header)?;
        // serde would read an array as the members in order.
        if header.trim_ascii_start().first() != Some(&b'{') {
            return Err(VerifyError::Header);
        }
        let header: Header = serde_json::from_slice(&header).map_err(|_| VerifyError::Header)?;
        if header.crit {
            return Err(VerifyError::Critical);
        }
        Ok(Self {
            algorithm: algorithm(&header.alg)?,
            header,
            signing_input,
            payload: decode(payload, Segment::Payload)?,
            signature: decode(signature, Segment::Signature)?,
        })
    }
}

fn segments(token: &str) -> Result<[&str; 3], VerifyError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(VerifyError::TooLong { bytes: token.len() });
    }
    let mut parts = token.splitn(4, '.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(payload), Some(signature), None) => Ok([header, payload, signature]),
        _ => Err(VerifyError::Segments),
    }
}

/// Strict: one text for each value, so that a token cannot be altered and stay the same token.
fn decode(text: &str, segment: Segment) -> Result<Vec<u8>, VerifyError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| VerifyError::Base64(segment))
}

fn algorithm(name: &str) -> Result<Algorithm, VerifyError> {
    match name {
        none if none.eq_ignore_ascii_case("none") => Err(VerifyError::Unsigned),
        "HS256" | "HS384" | "HS512" => Err(VerifyError::Symmetric),
        other => other.parse().map_err(|_| VerifyError::UnknownAlgorithm(excerpt(other))),
    }
}
