//! One member of the cluster, and the connection to it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Uri;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::failure::{Failure, cause_of};
use super::link::Link;
use crate::{OpenError, TlsFiles};

/// How long connecting may take, the TLS handshake included. Dex waits as long.
const DIAL_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a silent connection lives before the system asks whether the other end is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// A member, dialled when it is needed. One connection carries everything.
pub(super) struct Endpoint {
    /// For messages: without user or path.
    pub(super) shown: String,
    host: String,
    port: u16,
    origin: Uri,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    link: Mutex<Option<Link>>,
    /// Held by whoever dials; what came of the last attempt that failed, and when it ended.
    dialling: tokio::sync::Mutex<Option<(Instant, Failure)>>,
}

impl Endpoint {
    /// Reads an endpoint as configured: a URL, or `host:port` which uses TLS if that is configured.
    pub(super) fn parse(text: &str, files: &TlsFiles, tls: Option<&Arc<ClientConfig>>) -> Result<Self, OpenError> {
        let scheme = if files.any() { "https" } else { "http" };
        let url = Url::parse(&if text.contains("://") { text.to_owned() } else { format!("{scheme}://{text}") });
        let shown = text.rsplit_once('@').map_or(text, |(_, behind)| behind);
        let failed = |reason: String| OpenError::Endpoint { endpoint: shown.to_owned(), reason };
        let url = url.map_err(|error| failed(error.to_string()))?;
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            other => return Err(failed(format!("`{other}` is neither http nor https"))),
        };
        let host = match url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => return Err(failed("it names no host".to_owned())),
        };
        let port = url.port_or_known_default().unwrap_or_default();
        let shown = format!("{}://{}:{port}", url.scheme(), url.host_str().unwrap_or_default());
        let origin: Uri = shown.parse().map_err(|_| failed("it is no URL".to_owned()))?;
        let tls = match tls.filter(|_| secure) {
            None => None,
            Some(config) => {
                let name = if files.server_name.is_empty() { host.clone() } else { files.server_name.clone() };
                let name = ServerName::try_from(name).map_err(|_| failed("its name cannot be verified".to_owned()))?;
                Some((TlsConnector::from(config.clone()), name))
            }
        };
        let (link, dialling) = (Mutex::default(), tokio::sync::Mutex::default());
        Ok(Self { shown, host, port, origin, tls, link, dialling })
    }

    /// A connection that was alive when last heard of.
    ///
    /// # Errors
    ///
    /// [`Failure::Unreachable`]
    pub(super) async fn link(&self) -> Result<Link, Failure> {
        let asked = Instant::now();
        if let Some(link) = self.alive() {
            return Ok(link);
        }
        let mut last = self.dialling.lock().await;
        if let Some(link) = self.alive() {
            return Ok(link);
        }
        // Whoever waited for an attempt that failed meanwhile does not begin another.
        if let Some((_, failure)) = last.as_ref().filter(|(at, _)| *at >= asked) {
            return Err(failure.clone());
        }
        let dialled = timeout(DIAL_TIMEOUT, self.dial()).await;
        match dialled.unwrap_or_else(|_| Err(format!("no connection within {DIAL_TIMEOUT:?}"))) {
            Ok(link) => {
                *self.held() = Some(link.clone());
                Ok(link)
            }
            Err(reason) => {
                let failure = Failure::Unreachable { endpoint: self.shown.clone(), reason };
                *last = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    /// Lets go of the connection. What is under way on it goes on.
    pub(super) fn forget(&self) {
        *self.held() = None;
    }

    fn alive(&self) -> Option<Link> {
        self.held().as_ref().filter(|link| link.alive()).cloned()
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Link>> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn dial(&self) -> Result<Link, String> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|error| cause_of(&error))?;
        stream.set_nodelay(true).map_err(|error| cause_of(&error))?;
        let keepalive = socket2::TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
        socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive).map_err(|error| cause_of(&error))?;
        match &self.tls {
            None => Link::over(stream, self.origin.clone()).await,
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await.map_err(|error| cause_of(&error))?;
                Link::over(stream, self.origin.clone()).await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_as_dex_reads_them() {
        let plain = TlsFiles::default();
        let secure = TlsFiles { ca: "ca.pem".into(), ..TlsFiles::default() };
        let cases = [
            ("http://127.0.0.1:2379", &plain, "http://127.0.0.1:2379"),
            ("https://etcd.example:1", &plain, "https://etcd.example:1"),
            ("etcd.example:2379", &plain, "http://etcd.example:2379"),
            ("etcd.example:443", &secure, "https://etcd.example:443"),
            ("[::1]:2379", &secure, "https://[::1]:2379"),
            ("http://etcd.example", &plain, "http://etcd.example:80"),
        ];
        for (given, files, shown) in cases {
            assert_eq!(Endpoint::parse(given, files, None).map(|endpoint| endpoint.shown).ok().as_deref(), Some(shown));
        }
        for bad in ["unix:///run/etcd", "http://", "ftp://a:1", "http://a:b"] {
            assert!(Endpoint::parse(bad, &plain, None).is_err(), "{bad}");
        }
        let told = Endpoint::parse("ftp://root:hunter2@a", &plain, None).err().unwrap().to_string();
        assert!(!told.contains("hunter2"), "{told}");
    }
}
