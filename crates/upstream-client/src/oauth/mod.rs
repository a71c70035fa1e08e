//! The client's side of OAuth 2.0 (RFC 6749), as every connector with a code flow needs it.
//!
//! Owned here: the authorization URL, what the browser brings back, the token endpoint. Not owned: what is done with the
//! tokens. Control leaves to the token endpoint and comes back with a [`TokenAnswer`] or an
//! [`UpstreamError`](dex_connector::UpstreamError).

mod answer;
mod authorization;
mod callback;
mod pkce;
mod rotation;
mod token;

pub use answer::TokenAnswer;
pub use authorization::AuthorizationUrl;
pub use callback::{expect_callback, returned_code};
pub use pkce::Pkce;
pub use token::{ClientAuth, TokenEndpoint};
