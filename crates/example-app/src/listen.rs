//! The listener: plain or TLS, with a bound on open connections. HTTP itself is axum's.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

use crate::options::Options;

/// How many connections may be open at once, handshakes included; further ones wait in the system's queue.
const CONNECTIONS_MAX: usize = 512;

/// How long a TLS handshake may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// How long to wait after the system refused to accept, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// The certificate to serve with; `None` for plain http.
///
/// # Errors
///
/// `https` without certificate and key, or files that are not what they should be.
pub(crate) fn tls(options: &Options) -> anyhow::Result<Option<TlsAcceptor>> {
    if options.listen.scheme() != "https" {
        return Ok(None);
    }
    let cert = options.tls_cert.as_ref().context("--listen is https and needs --tls-cert")?;
    let key = options.tls_key.as_ref().context("--listen is https and needs --tls-key")?;
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("cannot read certificates from {}", cert.display()))?;
    let key = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("cannot read a private key from {}", key.display()))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("certificate and key do not serve together")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}

/// What axum accepts connections from.
pub(crate) struct Doors {
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    permits: Arc<Semaphore>,
    /// Handshakes under way; each holds a permit, which bounds them.
    handshakes: JoinSet<Option<(Connection, SocketAddr)>>,
}

/// One open connection, plain or TLS.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    _permit: OwnedSemaphorePermit,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Doors {
    pub(crate) fn new(tcp: TcpListener, tls: Option<TlsAcceptor>) -> Self {
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        Self { tcp, tls, permits, handshakes: JoinSet::new() }
    }
}

async fn next(
    tcp: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, from) = tcp.accept().await?;
    Ok((stream, from, permit))
}

async fn handshake(
    tls: TlsAcceptor,
    stream: TcpStream,
    from: SocketAddr,
    permit: OwnedSemaphorePermit,
) -> Option<(Connection, SocketAddr)> {
    match tokio::time::timeout(HANDSHAKE_MAX, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some((Connection { stream: Box::new(stream), _permit: permit }, from)),
        Ok(Err(error)) => {
            tracing::debug!(%from, %error, "TLS handshake failed");
            None
        }
        Err(_) => None,
    }
}

impl axum::serve::Listener for Doors {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            let accepted = tokio::select! {
                Some(done) = self.handshakes.join_next(), if !self.handshakes.is_empty() => {
                    match done {
                        Ok(Some(open)) => return open,
                        _ => continue,
                    }
                }
                accepted = next(&self.tcp, &self.permits) => accepted,
            };
            match (accepted, &self.tls) {
                (Ok((stream, from, permit)), None) => {
                    return (Connection { stream: Box::new(stream), _permit: permit }, from);
                }
                (Ok((stream, from, permit)), Some(tls)) => {
                    self.handshakes.spawn(handshake(tls.clone(), stream, from, permit));
                }
                (Err(error), _) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
