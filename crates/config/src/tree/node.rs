//! A value of the file and where it is.

use crate::problem::Position;
use crate::tree::scalar;

/// One value. Has no `Debug`: it may be a secret.
#[derive(Clone)]
pub(crate) struct Node {
    pub value: Value,
    pub at: Position,
    /// The text of a scalar that was written without quotes.
    pub written: Option<String>,
}

#[derive(Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// Between -2^63 and 2^64 - 1.
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value. Keys are unique in a map, up to case.
#[derive(Clone)]
pub(crate) struct Entry {
    pub key: String,
    pub at: Position,
    pub value: Node,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

impl Node {
    pub(crate) fn new(value: Value, at: Position) -> Self {
        Self { value, at, written: None }
    }

    /// What it is called in an error text.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a block of keys",
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    pub(crate) fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// Whether it asks for nothing: `null`, `false`, `""`, `[]`, `{}`.
    pub(crate) fn is_idle(&self) -> bool {
        match &self.value {
            Value::Null | Value::Bool(false) => true,
            Value::Text(text) => text.is_empty(),
            Value::List(items) => items.is_empty(),
            Value::Map(entries) => entries.iter().all(|entry| entry.value.is_idle()),
            Value::Bool(true) | Value::Int(_) | Value::Float(_) => false,
        }
    }

    /// As a text: unquoted numbers and booleans are converted as v2.45.1 did, or taken as they
    /// are written where v2.45.1 refused them. `None` for lists and blocks.
    pub(crate) fn text(&self, as_written: bool) -> Option<String> {
        if let (true, Some(written)) = (as_written, &self.written) {
            return Some(written.clone());
        }
        match &self.value {
            Value::Null => Some(String::new()),
            Value::Bool(value) => Some(value.to_string()),
            Value::Int(value) => Some(value.to_string()),
            Value::Float(value) => Some(scalar::show_float(*value)),
            Value::Text(text) => Some(text.clone()),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// As a boolean, written with or without quotes.
    pub(crate) fn bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(value) => Some(*value),
            Value::Text(text) => scalar::bool_of(text),
            _ => None,
        }
    }

    /// As a whole number, written with or without quotes.
    pub(crate) fn int(&self) -> Option<i64> {
        match &self.value {
            Value::Int(value) => i64::try_from(*value).ok(),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}
