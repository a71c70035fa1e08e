//! What a stranger sends, thrown at whatever reads it.
//!
//! Owned here: one function for each reader ([`TARGETS`]), which feeds it an input and checks what must hold
//! whatever the input is; and [`Mutator`], which makes inputs out of others. Not owned: the inputs to begin with
//! (`fuzz/corpus/`), and the engine. Two drive these functions: the short run among this crate's tests, and the
//! programs in `fuzz/`, which search for as long as one likes (`docs/fuzzing.md`).
//!
//! Control leaves by returning; by a panic when a reader panics or something does not hold.

mod mutate;
mod targets;

pub use mutate::{INPUT_BYTES_MAX, Mutator};
pub use targets::{TARGETS, Target, run};
