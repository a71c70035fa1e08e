//! The credentials as they are at the moment.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use reqwest::{Certificate, Client, Identity, Proxy, redirect};
use tokio::time::Instant;
use tracing::warn;
use url::Url;

use crate::access::{Access, AccessError, Credential, Hidden, Issued};

/// How long a connection may take to come about, TLS included.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long an idle connection is kept. The API server keeps them for longer.
const IDLE_FOR: Duration = Duration::from_secs(60);

/// How often a token file is read again. Kubernetes replaces it when a fifth of the token's time is left.
const TOKEN_FILE_EVERY: Duration = Duration::from_secs(30);

/// What a call is made with.
pub(super) struct Session {
    pub(super) http: Client,
    pub(super) authorization: Option<HeaderValue>,
    since: Instant,
}

/// The current session, and how the next one is made.
pub(super) struct Sessions {
    access: Access,
    current: RwLock<Arc<Session>>,
}

impl Sessions {
    pub(super) async fn begin(access: Access) -> Result<Self, AccessError> {
        let (certificate, authorization) = credentials(&access.credential).await?;
        let http = client(&access, certificate)?;
        let session = Session { http, authorization, since: Instant::now() };
        Ok(Self { access, current: RwLock::new(Arc::new(session)) })
    }

    pub(super) fn current(&self) -> Arc<Session> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the credentials of a session should be read again.
    pub(super) fn is_due(&self, session: &Session) -> bool {
        matches!(self.access.credential, Credential::TokenFile(_)) && session.since.elapsed() >= TOKEN_FILE_EVERY
    }

    /// Reads the credentials again. Whether they have changed.
    pub(super) async fn renew(&self) -> Result<bool, AccessError> {
        let current = self.current();
        let (certificate, authorization) = match credentials(&self.access.credential).await {
            Ok(read) => read,
            // The old token may do for a while.
            Err(error) if matches!(self.access.credential, Credential::TokenFile(_)) => {
                warn!(%error, "the token of the API server cannot be read again");
                (None, current.authorization.clone())
            }
            Err(error) => return Err(error),
        };
        let changed = authorization != current.authorization || certificate.is_some();
        let http = match certificate {
            Some(certificate) => client(&self.access, Some(certificate))?,
            None => current.http.clone(),
        };
        let session = Session { http, authorization, since: Instant::now() };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(session);
        Ok(changed)
    }
}

/// A certificate and a header, as far as there are such.
async fn credentials(credential: &Credential) -> Result<(Option<Hidden>, Option<HeaderValue>), AccessError> {
    Ok(match credential {
        Credential::None => (None, None),
        Credential::Token(token) => (None, Some(bearer(token)?)),
        Credential::TokenFile(file) => {
            let read = tokio::fs::read_to_string(file).await;
            let token = read.map_err(|cause| AccessError::Unreadable { file: file.clone(), cause })?;
            (None, Some(bearer(&Hidden::new(token))?))
        }
        Credential::Basic { username, password } => {
            let pair = Hidden::new(STANDARD.encode(format!("{username}:{}", password.as_str())));
            (None, Some(sensitive(&format!("Basic {}", pair.as_str()))?))
        }
        Credential::Certificate(pem) => (Some(pem.clone()), None),
        Credential::Exec(exec) => {
            let Issued { token, certificate } = exec.run().await?;
            (certificate, token.map(|token| bearer(&token)).transpose()?)
        }
    })
}

fn bearer(token: &Hidden) -> Result<HeaderValue, AccessError> {
    sensitive(&format!("Bearer {}", token.trim()))
}

fn sensitive(value: &str) -> Result<HeaderValue, AccessError> {
    let header = HeaderValue::from_str(value);
    let mut header = header.map_err(|_| AccessError::Unusable { what: "the token", reason: "is no text".into() })?;
    header.set_sensitive(true);
    Ok(header)
}

/// Connections of HTTP/1.1: one that hangs delays one call, where HTTP/2 would have all calls wait on it.
fn client(access: &Access, certificate: Option<Hidden>) -> Result<Client, AccessError> {
    let mut builder = Client::builder()
        .http1_only()
        .connect_timeout(CONNECT_LIMIT)
        .pool_max_idle_per_host(super::CALLS_MAX)
        .pool_idle_timeout(IDLE_FOR)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("dex/", env!("CARGO_PKG_VERSION")));
    if let Some(ca) = &access.ca {
        let certificates = Certificate::from_pem_bundle(ca).map_err(|error| unusable("the CA certificate", &error))?;
        builder = builder.tls_certs_only(certificates);
    }
    if let Some(pem) = certificate {
        let identity =
            Identity::from_pem(pem.as_bytes()).map_err(|error| unusable("the client certificate", &error))?;
        builder = builder.identity(identity);
    }
    if access.skip_verify {
        warn!("insecure-skip-tls-verify: the certificate of the API server is not checked");
        builder = builder.tls_danger_accept_invalid_certs(true);
    }
    match &access.proxy {
        Some(proxy) => builder = builder.proxy(Proxy::all(proxy).map_err(|error| unusable("the proxy's URL", &error))?),
        // As every client of Kubernetes, and Dex, has it: nothing on this machine is asked through a proxy.
        None if is_local(&access.server) => builder = builder.no_proxy(),
        None => {}
    }
    builder.build().map_err(|error| unusable("the configuration of TLS", &error))
}

fn unusable(what: &'static str, error: &reqwest::Error) -> AccessError {
    AccessError::Unusable { what, reason: super::error::innermost(error) }
}

fn is_local(server: &str) -> bool {
    let host = Url::parse(server).ok().and_then(|url| url.host().map(|host| host.to_owned()));
    match host {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
