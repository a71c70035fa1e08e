//! What the application remembers of each browser: in memory, bounded, found by one cookie.
//!
//! Owned here: the store and its limits, the record, the cookie. Not owned: what the flows put in. The lock is never held across
//! an await; a flow reads, asks the provider, then writes with a closure.

mod cookie;
mod record;
mod store;

pub(crate) use cookie::Visitor;
pub(crate) use record::{Attempt, DeviceFlow, IdToken, Session, TokenSet};
pub(crate) use store::{SessionId, Sessions};
