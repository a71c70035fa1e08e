//! The protocol's words, for both sides of it.
//!
//! Parameters, scopes, response types and modes, grants, error codes, PKCE, the encodings Dex
//! puts on the wire, and JSON as Dex's clients know it. It holds no policy: what a client may do
//! is decided where the client is known. No I/O, no clock, no randomness.

mod audience;
mod error_code;
mod form;
mod grant_type;
mod json;
mod loopback;
mod pkce;
mod prompt;
mod response;
mod scopes;
mod wire;

pub use audience::Audience;
pub use error_code::{AuthorizeErrorCode, TokenErrorCode, error_description};
pub use form::{BadForm, Form, PARAMETERS_MAX, encode_form};
pub use grant_type::GrantType;
pub use json::{to_json, to_json_pretty};
pub use loopback::is_loopback_http;
pub use pkce::{CodeChallengeMethod, pkce_matches};
pub use prompt::{BadPrompt, Prompt};
pub use response::{ResponseMode, ResponseType, ResponseTypes};
pub use scopes::{AUDIENCE_PREFIX, Scope, go_list, split_words};
pub use wire::{Pair, decode_pair, encode_pair, encode_strings, subject};

/// The redirect URI that shows the code to the user instead of redirecting.
pub const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";
