//! (being written)

pub mod peer;
