//! Where the API server is, whom to trust, and who we are (storage spec, 9.2).
//!
//! `in_cluster` reads what a pod is given, `kubeconfig` a file, `exec` asks a program for credentials. Reading is done
//! once; what changes afterwards (a token file, a program's answer) is named by [`Credential`] and read by the client.
//! Control leaves with an [`Access`] or an [`AccessError`] of one sentence that holds no secret.

mod exec;
mod in_cluster;
mod kubeconfig;

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

pub(crate) use self::exec::{Exec, Issued};
pub(crate) use self::in_cluster::in_cluster;
pub(crate) use self::kubeconfig::read as kubeconfig;

/// How to reach the API server.
pub(crate) struct Access {
    /// Without a slash at its end.
    pub(crate) server: String,
    pub(crate) namespace: String,
    /// Certificates to trust, as PEM; the system's if there are none.
    pub(crate) ca: Option<Vec<u8>>,
    pub(crate) skip_verify: bool,
    pub(crate) proxy: Option<String>,
    pub(crate) credential: Credential,
}

/// A text that is overwritten when it is dropped, and that never prints.
pub(crate) type Hidden = Zeroizing<String>;

/// How we say who we are.
pub(crate) enum Credential {
    /// As nobody.
    None,
    /// A bearer token.
    Token(Hidden),
    /// A file with a bearer token, which is replaced from time to time.
    TokenFile(PathBuf),
    /// A name and a password.
    Basic { username: String, password: Hidden },
    /// Certificate and key, as PEM.
    Certificate(Hidden),
    /// What a program prints.
    Exec(Exec),
}

/// Why it is not known how to reach the API server.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Not in a pod.
    #[error(
        "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined"
    )]
    NotInCluster,
    /// A file cannot be read.
    #[error("read {file}: {cause}", file = file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// A kubeconfig cannot be understood.
    #[error("unmarshal {file}: {reason}", file = file.display())]
    Kubeconfig {
        /// Which.
        file: PathBuf,
        /// What is wrong, without a value.
        reason: String,
    },
    /// A program that should print credentials did not.
    #[error("the credential program `{program}` {reason}")]
    Exec {
        /// Its name.
        program: String,
        /// What went wrong.
        reason: String,
    },
    /// A certificate, key, address or token that cannot be used.
    #[error("{what} cannot be used: {reason}")]
    Unusable {
        /// Which of them.
        what: &'static str,
        /// Why.
        reason: String,
    },
}

fn read_file(file: &Path) -> Result<Vec<u8>, AccessError> {
    std::fs::read(file).map_err(|cause| AccessError::Unreadable { file: file.to_owned(), cause })
}
