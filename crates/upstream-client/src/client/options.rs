//! How a client is opened.

use std::time::Duration;

use dex_connector::UpstreamError;
use reqwest::{Certificate, Identity, redirect};

use super::guard::PublicOnly;
use crate::config::{Secret, certificates};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection is kept unused.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How many unused connections are kept for each host.
const IDLE_PER_HOST_MAX: usize = 8;

/// How a client is opened; [`ClientOptions::new`] has the usual limits. Proxies come from `HTTP_PROXY`, `HTTPS_PROXY` and
/// `NO_PROXY`.
pub struct ClientOptions {
    /// The connector's id, for error texts.
    pub name: String,
    /// Trusted beside the system's: each a file of PEM, PEM in base64, or PEM (connectors-protocol spec, 3.1).
    pub root_cas: Vec<String>,
    /// Whether any certificate is good enough.
    pub insecure_skip_verify: bool,
    /// How we prove who we are to the upstream's TLS.
    pub identity: Option<ClientIdentity>,
    /// How long one call may take, retries included.
    pub call_timeout: Duration,
    /// How long all calls of one login may take.
    pub login_timeout: Duration,
    /// How many calls run at once; further ones wait within their time.
    pub concurrent_max: usize,
    /// How many redirects of one GET are followed: anywhere but out of TLS, or if the call is authenticated or has
    /// headers of its own, at the origin that was asked.
    /// With 0 a redirect is an answer like any other.
    pub redirects_max: usize,
    /// Only addresses of the public Internet are asked, and no proxy: for URLs that a stranger chose.
    pub public_only: bool,
}

/// A client certificate and its key.
pub struct ClientIdentity {
    /// The chain, in PEM.
    pub certificates: String,
    /// The key, in PEM.
    pub key: Secret,
}

impl ClientOptions {
    /// The usual limits for the connector of this id: 10 seconds a call, 30 a login, 32 calls at once, no redirects.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            root_cas: Vec::new(),
            insecure_skip_verify: false,
            identity: None,
            call_timeout: Duration::from_secs(10),
            login_timeout: Duration::from_secs(30),
            concurrent_max: 32,
            redirects_max: 0,
            public_only: false,
        }
    }

    pub(super) fn build(&self) -> Result<reqwest::Client, UpstreamError> {
        // A second installation is refused, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("dex/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
            .retry(reqwest::retry::never())
            .redirect(redirect::Policy::none())
            .referer(false)
            .tls_danger_accept_invalid_certs(self.insecure_skip_verify);
        if self.public_only {
            builder = builder.no_proxy().dns_resolver(PublicOnly);
        }
        let roots = certificates(&self.root_cas)?;
        if !roots.is_empty() {
            let roots: Result<Vec<_>, _> = roots.iter().map(|der| Certificate::from_der(der)).collect();
            builder = builder.tls_certs_merge(roots.map_err(|error| misconfigured("rootCAs", &error))?);
        }
        if let Some(identity) = &self.identity {
            let pem = format!("{}\n{}", identity.certificates, identity.key.expose());
            let read = Identity::from_pem(pem.as_bytes());
            builder = builder.identity(read.map_err(|error| misconfigured("the client certificate", &error))?);
        }
        builder.build().map_err(|error| misconfigured("the HTTP client", &error))
    }
}

fn misconfigured(what: &str, error: &reqwest::Error) -> UpstreamError {
    UpstreamError::Misconfigured(format!("{what}: {}", crate::error::chain(error)))
}
