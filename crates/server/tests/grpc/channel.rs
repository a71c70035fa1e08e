//! A connection to the management API.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::body::Body;

use crate::authority::Authority;

#[derive(Clone)]
pub(crate) struct Channel {
    sender: SendRequest<Body>,
    authority: String,
}

impl Channel {
    /// Without TLS.
    pub(crate) async fn plain(address: &str) -> anyhow::Result<Self> {
        let channel = Self::over(TcpStream::connect(address).await?, address).await?;
        // That the other side speaks HTTP/2 shows once it has.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        anyhow::ensure!(!channel.sender.is_closed(), "closed at once");
        Ok(channel)
    }

    /// With TLS, and a certificate that `issuer` has issued.
    pub(crate) async fn tls(address: &str, trusted: &Authority, issuer: Option<&Authority>) -> anyhow::Result<Self> {
        let connector = TlsConnector::from(Arc::new(trusted.client(issuer)));
        let stream = TcpStream::connect(address).await?;
        Self::over(connector.connect(ServerName::try_from("localhost")?, stream).await?, address).await
    }

    async fn over<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        stream: S,
        address: &str,
    ) -> anyhow::Result<Self> {
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, authority: address.to_owned() })
    }
}

impl tower::Service<Request<Body>> for Channel {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Incoming>, hyper::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.sender.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let uri = Uri::builder().scheme("http").authority(self.authority.as_str()).path_and_query(request.uri().path());
        *request.uri_mut() = uri.build().unwrap();
        Box::pin(self.sender.send_request(request))
    }
}
