//! Values read as tolerantly as Dex reads them (storage spec, 1.6).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_model::{Claims, Pkce, Timestamp, ZERO_TIME};
use dex_storage::json::{self, Shape};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What is wrong with a value: which member, and why. Holds nothing of the value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) field: &'static str,
    pub(crate) reason: String,
}

impl Fault {
    pub(super) fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }
}

/// The members of a JSON object: found in any case, the later of two counts, `null` is as good as none.
pub(super) struct Members(Map<String, Value>);

impl Members {
    pub(super) fn parse(value: &[u8]) -> Result<Self, Fault> {
        // Dex reads a byte that is no UTF-8 as U+FFFD, and so do we.
        let text = String::from_utf8_lossy(value);
        let value: Value = serde_json::from_str(&text)
            .map_err(|error| Fault::new("the value", format!("is no JSON from byte {} on", error.column())))?;
        Self::of("the value", value)
    }

    fn of(field: &'static str, value: Value) -> Result<Self, Fault> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            Value::Null => Ok(Self(Map::new())),
            _ => Err(Fault::new(field, "is no JSON object")),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let members = self.0.iter_mut().rev();
        let found = members.filter(|(member, _)| member.eq_ignore_ascii_case(name)).map(|(_, value)| value).next();
        found.map(Value::take).filter(|value| !value.is_null())
    }

    fn read<T: DeserializeOwned>(&mut self, name: &'static str, awaited: &str) -> Result<Option<T>, Fault> {
        let value = self.take(name).map(serde_json::from_value).transpose();
        value.map_err(|_| Fault::new(name, format!("is no {awaited}")))
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<String, Fault> {
        Ok(self.read(name, "text")?.unwrap_or_default())
    }

    pub(super) fn bool(&mut self, name: &'static str) -> Result<bool, Fault> {
        Ok(self.optional_bool(name)?.unwrap_or_default())
    }

    pub(super) fn optional_bool(&mut self, name: &'static str) -> Result<Option<bool>, Fault> {
        self.read(name, "boolean")
    }

    pub(super) fn int(&mut self, name: &'static str) -> Result<Option<i64>, Fault> {
        self.read(name, "whole number")
    }

    /// A time; one that is not given is Dex's zero.
    pub(super) fn time(&mut self, name: &'static str) -> Result<Timestamp, Fault> {
        Ok(self.read(name, "time")?.unwrap_or(ZERO_TIME))
    }

    pub(super) fn bytes(&mut self, name: &'static str) -> Result<Vec<u8>, Fault> {
        let text = self.text(name)?;
        STANDARD.decode(text).map_err(|_| Fault::new(name, "is not base64"))
    }

    pub(super) fn list(&mut self, name: &'static str) -> Result<Vec<String>, Fault> {
        Ok(self.optional_list(name)?.unwrap_or_default())
    }

    pub(super) fn optional_list(&mut self, name: &'static str) -> Result<Option<Vec<String>>, Fault> {
        self.take(name).map(|value| strings(name, value)).transpose()
    }

    /// Elements of a list, each as `read` makes it.
    pub(super) fn elements<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(Value) -> Result<T, Fault>,
    ) -> Result<Option<Vec<T>>, Fault> {
        self.take(name).map(|value| elements(name, value, read)).transpose()
    }

    /// Values by name, each as `read` makes it.
    pub(super) fn map<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(Value) -> Result<T, Fault>,
    ) -> Result<BTreeMap<String, T>, Fault> {
        let members = self.object(name)?.map(|members| members.0).unwrap_or_default();
        members.into_iter().map(|(key, value)| Ok((key, read(value)?))).collect()
    }

    pub(super) fn object(&mut self, name: &'static str) -> Result<Option<Self>, Fault> {
        self.take(name).map(|value| Self::of(name, value)).transpose()
    }

    /// The member as it is.
    pub(super) fn value(&mut self, name: &'static str) -> Option<Value> {
        self.take(name)
    }

    pub(super) fn claims(&mut self) -> Result<Claims, Fault> {
        let Some(mut claims) = self.object("claims")? else { return Ok(Claims::default()) };
        Ok(Claims {
            user_id: claims.text("userID")?,
            username: claims.text("username")?,
            preferred_username: claims.text("preferredUsername")?,
            email: claims.text("email")?,
            email_verified: claims.bool("emailVerified")?,
            groups: claims.list("groups")?,
        })
    }

    pub(super) fn pkce(&mut self) -> Result<Option<Pkce>, Fault> {
        let pkce = Pkce {
            code_challenge: self.text("code_challenge")?,
            code_challenge_method: self.text("code_challenge_method")?,
        };
        Ok(Some(pkce).filter(|pkce| !pkce.code_challenge.is_empty()))
    }
}

/// A JSON list of strings; `null` is the empty list, and among strings the empty one.
pub(super) fn strings(name: &'static str, value: Value) -> Result<Vec<String>, Fault> {
    elements(name, value, |value| match value {
        Value::String(text) => Ok(text),
        Value::Null => Ok(String::new()),
        _ => Err(Fault::new(name, "holds something that is no string")),
    })
}

/// A JSON list, each element as `read` makes it; `null` is the empty list.
pub(super) fn elements<T>(
    name: &'static str,
    value: Value,
    read: impl Fn(Value) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    match value {
        Value::Array(elements) => elements.into_iter().map(read).collect(),
        Value::Null => Ok(Vec::new()),
        _ => Err(Fault::new(name, "is no list")),
    }
}

/// An object of a known shape; `null` is one without members.
pub(super) fn shaped<T: Shape>(name: &'static str, value: Value) -> Result<T, Fault> {
    let value = if value.is_null() { Value::Object(Map::new()) } else { value };
    json::read(value).map_err(|reason| Fault::new(name, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_as_dex_finds_them() {
        let mut members =
            Members::parse(br#"{"ID":"a","id":"b","n":null,"Time":"2026-08-06T17:14:24.5+02:00"}"#).unwrap();
        assert_eq!(members.text("iD").unwrap(), "b");
        assert_eq!(members.optional_bool("N"), Ok(None));
        assert_eq!(members.time("time").unwrap().to_string(), "2026-08-06T15:14:24.5Z");
        assert_eq!(members.time("missing"), Ok(ZERO_TIME));
    }

    #[test]
    fn a_fault_names_the_member_and_holds_nothing_of_it() {
        let mut members = Members::parse(br#"{"secret":["hunter2"],"data":"hunter2!","at":"hunter2"}"#).unwrap();
        let faults =
            [members.text("secret").unwrap_err(), members.bytes("data").unwrap_err(), members.time("at").unwrap_err()];
        for (fault, field) in faults.iter().zip(["secret", "data", "at"]) {
            assert_eq!(fault.field, field);
            assert!(!fault.reason.contains("hunter2"), "{}", fault.reason);
        }
        for broken in ["", "{", "[]", "\"a\"", "{\"a\":1}x"] {
            assert!(Members::parse(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
