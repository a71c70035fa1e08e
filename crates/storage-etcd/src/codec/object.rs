//! Values as Dex writes them: JSON members in its order (storage spec, 1.6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_model::{Claims, Pkce};
use serde::Serialize;

/// Room for an ordinary record, in bytes.
const ROOM: usize = 1024;

/// A JSON object that grows member by member.
pub(super) struct Object(Vec<u8>);

impl Object {
    pub(super) fn new() -> Self {
        let mut bytes = Vec::with_capacity(ROOM);
        bytes.push(b'{');
        Self(bytes)
    }

    /// Adds a member. Names are ours and need no escapes.
    pub(super) fn put<T: Serialize + ?Sized>(mut self, name: &'static str, value: &T) -> Self {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        self.0.extend_from_slice(&dex_oidc::to_json(value));
        self
    }

    /// Adds a member that Dex leaves out when it is empty.
    pub(super) fn put_unless<T: Serialize + ?Sized>(self, empty: bool, name: &'static str, value: &T) -> Self {
        if empty { self } else { self.put(name, value) }
    }

    pub(super) fn text_if_any(self, name: &'static str, value: &str) -> Self {
        self.put_unless(value.is_empty(), name, value)
    }

    /// A list; an empty one is `null`.
    pub(super) fn list(self, name: &'static str, value: &[String]) -> Self {
        self.put(name, &Some(value).filter(|list| !list.is_empty()))
    }

    pub(super) fn list_if_any(self, name: &'static str, value: &[String]) -> Self {
        self.put_unless(value.is_empty(), name, value)
    }

    /// Bytes; none are `null`.
    pub(super) fn bytes(self, name: &'static str, value: &[u8]) -> Self {
        self.put(name, &Some(value).filter(|bytes| !bytes.is_empty()).map(|bytes| STANDARD.encode(bytes)))
    }

    pub(super) fn bytes_if_any(self, name: &'static str, value: &[u8]) -> Self {
        if value.is_empty() { self } else { self.bytes(name, value) }
    }

    pub(super) fn claims(self, claims: &Claims) -> Self {
        self.put("claims", claims)
    }

    pub(super) fn pkce(self, pkce: Option<&Pkce>) -> Self {
        let Some(pkce) = pkce else { return self };
        self.text_if_any("code_challenge", &pkce.code_challenge)
            .text_if_any("code_challenge_method", &pkce.code_challenge_method)
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }
}
