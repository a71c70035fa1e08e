//! The calls, in process, over the memory store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod clients;
mod connectors;
mod identities;
mod kit;
mod passwords;
mod refresh_tokens;
mod service;
mod sessions;
