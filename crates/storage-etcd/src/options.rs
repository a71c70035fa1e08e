//! What an operator configures, and why it may not work.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

/// How long etcd may take for one answer. Dex waits as long.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// `storage.config` of the type `etcd`.
#[derive(Clone, Default)]
pub struct EtcdOptions {
    /// Client URLs, `http` or `https`. One without a scheme uses TLS if any of `tls` is set.
    pub endpoints: Vec<String>,
    /// Put in front of every key as it is.
    pub namespace: String,
    /// Who logs in; empty for nobody.
    pub username: String,
    /// With what.
    pub password: Zeroizing<String>,
    /// How etcd proves who it is, and we who we are.
    pub tls: TlsFiles,
    /// How long one answer may take; [`CALL_TIMEOUT`] unless a test wants less.
    pub call_timeout: Duration,
}

/// Paths of PEM files, empty when not given.
#[derive(Clone, Debug, Default)]
pub struct TlsFiles {
    /// The authorities that etcd's certificate may come from; those of the system when empty.
    pub ca: String,
    /// Our certificate, with those between it and its authority.
    pub cert: String,
    /// Its key.
    pub key: String,
    /// The name that etcd's certificate must show; the host of the endpoint when empty.
    pub server_name: String,
}

impl TlsFiles {
    pub(crate) fn any(&self) -> bool {
        [&self.ca, &self.cert, &self.key, &self.server_name].iter().any(|text| !text.is_empty())
    }
}

impl fmt::Debug for EtcdOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdOptions").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

/// Why etcd cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No endpoint is configured.
    #[error("etcd has no endpoints: list client URLs, such as http://127.0.0.1:2379")]
    NoEndpoint,
    /// An endpoint is no URL of etcd.
    #[error("`{endpoint}` is no endpoint of etcd: {reason}")]
    Endpoint {
        /// As configured, without what could be a password.
        endpoint: String,
        /// Why not.
        reason: String,
    },
    /// A PEM file cannot be used.
    #[error("cannot use `{file}` for TLS with etcd: {reason}")]
    File {
        /// Its path.
        file: String,
        /// Why not.
        reason: String,
    },
    /// etcd does not answer as it should: it cannot be reached, or does not let us in.
    #[error(transparent)]
    Refused(Box<dyn std::error::Error + Send + Sync>),
}
