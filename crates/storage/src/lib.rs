//! The contract with a place that keeps records, and its typed face.
//!
//! [`Backend`] is what a back end must be able to do: six operations, each of one record. [`Store`]
//! is what the rest of dex calls. Here too are the memory back end, the layer of records that the
//! configuration fixes, the JSON that back ends share, the copy from one back end to another, and the suite that every
//! back end must pass. The room knows no HTTP and no
//! clock; what a record means is the business of `dex-model`.
//!
//! Control leaves through [`Backend`], and comes back with [`StorageError`] when that fails.

mod backend;
pub mod conformance;
pub mod copy;
mod error;
mod expiry;
pub mod json;
mod marks;
mod memory;
mod overlay;
mod packed;
mod store;

pub use backend::{Backend, Readable, Seen, Write, key_of, list_readable};
pub use error::StorageError;
pub use expiry::expiry_of;
pub use memory::Memory;
pub use overlay::{Fixed, Overlay};
pub use store::{Change, Page, Read, Store, UPDATE_TRIES_MAX};
