//! The sockets: binding, accepting, TLS with certificates that change, HTTP/1.1 and HTTP/2.
//!
//! Owns every limit a stranger could run into before a handler sees the request. Does not know any
//! route: what answers is an [`axum::Router`] behind a swap, read anew for each request. Handlers
//! find the peer in the request extension `PeerAddr`. [`serve`] returns when it was told to stop
//! and the last connection is closed, or when the socket died.

mod accept;
mod activity;
mod address;
mod certificates;
mod connection;
mod limits;
mod socket;
mod tls;

pub use accept::{App, Serve, serve};
pub use address::{Address, AddressError};
pub use certificates::Certificates;
pub use limits::{Limits, REQUEST_BODY_BYTES_MAX};
pub use socket::{BindError, Listener, bind};
pub use tls::{TlsError, TlsSettings, TlsVersion, UnknownTlsVersion};

#[cfg(test)]
mod tests;
