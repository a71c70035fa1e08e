//! A response from the outside: who gets in, and who does not, with xmlsec1 as the judge.

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
