//! What a relying party and its user do with a provider: discover it, log in, use and renew tokens.
//!
//! Owns the protocol as a client sees it, and the checks that make an answer count. It does not measure, repeat or give
//! up: each step is asked once and ends with what was asked for, or a [`Failure`](crate::failure::Failure).

mod account;
mod login;
mod provider;
mod token;

pub(crate) use self::account::Account;
pub(crate) use self::login::log_in;
pub(crate) use self::provider::Provider;
pub(crate) use self::token::{Grant, Tokens, client_credentials, introspect, password, refresh, userinfo};
