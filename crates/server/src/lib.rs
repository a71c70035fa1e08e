//! The program `dex`: command line, configuration, wiring, listeners, background loops.
//!
//! Owns the process: what it was asked to do ([`cli`]), what it runs ([`run`]), how it is reached
//! ([`listen`]), watched ([`telemetry`], [`logging`]) and ended ([`lifecycle`]). Knows every other
//! crate; none knows it. It is a library only so that its parts can be tested; [`cli::main`] is all
//! the binary calls, and its exit status is the only way out.

pub mod cli;
mod demo;
pub mod lifecycle;
pub mod listen;
mod listeners;
pub mod logging;
pub mod run;
pub mod telemetry;
pub mod version;
pub mod watch;
pub mod wiring;

pub use dex_web::peer;
