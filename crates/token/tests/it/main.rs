//! Journeys of a client through the token endpoint and its neighbours.

mod authorization_code;
mod errors;
mod kit;
mod other_grants;
mod presented;
mod refresh_token;
mod remote_signer;
mod rotating_upstream;
mod sessions;
