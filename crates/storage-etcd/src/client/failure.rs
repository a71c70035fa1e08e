//! What goes wrong with etcd, in a sentence that says what to do.

use std::time::Duration;

use tonic::{Code, Status};

/// Why etcd did not do what it was asked. Holds no value, no password and no token.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No endpoint takes a connection.
    #[error("etcd cannot be reached at {endpoint}: {reason}")]
    Unreachable { endpoint: String, reason: String },
    /// The connection broke or the member gave up, and what was asked may have been done.
    #[error("etcd at {endpoint} broke off: {reason}")]
    Broken { endpoint: String, reason: String },
    /// No answer in time, and what was asked may have been done.
    #[error("etcd did not answer within {0:?}")]
    Slow(Duration),
    /// The members have not agreed on who leads; nothing was done.
    #[error("etcd has no leader: too few of its members can reach one another")]
    NoLeader,
    /// The user name or the password is wrong.
    #[error("etcd does not accept the user name or the password of `storage.config`")]
    Credentials,
    /// etcd wants to know who asks.
    #[error("etcd wants a user: set `username` and `password` in `storage.config`, or a user's certificate in `ssl`")]
    Anonymous,
    /// The user may not.
    #[error(
        "the etcd user `{user}` may not read and write the keys that begin with `{namespace}`: grant it a role that may"
    )]
    Forbidden { user: String, namespace: String },
    /// The database of etcd is as large as it may become.
    #[error("etcd has no room left: compact and defragment it, then disarm its alarm")]
    Full,
    /// A record is larger than etcd takes.
    #[error("it is larger than etcd takes")]
    TooLarge,
    /// The token is no longer good. Nobody outside [`super::Client`] sees it.
    #[error("etcd wants a new login")]
    StaleToken,
    /// Users are turned off. Nobody outside [`super::Client`] sees it.
    #[error("etcd knows no users")]
    NoUsers,
    /// Anything else, in etcd's words.
    #[error("etcd answered: {0}")]
    Other(String),
}

impl Failure {
    /// Reads a refusal. `etcdserver` names its errors by text; their codes are shared by several.
    pub(super) fn of(status: &Status, endpoint: &str) -> Self {
        let text = status.message();
        let said = |words: &str| text.contains(words);
        match status.code() {
            // Who leads changed while a read waited; a write is never answered so.
            _ if said("etcdserver: no leader") || said("etcdserver: leader changed") => Self::NoLeader,
            _ if said("invalid auth token") || said("revision of auth store is old") => Self::StaleToken,
            _ if said("authentication failed") => Self::Credentials,
            _ if said("authentication is not enabled") => Self::NoUsers,
            _ if said("user name is empty") || said("user name not found") => Self::Anonymous,
            _ if said("database space exceeded") => Self::Full,
            _ if said("request is too large") || said("received message larger than max") => Self::TooLarge,
            Code::PermissionDenied => Self::Forbidden { user: String::new(), namespace: String::new() },
            Code::Unavailable => Self::Broken { endpoint: endpoint.to_owned(), reason: cause_of(status) },
            _ if said("etcdserver: ") => Self::Other(text.to_owned()),
            _ => Self::Broken { endpoint: endpoint.to_owned(), reason: cause_of(status) },
        }
    }
}

/// The innermost cause, which is the one that tells.
pub(super) fn cause_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart_by_their_text() {
        let cases = [
            (Code::Unavailable, "etcdserver: no leader", "etcd has no leader"),
            (
                Code::InvalidArgument,
                "etcdserver: authentication failed, invalid user ID or password",
                "does not accept",
            ),
            (Code::InvalidArgument, "etcdserver: user name is empty", "wants a user"),
            (Code::PermissionDenied, "etcdserver: permission denied", "may not read and write"),
            (Code::ResourceExhausted, "etcdserver: mvcc: database space exceeded", "no room left"),
            (Code::InvalidArgument, "etcdserver: request is too large", "larger than etcd takes"),
            (Code::Unauthenticated, "etcdserver: invalid auth token", "a new login"),
            (Code::Unavailable, "etcdserver: leader changed", "etcd has no leader"),
            (Code::Unavailable, "etcdserver: request timed out", "etcd at e broke off: "),
            (
                Code::InvalidArgument,
                "etcdserver: key is not provided",
                "etcd answered: etcdserver: key is not provided",
            ),
            (Code::Unknown, "h2 protocol error", "etcd at e broke off: "),
        ];
        for (code, text, told) in cases {
            let failure = Failure::of(&Status::new(code, text), "e").to_string();
            assert!(failure.contains(told), "{text}: {failure}");
        }
    }
}
