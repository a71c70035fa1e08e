//! What every endpoint needs.
//!
//! Owned here: [`App`], the one value the endpoints share; how a request is read ([`Incoming`]) and how an
//! error becomes a response ([`PageError`], [`TokenError`], [`BearerError`]); cookies; sealing; signing keys
//! and their rotation; opened connectors and the local password database. Not owned: what an endpoint does,
//! and listening.
//!
//! Control leaves to the store, to connectors and to pages. Only this room writes a cookie or turns an error
//! into a response.

mod app;
mod attempts;
mod bearer_error;
pub mod connectors;
pub mod cookies;
mod cors;
mod discovery;
mod files;
mod flights;
mod incoming;
mod issuer;
mod local;
mod page_error;
pub mod peer;
mod respond;
mod revoked;
pub mod sealed;
mod sessions;
pub mod signing;
mod step;
mod token_error;

pub use app::{App, Settings};
pub use attempts::{Attempt, Attempts, CREDENTIAL_BYTES_MAX, TooManyAttempts};
pub use bearer_error::BearerError;
pub use connectors::Connectors;
pub use cors::cors;
pub use dex_connector::Clock;
pub use discovery::{ReadyDocument, discovery, discovery_document, keys, server_metadata};
pub use files::{files, not_found};
pub use flights::Flights;
pub use incoming::{BadBody, FORM_BYTES_MAX, Incoming, RequestId};
pub use issuer::Issuer;
pub use local::{LocalPasswords, PasswordWorkers, Verified};
pub use page_error::{PageError, render_page_errors};
pub use peer::PeerAddr;
pub use respond::{html, json, redirect, with_headers};
pub use revoked::Revoked;
pub use sessions::{LogoutNotice, LogoutNotices, SessionSettings};
pub use step::Step;
pub use token_error::{Cause, TokenError};
