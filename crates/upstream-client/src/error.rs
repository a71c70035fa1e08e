//! Why a call gave nothing usable.

use std::error::Error;
use std::time::Duration;

use dex_connector::UpstreamError;
use http::StatusCode;

/// Why a call gave nothing usable. It becomes an [`UpstreamError`] with `?`; the texts are for our log and hold nothing that
/// was sent.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The upstream's name, address or TLS does not answer, or it went away in the middle.
    #[error("{method} {host}: {cause}")]
    Transport {
        /// The method.
        method: http::Method,
        /// Scheme, host and port that was asked.
        host: String,
        /// What the library says.
        cause: String,
    },
    /// The time is up.
    #[error("{what} took longer than {limit:?}")]
    Slow {
        /// What took so long.
        what: &'static str,
        /// How long it may take.
        limit: Duration,
    },
    /// The upstream failed [repeatedly](crate), and is not asked for a while.
    #[error("{host} failed several times in a row and is not asked for another {wait:?}")]
    LeftAlone {
        /// Scheme, host and port.
        host: String,
        /// For how long.
        wait: Duration,
    },
    /// Too many calls (429, or 403 with a time to come back at).
    #[error("{host} answered {status}: too many requests{}", wait(.after))]
    RateLimited {
        /// Scheme, host and port.
        host: String,
        /// What it answered.
        status: StatusCode,
        /// When to come back, if it said so.
        after: Option<Duration>,
    },
    /// A status that is not 2xx.
    #[error("{host} answered {status}: {excerpt}")]
    Refused {
        /// Scheme, host and port.
        host: String,
        /// What it answered.
        status: StatusCode,
        /// The beginning of its answer.
        excerpt: String,
    },
    /// The body is longer than it may be.
    #[error("{host} answered {status} with more than {limit} bytes")]
    TooLong {
        /// Scheme, host and port.
        host: String,
        /// What it answered.
        status: StatusCode,
        /// How many bytes may come.
        limit: usize,
    },
    /// The body ended before its end.
    #[error("the answer of {host} ({status}) ended in the middle: {cause}")]
    Truncated {
        /// Scheme, host and port.
        host: String,
        /// What it answered.
        status: StatusCode,
        /// What the library says.
        cause: String,
    },
    /// The body is not what was asked for.
    #[error("{host} answered {status} with something else than {expected}: {cause}: {excerpt}")]
    NotUnderstood {
        /// Scheme, host and port.
        host: String,
        /// What it answered.
        status: StatusCode,
        /// What was asked for.
        expected: &'static str,
        /// What is wrong with it.
        cause: String,
        /// The beginning of the answer.
        excerpt: String,
    },
    /// More pages or entries than are read.
    #[error("more than {limit} {what}")]
    TooMany {
        /// How many are read.
        limit: usize,
        /// What they are.
        what: &'static str,
    },
    /// A link to a next page, or a redirect, that is not followed.
    #[error("a link of the upstream's is not followed: {0}")]
    BadLink(String),
    /// The URL leads into our own network.
    #[error("the URL does not lead to a public address")]
    NotPublic,
    /// Something configured or stored cannot be put into a request.
    #[error("the request cannot be sent: {0} does not fit into one")]
    NotSendable(&'static str),
}

fn wait(after: &Option<Duration>) -> String {
    after.map(|after| format!(", come back in {} s", after.as_secs())).unwrap_or_default()
}

impl CallError {
    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::RateLimited { status, .. }
            | Self::Refused { status, .. }
            | Self::TooLong { status, .. }
            | Self::Truncated { status, .. }
            | Self::NotUnderstood { status, .. } => Some(*status),
            _ => None,
        }
    }
}

impl From<CallError> for UpstreamError {
    fn from(error: CallError) -> Self {
        match &error {
            CallError::Refused { status, .. } if status.is_server_error() => Self::Unreachable(error.into()),
            CallError::Transport { .. }
            | CallError::Slow { .. }
            | CallError::LeftAlone { .. }
            | CallError::RateLimited { .. } => Self::Unreachable(error.into()),
            CallError::NotSendable(_) => Self::Misconfigured(error.to_string()),
            _ => Self::Unacceptable(error.to_string()),
        }
    }
}

/// An error and its causes in one line, without the URL, whose query may hold something secret.
pub(crate) fn chain(error: &reqwest::Error) -> String {
    let mut text = match error {
        error if error.is_timeout() => "no answer in time".to_owned(),
        error if error.is_connect() => "cannot connect".to_owned(),
        error if error.is_builder() => "cannot be set up".to_owned(),
        _ => "the connection failed".to_owned(),
    };
    let mut cause = error.source();
    let mut last = String::new();
    while let Some(error) = cause {
        last = error.to_string();
        cause = error.source();
    }
    if !last.is_empty() {
        text = format!("{text}: {last}");
    }
    match text.contains("CaUsedAsEndEntity") {
        true => {
            format!("{text} (its certificate is a certificate authority's; issue one for the server, without CA:TRUE)")
        }
        false => text,
    }
}
