//! SAML 2.0 for a service provider: messages, XML signatures and encryption.
//!
//! Owned here: reading a response strictly and believing of it only what a trusted key has signed; writing and signing
//! requests; logout messages; metadata of both sides; the HTTP-POST and HTTP-Redirect encodings. Not owned: HTTP, which
//! attribute means what for a user, and that an assertion is used once (the id to remember comes with it).
//!
//! No I/O and no clock. Control leaves by value: [`Examined`] tells each check by name and what it found. Nothing that
//! came over a network makes this room panic.

mod binding;
mod encryption;
mod logout;
mod metadata;
mod name_id;
mod request;
mod response;
mod signature;
mod xml;

pub use binding::{DecodeError, MESSAGE_BYTES_MAX, decode_post, decode_redirect, encode_post, encode_redirect};
pub use encryption::{DECRYPTION_KEYS_MAX, DecryptionError, DecryptionKey, DecryptionKeyError};
pub use logout::{LOGOUT_LIFETIME, LogoutExpected, LogoutMessage, LogoutRequest, LogoutResponse, LogoutStatus};
pub use metadata::{Endpoint, IdentityProvider, MetadataError, ServiceProvider, service_provider_metadata};
pub use name_id::{NameIdFormat, UnknownNameIdFormat};
pub use request::AuthnRequest;
pub use response::{
    Assertion, Attribute, Check, Checked, Examined, Expected, NameId, Refusal, RequestId, Trust, examine,
};
pub use signature::{
    Certificate, CertificateError, SignatureAlgorithm, SignatureError, SigningKey, SigningKeyError, TRUSTED_KEYS_MAX,
    TrustedKeys, TrustedKeysError,
};
pub use xml::XmlError;
