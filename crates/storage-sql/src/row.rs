//! A row being written, and a row being read.

use std::collections::BTreeMap;

use dex_model::{Claims, Key, Pkce, Timestamp, ZERO_TIME};
use dex_storage::StorageError;
use dex_storage::json::{self, Shape};

use crate::table::Table;
use crate::value::Value;

/// A row being written. A column that is not named is NULL.
pub(crate) struct Fields {
    table: &'static Table,
    values: Vec<Value>,
}

impl Fields {
    pub(crate) fn of(table: &'static Table) -> Self {
        Self { table, values: vec![Value::Null; table.columns.len()] }
    }

    pub(crate) fn set(mut self, column: &'static str, value: impl Into<Value>) -> Self {
        self.values[self.table.place(column)] = value.into();
        self
    }

    /// As [`set`](Self::set), for a column that not every layout has.
    pub(crate) fn set_if_there(self, column: &'static str, value: impl FnOnce() -> Value) -> Self {
        if self.table.has(column) { self.set(column, value()) } else { self }
    }

    pub(crate) fn claims(self, claims: &Claims) -> Self {
        self.set("claims_user_id", &claims.user_id)
            .set("claims_username", &claims.username)
            .set("claims_preferred_username", &claims.preferred_username)
            .set("claims_email", &claims.email)
            .set("claims_email_verified", claims.email_verified)
            .set("claims_groups", Value::list(&claims.groups))
    }

    /// Dex takes the method for `plain` where no challenge is sent, and writes that.
    pub(crate) fn pkce(self, pkce: Option<&Pkce>) -> Self {
        let (challenge, method) =
            pkce.map_or(("", "plain"), |pkce| (&pkce.code_challenge, &pkce.code_challenge_method));
        self.set("code_challenge", challenge).set("code_challenge_method", method)
    }

    /// The values, in the order of the table's columns.
    pub(crate) fn values(self) -> Vec<Value> {
        self.values
    }
}

/// Why a row cannot be read. It holds nothing of the value.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) field: &'static str,
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }

    /// The error for who asked for the row.
    pub(crate) fn of(self, key: &Key) -> StorageError {
        StorageError::Undecodable { key: Box::new(key.clone()), field: self.field, reason: self.reason }
    }
}

/// A row being read. Each column is taken once.
pub(crate) struct Row {
    table: &'static Table,
    values: Vec<Value>,
}

impl Row {
    /// The row with these values, in the order of the table's columns.
    pub(crate) fn new(table: &'static Table, values: Vec<Value>) -> Self {
        Self { table, values }
    }

    fn take(&mut self, column: &'static str) -> Value {
        std::mem::replace(&mut self.values[self.table.place(column)], Value::Null)
    }

    /// Whether the layout has this column.
    pub(crate) fn has(&self, column: &str) -> bool {
        self.table.has(column)
    }

    /// A text; NULL is the empty one.
    pub(crate) fn text(&mut self, column: &'static str) -> Result<String, Fault> {
        match self.take(column) {
            Value::Text(text) => Ok(text),
            Value::Null => Ok(String::new()),
            _ => Err(Fault::new(column, "is no text")),
        }
    }

    pub(crate) fn bool(&mut self, column: &'static str) -> Result<bool, Fault> {
        Ok(self.optional_bool(column)?.unwrap_or(false))
    }

    pub(crate) fn optional_bool(&mut self, column: &'static str) -> Result<Option<bool>, Fault> {
        match self.take(column) {
            Value::Bool(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            _ => Err(Fault::new(column, "is no boolean")),
        }
    }

    pub(crate) fn int(&mut self, column: &'static str) -> Result<i64, Fault> {
        match self.take(column) {
            Value::Int(value) => Ok(value),
            _ => Err(Fault::new(column, "is no integer")),
        }
    }

    /// Bytes; NULL is none.
    pub(crate) fn bytes(&mut self, column: &'static str) -> Result<Vec<u8>, Fault> {
        match self.take(column) {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Null => Ok(Vec::new()),
            _ => Err(Fault::new(column, "are no bytes")),
        }
    }

    pub(crate) fn time(&mut self, column: &'static str) -> Result<Timestamp, Fault> {
        match self.take(column) {
            Value::Time(at) => Ok(at),
            Value::Null => Ok(ZERO_TIME),
            _ => Err(Fault::new(column, "is no time")),
        }
    }

    /// JSON; NULL, nothing and `null` are all `None`.
    pub(crate) fn json(&mut self, column: &'static str) -> Result<Option<serde_json::Value>, Fault> {
        let bytes = self.bytes(column)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        // Dex reads a byte that is no UTF-8 as U+FFFD, and so do we.
        let value: serde_json::Value = serde_json::from_str(&String::from_utf8_lossy(&bytes))
            .map_err(|error| Fault::new(column, format!("is no JSON from byte {} on", error.column())))?;
        Ok(Some(value).filter(|value| !value.is_null()))
    }

    pub(crate) fn list(&mut self, column: &'static str) -> Result<Vec<String>, Fault> {
        Ok(self.optional_list(column)?.unwrap_or_default())
    }

    pub(crate) fn optional_list(&mut self, column: &'static str) -> Result<Option<Vec<String>>, Fault> {
        let value = self.json(column)?;
        value.map(|value| strings(column, value)).transpose()
    }

    /// Objects by name.
    pub(crate) fn map<T: Shape>(&mut self, column: &'static str) -> Result<BTreeMap<String, T>, Fault> {
        self.map_of(column, |value| object(column, value))
    }

    /// Values by name, each as `read` makes it.
    pub(crate) fn map_of<T>(
        &mut self,
        column: &'static str,
        read: impl Fn(serde_json::Value) -> Result<T, Fault>,
    ) -> Result<BTreeMap<String, T>, Fault> {
        match self.json(column)? {
            None => Ok(BTreeMap::new()),
            Some(serde_json::Value::Object(members)) => {
                members.into_iter().map(|(name, value)| Ok((name, read(value)?))).collect()
            }
            Some(_) => Err(Fault::new(column, "is no JSON object")),
        }
    }

    pub(crate) fn claims(&mut self) -> Result<Claims, Fault> {
        Ok(Claims {
            user_id: self.text("claims_user_id")?,
            username: self.text("claims_username")?,
            preferred_username: self.text("claims_preferred_username")?,
            email: self.text("claims_email")?,
            email_verified: self.bool("claims_email_verified")?,
            groups: self.list("claims_groups")?,
        })
    }

    pub(crate) fn pkce(&mut self) -> Result<Option<Pkce>, Fault> {
        let pkce = Pkce {
            code_challenge: self.text("code_challenge")?,
            code_challenge_method: self.text("code_challenge_method")?,
        };
        Ok(Some(pkce).filter(|pkce| !pkce.code_challenge.is_empty()))
    }
}

/// A JSON list of strings; `null` among them is the empty one.
pub(crate) fn strings(column: &'static str, value: serde_json::Value) -> Result<Vec<String>, Fault> {
    elements(column, value, |value| match value {
        serde_json::Value::String(text) => Ok(text),
        serde_json::Value::Null => Ok(String::new()),
        _ => Err(Fault::new(column, "holds something that is no string")),
    })
}

/// A JSON list, each element as `read` makes it; `null` is the empty list.
pub(crate) fn elements<T>(
    column: &'static str,
    value: serde_json::Value,
    read: impl Fn(serde_json::Value) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    match value {
        serde_json::Value::Array(elements) => elements.into_iter().map(read).collect(),
        serde_json::Value::Null => Ok(Vec::new()),
        _ => Err(Fault::new(column, "is no JSON list")),
    }
}

/// A JSON object; `null` is one without members.
pub(crate) fn object<T: Shape>(column: &'static str, value: serde_json::Value) -> Result<T, Fault> {
    let value = if value.is_null() { serde_json::json!({}) } else { value };
    json::read(value).map_err(|reason| Fault::new(column, reason))
}
