//! What the members of a body are made of, and when one is left out.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_model::{Claims, Pkce, Timestamp, ZERO_TIME};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A member of a body.
pub(super) trait Member {
    /// Whether it is not written.
    fn absent(&self) -> bool {
        false
    }
}

/// A member that is not written while it is empty: `?` in the storage spec, 9.6.
#[derive(Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Opt<T>(pub(super) T);

impl<T: Empty> Member for Opt<T> {
    fn absent(&self) -> bool {
        self.0.is_empty()
    }
}

/// What Go's encoder takes for empty.
pub(super) trait Empty {
    fn is_empty(&self) -> bool;
}

impl Empty for String {
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl Empty for bool {
    fn is_empty(&self) -> bool {
        !self
    }
}

impl<T> Empty for Vec<T> {
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl<T> Empty for Option<T> {
    fn is_empty(&self) -> bool {
        self.is_none()
    }
}

impl<K, V> Empty for BTreeMap<K, V> {
    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

impl Member for String {}
impl Member for bool {}
impl Member for i64 {}
impl Member for Claims {}
impl Member for Option<Vec<String>> {}

/// An instant; not set is year 1.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Time(pub(super) Timestamp);

impl Default for Time {
    fn default() -> Self {
        Self(ZERO_TIME)
    }
}

impl Member for Time {}

/// Bytes, in base64 with padding.
#[derive(Default)]
pub(super) struct Base64(pub(super) Vec<u8>);

impl Base64 {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl Member for Base64 {}

impl Empty for Base64 {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Self).map_err(|_| D::Error::custom("is no base64"))
    }
}

/// A key, as the JSON it is.
pub(super) type Jwk = Opt<Option<Box<RawValue>>>;

/// The two members of PKCE. Dex takes the method for `plain` where no challenge is sent, and writes that.
pub(super) fn challenge(pkce: Option<&Pkce>) -> (Opt<String>, Opt<String>) {
    let (challenge, method) = pkce.map_or(("", "plain"), |pkce| (&pkce.code_challenge, &pkce.code_challenge_method));
    (Opt(challenge.to_owned()), Opt(method.to_owned()))
}

/// PKCE of its two members. Without a challenge there is none, whatever the method.
pub(super) fn pkce(challenge: Opt<String>, method: Opt<String>) -> Option<Pkce> {
    let pkce = Pkce { code_challenge: challenge.0, code_challenge_method: method.0 };
    Some(pkce).filter(|pkce| !pkce.code_challenge.is_empty())
}

/// A body: its members with their types, in Dex's order, and how it is read.
macro_rules! body {
    ($(#[$doc:meta])* $body:ident { $($field:ident: $type:ty = $member:literal,)* }) => {
        $(#[$doc])*
        #[derive(Default, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        pub(super) struct $body {
            $(
                #[serde(rename = $member, skip_serializing_if = "crate::codec::member::Member::absent")]
                $field: $type,
            )*
        }

        impl dex_storage::json::Shape for $body {
            const MEMBERS: &'static [&'static str] = &[$($member),*];
        }
    };
}
pub(super) use body;
