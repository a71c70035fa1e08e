//! The connectors against stand-ins of their upstreams: logins, refreshes, and upstreams that misbehave.

#![expect(clippy::unwrap_used, reason = "the helpers of a test panic as its assertions do")]

mod gitea;
mod keystone;
mod kit;
mod oauth;
mod oidc;
mod promises;
