//! A block as JSON for code that reads it with types of its own, its shape checked.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map as JsonMap, Number, Value as Json};

use crate::problem::Position;
use crate::report::Report;
use crate::tree::node::{Entry, Node, Value};

/// What a key holds.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    Text,
    Bool,
    Int,
    Texts,
    /// One text or a list of them.
    OneOrMoreTexts,
    /// Bytes in standard base64.
    Base64,
    /// Free keys with texts.
    TextMap,
    Block(&'static [ShapedKey]),
    Blocks(&'static [ShapedKey]),
}

/// A key and what it holds.
pub(crate) type ShapedKey = (&'static str, Shape);

/// Turns a block into JSON: known keys get their documented spelling and their type whatever way
/// they were quoted, unknown ones are reported and handed on as they are. `places` learns where
/// each key is, by its path within the block.
pub(crate) fn to_json(
    node: &Node,
    keys: &'static [ShapedKey],
    path: &str,
    report: &Report,
    places: &mut BTreeMap<String, Position>,
) -> Json {
    let mut writer = Writer { report, places, root: path.len() };
    writer.block(node, keys, path)
}

struct Writer<'w> {
    report: &'w Report,
    places: &'w mut BTreeMap<String, Position>,
    /// Length of the path of the whole block.
    root: usize,
}

impl Writer<'_> {
    fn block(&mut self, node: &Node, keys: &'static [ShapedKey], path: &str) -> Json {
        for (key, _) in keys {
            self.report.known(&format!("{path}.{key}"));
        }
        let entries: &[Entry] = match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            _ => {
                self.wrong(node, path, "a block of keys");
                &[]
            }
        };
        let mut out = JsonMap::new();
        for entry in entries {
            let found = keys.iter().find(|(key, _)| key.eq_ignore_ascii_case(&entry.key));
            let Some((key, shape)) = found else {
                let siblings = keys.iter().map(|(key, _)| *key).collect();
                self.report.unknown(path, &entry.key, entry.at, siblings);
                out.insert(entry.key.clone(), free(&entry.value));
                continue;
            };
            if *key != entry.key && entries.iter().any(|other| other.key == *key) {
                continue;
            }
            let path = format!("{path}.{key}");
            self.place(&path, entry.value.at);
            if entry.value.is_null() {
                continue;
            }
            self.report.present(&path, entry.at);
            out.insert((*key).to_owned(), self.value(&entry.value, *shape, &path));
        }
        Json::Object(out)
    }

    fn place(&mut self, path: &str, at: Position) {
        let within = path[self.root..].trim_start_matches('.');
        self.places.insert(within.to_owned(), at);
    }

    fn wrong(&self, node: &Node, path: &str, wanted: &str) -> Json {
        let text = format!("must be {wanted}, not {}", node.kind());
        self.report.error(node.at, path, text, "see the documentation of this connector");
        Json::Null
    }

    fn value(&mut self, node: &Node, shape: Shape, path: &str) -> Json {
        match shape {
            Shape::Text => self.text(node, path),
            Shape::Bool => node.bool().map_or_else(|| self.wrong(node, path, "true or false"), Json::Bool),
            Shape::Int => node.int().map_or_else(|| self.wrong(node, path, "a whole number"), Json::from),
            Shape::OneOrMoreTexts if !matches!(node.value, Value::List(_)) => self.text(node, path),
            Shape::Texts | Shape::OneOrMoreTexts => self.list(node, Shape::Text, path),
            Shape::Base64 => self.base64(node, path),
            Shape::TextMap => self.text_map(node, path),
            Shape::Block(keys) => self.block(node, keys, path),
            Shape::Blocks(keys) => self.list(node, Shape::Block(keys), path),
        }
    }

    fn text(&self, node: &Node, path: &str) -> Json {
        node.text(true).map_or_else(|| self.wrong(node, path, "a text"), Json::String)
    }

    fn list(&mut self, node: &Node, item: Shape, path: &str) -> Json {
        let Value::List(items) = &node.value else {
            return self.wrong(node, path, "a list");
        };
        let mut out = Vec::with_capacity(items.len());
        for (at, node) in items.iter().enumerate() {
            let path = format!("{path}[{at}]");
            self.place(&path, node.at);
            out.push(self.value(node, item, &path));
        }
        Json::Array(out)
    }

    fn base64(&self, node: &Node, path: &str) -> Json {
        let text = match node.text(true) {
            Some(text) => text.replace(['\r', '\n'], ""),
            None => return self.wrong(node, path, "base64 text"),
        };
        if STANDARD.decode(&text).is_err() {
            let hint = "encode the whole file in one go, as `base64 -w 0 FILE` does";
            self.report.error(node.at, path, "is not valid base64", hint);
        }
        Json::String(text)
    }

    fn text_map(&self, node: &Node, path: &str) -> Json {
        let Value::Map(entries) = &node.value else {
            return self.wrong(node, path, "a block of keys");
        };
        let text = |entry: &Entry| self.text(&entry.value, &format!("{path}.{}", entry.key));
        Json::Object(entries.iter().map(|entry| (entry.key.clone(), text(entry))).collect())
    }
}

/// A value of which nothing is known.
fn free(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Number::from_i128(*value).map_or(Json::Null, Json::Number),
        Value::Float(value) => Number::from_f64(*value).map_or(Json::Null, Json::Number),
        Value::Text(text) => Json::String(text.clone()),
        Value::List(items) => Json::Array(items.iter().map(free).collect()),
        Value::Map(entries) => {
            let pair = |entry: &Entry| (entry.key.clone(), free(&entry.value));
            Json::Object(entries.iter().map(pair).collect())
        }
    }
}
