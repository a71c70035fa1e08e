//! Reading a connector's configuration.
//!
//! Owned here: the leniency of Dex's reader (any spelling of keys, nulls), secrets that do not print, certificates in any of
//! the forms Dex takes. Not owned: which keys a connector has. Control leaves by value; what does not fit is
//! [`UpstreamError::Misconfigured`](dex_connector::UpstreamError::Misconfigured) with the key's name and never its value.

mod pem;
mod read;
mod secret;

pub use pem::certificates;
pub use read::read_config;
pub use secret::Secret;
