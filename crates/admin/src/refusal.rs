//! Why a call ends without a response, and the status it ends with.

use dex_storage::StorageError;
use dex_web::TooManyAttempts;
use tonic::{Code, Status};

/// How many bytes of a text are told: it goes into a header and into the log, and may quote what was sent.
const TEXT_BYTES_MAX: usize = 1024;

/// Why a call ends without a response. The texts are those of Dex where it has one (gRPC spec, 4.3): tools look for them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// What was asked makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The one thing that was asked for is not there.
    #[error("not found")]
    NotFound,
    /// The calls of this kind are turned off.
    #[error("{0} feature flag is not enabled")]
    Disabled(&'static str),
    /// There is more than a response can hold.
    #[error("there are more than {0}: too many for one response")]
    TooMany(usize),
    /// This was tried too often.
    #[error(transparent)]
    Attempts(#[from] TooManyAttempts),
    /// Too much is asked at the same time.
    #[error("{0}")]
    Busy(String),
    /// The storage failed, or the configuration keeps it from being written.
    #[error("{}{cause}", prefix(doing))]
    Storage {
        /// What it was asked to do.
        doing: &'static str,
        /// Why it did not.
        cause: StorageError,
    },
}

fn prefix(doing: &str) -> String {
    if doing.is_empty() { String::new() } else { format!("{doing}: ") }
}

impl From<StorageError> for Refusal {
    fn from(cause: StorageError) -> Self {
        Self::Storage { doing: "", cause }
    }
}

impl Refusal {
    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }

    fn code(&self) -> Code {
        match self {
            Self::Invalid(_) => Code::InvalidArgument,
            Self::NotFound => Code::NotFound,
            Self::Disabled(_) => Code::FailedPrecondition,
            Self::TooMany(_) | Self::Attempts(_) => Code::ResourceExhausted,
            Self::Busy(_) => Code::Unavailable,
            Self::Storage { cause, .. } => match cause {
                StorageError::Unavailable(_) => Code::Unavailable,
                StorageError::Undecodable { .. } => Code::DataLoss,
                StorageError::Unstorable { .. } => Code::InvalidArgument,
                StorageError::ReadOnly { .. } => Code::FailedPrecondition,
                StorageError::Contended { .. } => Code::Aborted,
            },
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let mut text = refusal.to_string();
        if text.len() > TEXT_BYTES_MAX {
            text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
            text.push_str("..");
        }
        Self::new(refusal.code(), text)
    }
}

/// Says what the storage was asked to do when it failed.
pub(crate) trait During<T> {
    fn during(self, doing: &'static str) -> Result<T, Refusal>;
}

impl<T, E: Into<Refusal>> During<T> for Result<T, E> {
    fn during(self, doing: &'static str) -> Result<T, Refusal> {
        self.map_err(|error| match error.into() {
            Refusal::Storage { doing: "", cause } => Refusal::Storage { doing, cause },
            other => other,
        })
    }
}

/// `text` must be there; `told` says that it is not.
pub(crate) fn required(text: &str, told: &str) -> Result<(), Refusal> {
    if text.is_empty() { Err(Refusal::invalid(told)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dex_model::{Key, Kind};

    use super::*;

    #[test]
    fn each_refusal_has_its_status_and_its_text() {
        let key = || Box::new(Key::one(Kind::Client, "a"));
        let stored = |cause: StorageError| Err::<(), _>(cause).during("create client").unwrap_err();
        let cases = [
            (Refusal::invalid("no id supplied"), Code::InvalidArgument, "no id supplied"),
            (Refusal::NotFound, Code::NotFound, "not found"),
            (
                Refusal::Disabled("api_connectors_crud"),
                Code::FailedPrecondition,
                "api_connectors_crud feature flag is not enabled",
            ),
            (Refusal::TooMany(5), Code::ResourceExhausted, "there are more than 5: too many for one response"),
            (
                TooManyAttempts { after: Duration::from_secs(3) }.into(),
                Code::ResourceExhausted,
                "too many attempts; try again in 3 s",
            ),
            (
                stored(StorageError::unavailable("down")),
                Code::Unavailable,
                "create client: the storage is not available: down",
            ),
            (
                stored(StorageError::ReadOnly { kind: Kind::Client, action: "create" }),
                Code::FailedPrecondition,
                "create client: static clients: read-only cannot create client",
            ),
            (
                stored(StorageError::Contended { key: key() }),
                Code::Aborted,
                "create client: Client `a` is changed by too many at once",
            ),
            (
                stored(StorageError::Unstorable { key: key(), reason: "too long".into() }),
                Code::InvalidArgument,
                "create client: Client `a` cannot be stored: too long",
            ),
        ];
        for (refusal, code, text) in cases {
            let status = Status::from(refusal);
            assert_eq!((status.code(), status.message()), (code, text));
        }
    }

    #[test]
    fn what_is_told_is_short_whatever_was_sent() {
        let short = "ab".repeat(TEXT_BYTES_MAX / 2);
        let cases = [
            (short.clone(), short.clone()),
            (format!("{short}c"), format!("{short}..")),
            (format!("a{}", "é".repeat(TEXT_BYTES_MAX)), format!("a{}..", "é".repeat(TEXT_BYTES_MAX / 2 - 1))),
        ];
        for (sent, told) in cases {
            assert_eq!(Status::from(Refusal::invalid(sent)).message(), told);
        }
    }

    #[test]
    fn what_was_being_done_is_told_once() {
        let inner = Err::<(), _>(StorageError::unavailable("down")).during("inner");
        let outer = inner.during("outer").unwrap_err().to_string();
        assert_eq!(outer, "inner: the storage is not available: down");
    }
}
