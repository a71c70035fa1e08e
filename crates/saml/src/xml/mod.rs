//! XML as it is read here: strictly, into a small tree.
//!
//! Owned here: the limits of a document, what is refused before anything is looked at (DTDs, processing
//! instructions, ids given twice), the tree, canonical bytes, and writing. Not owned: what the elements mean.
//!
//! Two parsers read a document. One makes the tree that is looked at; the other feeds the canonicalisation, with what was cut
//! out of the text. Nothing depends on their agreeing, nor on the cut: what is believed is read from canonical bytes whose
//! digest was signed.
//!
//! Control leaves by value, or with an [`XmlError`].

mod canonical;
mod cut;
mod names;
mod parse;
mod scan;
mod tree;
mod write;

pub(crate) use canonical::{Canonicalization, canonicalize};
pub(crate) use cut::cut;
pub(crate) use names::Namespace;
pub use parse::XmlError;
pub(crate) use parse::parse;
pub(crate) use tree::Element;
pub(crate) use write::escape;
