//! The client against a server that misbehaves in every way it can.

#![expect(clippy::unwrap_used, reason = "the helpers of a test panic as its assertions do")]

mod calls;
mod limits;
mod oauth;
mod pages;
mod provider;
mod server;
mod tls;
