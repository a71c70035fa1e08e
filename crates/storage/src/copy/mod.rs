//! Carrying every record from one back end to another, and reading every record of one.
//!
//! Owns the walk over all kinds, what counts as the same record in two back ends, and the account of what became of each.
//! Opens nothing and prints nothing: the caller hands in back ends and is told after each page.
//!
//! What cannot be read or kept does not end a walk; it is named in the [`Report`]. Only a back end that fails ends it, with
//! its [`StorageError`](crate::StorageError); the walk may then be made again, and passes over what is there already.

mod check;
mod records;
mod report;
mod same;
#[cfg(test)]
mod tests;
mod walk;

pub use check::check;
pub use records::{Existing, copy};
pub use report::{Count, FAULTS_NAMED_MAX, Fault, Report};
pub(crate) use same::normal;
