//! From a SAML response to the assertion in it (SAML profiles §4.1.4; connectors-protocol spec, 6.5 to 6.7).
//!
//! Owned here: every check between the text and the [`Assertion`], in order, each with a stable name and what it found
//! in words. Not owned: what an attribute means for a user, and that an assertion is used once: for that it comes with
//! its id and the time until which to remember it.
//!
//! Control leaves with [`Examined`]: what was checked, and the assertion or the first [`Refusal`].

mod assertion;
mod authentic;
mod check;
mod conditions;
mod examine;
mod message;
mod subject;
mod time;

pub use assertion::{Assertion, Attribute, NameId};
pub(crate) use check::Checks;
pub use check::{Check, Checked, Refusal};
pub use examine::{Examined, Expected, RequestId, Trust, examine};
pub(crate) use message::{status, version};
pub(crate) use time::{Clock, read as read_time};
