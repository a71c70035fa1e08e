//! What came back.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::excerpt::{cleaned, excerpt, looks_like_html};
use crate::error::CallError;

/// An answer of any status, read to its end.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    pub(super) host: String,
    pub(super) secrets: Vec<String>,
}

impl Answer {
    /// The answer if its status is 2xx.
    ///
    /// # Errors
    ///
    /// [`CallError::Refused`] with the beginning of the body.
    pub fn success(self) -> Result<Self, CallError> {
        match self.status.is_success() {
            true => Ok(self),
            false => Err(CallError::Refused { status: self.status, excerpt: self.excerpt(), host: self.host }),
        }
    }

    /// The body as JSON, whatever its media type says. What follows the first value is not looked at if it is white space.
    ///
    /// # Errors
    ///
    /// [`CallError::NotUnderstood`]
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| self.json_error(&error))
    }

    /// The error that the body is not the `expected` thing, because of `cause`.
    pub fn not_understood(&self, expected: &'static str, cause: impl Into<String>) -> CallError {
        CallError::NotUnderstood {
            host: self.host.clone(),
            status: self.status,
            expected,
            cause: cause.into(),
            excerpt: self.excerpt(),
        }
    }

    /// The media type, without parameters and in lower case; empty if there is none.
    pub fn media_type(&self) -> String {
        let value = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The beginning of the body for an error text: one line, no tokens.
    pub fn excerpt(&self) -> String {
        excerpt(&self.body, self.media_type() == "text/html", &self.secrets)
    }

    /// A text of the upstream's for an error text: one short line, without what was sent and without tokens.
    pub(crate) fn cleaned(&self, text: &str) -> String {
        cleaned(text.to_owned(), &self.secrets)
    }

    fn json_error(&self, error: &serde_json::Error) -> CallError {
        let html = self.media_type() == "text/html" || looks_like_html(&String::from_utf8_lossy(&self.body));
        // serde's own text can quote a value.
        let cause = match error.classify() {
            _ if html => "it is an HTML page",
            serde_json::error::Category::Eof if self.body.is_empty() => "it is empty",
            serde_json::error::Category::Eof => "it ends in the middle",
            serde_json::error::Category::Data => "a member is missing or of another type",
            _ => "it is not JSON",
        };
        let at = format!("{cause} (line {}, column {})", error.line(), error.column());
        self.not_understood("the JSON that was asked for", at)
    }
}
