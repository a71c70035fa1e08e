//! What a column holds, whatever the dialect.

use dex_model::Timestamp;

/// The value of a column.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Time(Timestamp),
}

/// The type of a column, by which a dialect makes a [`Value`] of what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Int,
    Text,
    /// Bytes, most of them JSON.
    Bytes,
    /// A text that Dex keeps in a column of bytes.
    TextInBytes,
    /// JSON that the server knows for JSON.
    Json,
    Time,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Time(at)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl Value {
    /// Bytes, or NULL for none.
    pub(crate) fn bytes_or_null(bytes: &[u8]) -> Self {
        if bytes.is_empty() { Self::Null } else { Self::Bytes(bytes.to_vec()) }
    }

    /// A list as JSON. An empty one is `null`, as Dex writes the lists it never filled.
    pub(crate) fn list(list: &[String]) -> Self {
        Self::optional_list(Some(list).filter(|list| !list.is_empty()))
    }

    /// A list as JSON, where `null` and `[]` differ.
    pub(crate) fn optional_list(list: Option<&[String]>) -> Self {
        Self::Bytes(dex_oidc::to_json(&list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_written_to_the_byte() {
        let uri = vec!["https://a.example/cb?x=1&y=<2>".to_owned()];
        let cases = [
            (Value::list(&[]), "null"),
            (Value::list(&uri), r#"["https://a.example/cb?x=1\u0026y=\u003c2\u003e"]"#),
            (Value::optional_list(None), "null"),
            (Value::optional_list(Some(&[])), "[]"),
        ];
        for (value, expected) in cases {
            assert!(value == Value::from(expected.as_bytes()), "{expected}");
        }
    }
}
