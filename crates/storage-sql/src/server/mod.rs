//! What the back ends with a server of their own have in common.
//!
//! Owned here: the connections, the text of the statements, what is tried again, and the way of a
//! record to one statement and back. A dialect (`postgres`, `mysql`) says how it connects, binds and
//! reads values, what its errors mean, and by which steps its schema is made. Nothing is held open
//! between two statements, and every one of the six operations is a single statement in the common case.
//!
//! Control leaves through [`Records`], with an answer or a [`StorageError`](dex_storage::StorageError).

mod backend;
mod dialect;
mod failure;
mod migrations;
mod pool;
mod records;
mod statements;

pub(crate) use self::backend::backend;
pub(crate) use self::dialect::{Answer, Dialect, Fault, Order};
pub use self::failure::{Failure, Place};
pub(crate) use self::migrations::{Migrations, Schema, Step};
pub(crate) use self::records::Records;
pub(crate) use self::statements::Text;
