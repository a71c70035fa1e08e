//! The browser's session: one signed-in browser is one user of one connector, with the clients reached from it.
//!
//! Owned here: what the cookie proves ([`current`]), what a login makes of a session ([`enter`]), when a session lets its
//! user in without asking ([`reuse`]), what is noted with each response, how a session ends ([`end`]) and who hears of it ([`backchannel`]), and what the user
//! has consented to before. Not owned: the pages and the steps of a login, tokens (`dex-token` mints them and asks whether
//! a session goes on), and the header that carries the cookie (`dex_web::cookies` writes it).
//!
//! Without `sessions` in the configuration nothing here asks the store anything.
//!
//! Control leaves to the store, and comes back by value: a session, the cookie to set, or a [`StorageError`], which the
//! caller answers with 503. Unlike in Dex a login whose session cannot be stored fails: a logout that nobody could do later
//! is worse.

mod activity;
pub mod backchannel;
mod consent;
mod cookie;
mod end;
mod enter;
mod presented;
mod reuse;
mod write;

pub use activity::{note_response, note_response_in};
pub use consent::{consented, remember_consent};
pub use dex_storage::StorageError;
pub use dex_token::session::{alive, end_tokens};
pub use end::{Which, end, end_all, end_expired};
pub use enter::{EnterError, Entered, Entering, enter};
pub use presented::{Found, current};
pub use reuse::{Reuse, reuse};
