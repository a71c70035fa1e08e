//! `/token` and its grants, introspection, revocation, userinfo; minting tokens.
//!
//! Owned here: who the client is ([`AuthenticatedClient`]), what each grant may issue, and every token that
//! leaves dex: only [`mint`] makes one. Not owned: how the user logged in, and the keys.
//!
//! Control leaves to the store, and in the password, refresh and exchange grants to a connector, never inside
//! a write.

mod client_auth;
pub mod device;
mod endpoint;
mod family;
mod grants;
mod introspection;
pub mod mint;
pub mod policy;
mod presented;
mod revocation;
mod routes;
pub mod scopes;
mod second_factors;
pub mod session;
mod upstream;
mod userinfo;

pub use client_auth::{AuthenticatedClient, Credentials};
pub use mint::{Authenticated, FrontChannel, issue_front_channel};
pub use routes::routes;
pub use second_factors::{FactorsError, second_factors};
pub use upstream::{claims_of, wanted};
