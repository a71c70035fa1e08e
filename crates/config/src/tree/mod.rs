//! The configuration file as a tree that remembers where everything is written.
//!
//! Owns the rules of YAML 1.1 as Dex reads it, the limits on what a file may hold, `$VAR`
//! expansion, and [`Map`], through which sections ask for their keys. Knows no section. Control
//! leaves it as values of the asked type; whatever is wrong lands in the [`Report`](crate::report::Report).

mod expand;
mod json;
mod map;
mod node;
mod parse;
mod scalar;

pub(crate) use json::{Shape, ShapedKey, to_json};
pub(crate) use map::{Given, Map};
pub(crate) use node::Node;
pub(crate) use parse::parse;
