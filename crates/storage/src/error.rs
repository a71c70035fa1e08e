//! What goes wrong between us and a back end.

use dex_model::{Key, Kind};

/// A failure of the store. It never holds a record's values, so it may be logged.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The back end cannot be reached, is locked, or has no room. Asking again later may help.
    #[error("the storage is not available: {0}")]
    // The text holds the cause, which is no source too: it would be told twice.
    Unavailable(Box<dyn std::error::Error + Send + Sync>),
    /// A record is there but cannot be read.
    #[error("{kind} `{id}` cannot be read: {field}: {reason}", kind = key.kind.name(), id = key.id)]
    Undecodable {
        /// Which record.
        key: Box<Key>,
        /// Which of its fields.
        field: &'static str,
        /// What is wrong with it, without the value.
        reason: String,
    },
    /// A record cannot be kept as it is: a value is longer or stranger than the back end takes.
    #[error("{kind} `{id}` cannot be stored: {reason}", kind = key.kind.name(), id = key.id)]
    Unstorable {
        /// Which record.
        key: Box<Key>,
        /// Why, without the value.
        reason: String,
    },
    /// The record is fixed by the configuration (storage spec, 3.1).
    #[error("static {what}: read-only cannot {action} {one}", what = plural(*kind), one = singular(*kind))]
    ReadOnly {
        /// The kind of record.
        kind: Kind,
        /// `create`, `update` or `delete`.
        action: &'static str,
    },
    /// An update lost against others as often as it is tried.
    #[error("{kind} `{id}` is changed by too many at once", kind = key.kind.name(), id = key.id)]
    Contended {
        /// Which record.
        key: Box<Key>,
    },
}

impl StorageError {
    /// Wraps a back end's own failure as one that may pass.
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(cause.into())
    }
}

fn singular(kind: Kind) -> &'static str {
    match kind {
        Kind::Client => "client",
        Kind::Password => "password",
        Kind::Connector => "connector",
        other => other.name(),
    }
}

fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Client => "clients",
        Kind::Password => "passwords",
        Kind::Connector => "connectors",
        other => other.name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = StorageError::unavailable("the disk is full");
        assert_eq!(error.to_string(), "the storage is not available: the disk is full");
        assert!(std::error::Error::source(&error).is_none());
    }

    #[test]
    fn what_the_configuration_fixes_is_refused_in_the_words_of_dex() {
        let error = StorageError::ReadOnly { kind: Kind::Password, action: "update" };
        assert_eq!(error.to_string(), "static passwords: read-only cannot update password");
    }
}
