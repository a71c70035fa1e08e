//! LDAP as it is on the wire (RFC 4511): messages, filters, controls, and one connection.
//!
//! Owned here: reading what a server sends without trusting any of it, with every length bounded before it is believed.
//! Not owned: which server is asked, what for, and what the answer means.
//!
//! Control leaves to the directory inside [`Connection`], and comes back with an answer or a [`Failure`].

mod ber;
mod connection;
mod controls;
mod filter;
mod filter_text;
mod message;
mod stream;

pub(crate) use ber::{Malformed, Reader};
pub(crate) use connection::{Connection, Failure, Found, Search};
pub(crate) use controls::PolicyError;
pub(crate) use filter::Filter;
pub(crate) use filter_text::{condition, parse as parse_filter, unescape};
pub(crate) use message::{Attribute, Entry, NO_ATTRIBUTE, Outcome, Scope, code};
pub(crate) use stream::{Security, Transport};
