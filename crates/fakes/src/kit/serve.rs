//! Listening, with or without TLS, in a way that can be cut off at once.

use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// How many connections are open at once; more wait.
const CONNECTIONS_MAX: usize = 4096;

/// The port is the same after going down and coming back.
pub(super) async fn bind(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port)).await.with_context(|| format!("cannot listen on port {port}"))
}

/// A certificate of our own and the server side of TLS with it.
#[derive(Clone)]
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    ca: Arc<str>,
}

impl Tls {
    pub(super) fn new() -> anyhow::Result<Self> {
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).context("cannot make a certificate")?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).map_err(anyhow::Error::msg)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), ca: made.cert.pem().into() })
    }

    pub(super) fn ca(&self) -> &str {
        &self.ca
    }
}

/// Listens and answers until it is dropped; its connections end with it.
pub(super) struct Serving(JoinHandle<()>);

impl Serving {
    pub(super) fn start(listener: TcpListener, router: Router, tls: Option<Tls>) -> Self {
        Self(tokio::spawn(accept(listener, router, tls)))
    }
}

impl Serving {
    /// Ends it and waits until the port is free.
    pub(super) async fn end(mut self) {
        self.0.abort();
        // It was aborted: that is all it can say.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn accept(listener: TcpListener, router: Router, tls: Option<Tls>) {
    let mut connections = JoinSet::new();
    loop {
        if connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else { continue };
        connections.spawn(connection(stream, router.clone(), tls.clone()));
    }
}

async fn connection(stream: TcpStream, router: Router, tls: Option<Tls>) {
    match tls {
        None => answer(stream, router).await,
        Some(tls) => {
            // A handshake that fails is the client's to tell of.
            if let Ok(stream) = tls.acceptor.accept(stream).await {
                answer(stream, router).await;
            }
        }
    }
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let builder = Builder::new(TokioExecutor::new());
    let service = TowerToHyperService::new(router);
    // An error here is a connection that was cut, by a fault of ours or by the client.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}
