//! Metadata of both sides (SAML metadata).
//!
//! Owned here: reading an identity provider's, signed or not, and writing ours. Not owned: fetching it and when to fetch
//! it again.
//!
//! Control leaves by value, or with a [`MetadataError`].

mod identity_provider;
mod service_provider;

pub use identity_provider::{Endpoint, IdentityProvider, MetadataError};
pub use service_provider::{ServiceProvider, service_provider_metadata};
