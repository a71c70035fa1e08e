//! XML as it is read here: strictly, into a small tree.
//!
//! Owned here: the limits of a document, what is refused before anything is looked at (DTDs, processing
//! instructions, ids given twice), the tree, canonical bytes, and writing. Not owned: what the elements mean.
//!
//! Two parsers read a document. One makes the tree that is looked at; the other feeds the canonicalisation. Nothing
//! depends on their agreeing: what is believed is read from canonical bytes whose digest was signed.
//!
//! Control leaves by value, or with an [`XmlError`].

mod canonical;
mod names;
mod parse;
mod scan;
mod tree;
mod write;

pub(crate) use canonical::{Canonicalization, Canonicalizer};
pub(crate) use names::Namespace;
pub use parse::XmlError;
pub(crate) use parse::parse;
pub(crate) use tree::Element;
pub(crate) use write::escape;
