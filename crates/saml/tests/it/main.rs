//! A response from the outside: who gets in, and who does not, with xmlsec1 as the judge.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod attacks;
mod checks;
mod encrypted;
mod honest;
mod idp;
mod limits;
mod logout;
mod metadata;
mod mutants;
mod requests;
mod tree;
mod xmlsec;
