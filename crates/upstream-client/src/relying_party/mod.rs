//! The relying party's side of OpenID Connect (OpenID Connect Core, OpenID Connect Discovery).
//!
//! Owned here: the discovery document, the provider's keys, ID tokens, userinfo. Not owned: what the claims mean for a user.
//! Control leaves to the provider and comes back with [`Claims`] or an [`UpstreamError`](dex_connector::UpstreamError).

mod id_token;
mod keys;
mod metadata;
mod provider;

pub use id_token::{Expected, SKEW_OF_EXPIRY, SKEW_OF_ISSUE};
pub use metadata::{Metadata, Overrides};
pub use provider::Provider;

/// Claims as they came.
pub type Claims = serde_json::Map<String, serde_json::Value>;
