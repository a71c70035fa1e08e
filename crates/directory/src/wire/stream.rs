//! The bytes below LDAP: a TCP connection, perhaps inside TLS.

use std::sync::Arc;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Failure;
use crate::watched::Watched;

/// A stream of bytes in both directions.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// How a connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    /// Not at all.
    Plain,
    /// By TLS from the first byte on.
    Ldaps,
    /// By TLS after the StartTLS request (RFC 4511 §4.14).
    StartTls,
}

impl Security {
    /// The port that is meant when none is given.
    pub(crate) fn port(self) -> u16 {
        if self == Self::Ldaps { 636 } else { 389 }
    }
}

/// How servers are reached.
#[derive(Clone)]
pub(crate) struct Transport {
    pub(crate) security: Security,
    pub(crate) tls: Arc<Watched<rustls::ClientConfig>>,
}

/// Connects to `host`, trying its addresses one after the other.
pub(crate) async fn connect(host: &str, port: u16) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect((host, port)).await.map_err(Failure::Connect)?;
    // Requests are small and answered at once: waiting to fill a packet only costs time.
    stream.set_nodelay(true).map_err(Failure::Connect)?;
    Ok(stream)
}

/// Secures `stream` by TLS and checks that it is `host` at the other end.
pub(crate) async fn secure(
    stream: Box<dyn Stream>,
    host: &str,
    tls: &Watched<rustls::ClientConfig>,
) -> Result<Box<dyn Stream>, Failure> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Failure::Name(host.to_owned()))?;
    let stream = TlsConnector::from(tls.current()).connect(name, stream).await.map_err(Failure::Tls)?;
    Ok(Box::new(stream))
}
