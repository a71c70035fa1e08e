//! Logging out on both sides (SAML core §3.7, profiles §4.4).
//!
//! Owned here: requests and answers, written and read; that nothing is read of a message but what its sender has signed, and
//! that it is for us, from whom it should be, and fresh. Not owned: whose sessions end, and that a request is obeyed once.
//!
//! Control leaves by value, or with the first [`Refusal`](crate::Refusal), by the same names as for a login.

mod message;
mod request;
mod response;
mod write;

pub use message::{LOGOUT_LIFETIME, LogoutExpected, LogoutMessage};
pub use request::LogoutRequest;
pub use response::{LogoutResponse, LogoutStatus};
