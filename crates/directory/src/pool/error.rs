//! Why a directory gave no answer.

use dex_connector::UpstreamError;

use super::hosts::Endpoint;
use crate::wire::{Failure, Outcome};

/// Why a directory gave no answer. Nobody is logged in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DirectoryError {
    /// Every connection is in use, and stayed so.
    #[error("all {0} connections are in use")]
    Busy(usize),
    /// No server is known.
    #[error("no directory server is known: {0}")]
    NoHost(String),
    /// None of the servers is well; this is what the last one did.
    #[error("{endpoint}: {failure}")]
    Failed { endpoint: Endpoint, failure: Failure },
    /// The service was not let in.
    #[error("{endpoint}: initial bind for user {dn:?} failed: {outcome}")]
    ServiceBind { endpoint: Endpoint, dn: String, outcome: Outcome },
    /// It is too much to follow, or leads where nothing may be sent.
    #[error("the search is referred to {0:?}, which is not followed")]
    Referral(String),
}

impl From<DirectoryError> for UpstreamError {
    fn from(error: DirectoryError) -> Self {
        let text = format!("ldap: {error}");
        match error {
            DirectoryError::ServiceBind { .. } => Self::Misconfigured(text),
            DirectoryError::Referral(_) | DirectoryError::Failed { failure: Failure::Malformed(_), .. } => {
                Self::Unacceptable(text)
            }
            DirectoryError::Failed { failure: Failure::Name(_), .. } => Self::Misconfigured(text),
            DirectoryError::Busy(_) | DirectoryError::NoHost(_) | DirectoryError::Failed { .. } => {
                Self::Unreachable(text.into())
            }
        }
    }
}
