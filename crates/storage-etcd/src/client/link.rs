//! A connection that carries gRPC.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::body::Body;
use tonic::metadata::AsciiMetadataValue;
use tonic_prost::ProstCodec;
use tower::Service;

use super::failure::cause_of;

/// How large one answer may be. A page of records stays far below.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// The metadata that carries the token.
const TOKEN: &str = "token";

/// Has a member that cannot reach the others say so, rather than wait for them.
const WANT_LEADER: (&str, &str) = ("hasleader", "true");

/// One HTTP/2 connection; clones share it. It closes with the last of them.
#[derive(Clone)]
pub(super) struct Link {
    sender: SendRequest<Body>,
    origin: Uri,
}

impl Link {
    /// Speaks HTTP/2 over a stream.
    pub(super) async fn over<S>(stream: S, origin: Uri) -> Result<Self, String>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let made = handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (sender, connection) = made.map_err(|error| cause_of(&error))?;
        tokio::spawn(async move {
            // Whoever waits for an answer hears of it, too.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to etcd ended");
            }
        });
        Ok(Self { sender, origin })
    }

    pub(super) fn alive(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Asks once.
    pub(super) async fn ask<Q, A>(
        &self,
        path: &'static str,
        request: Q,
        token: Option<AsciiMetadataValue>,
    ) -> Result<A, tonic::Status>
    where
        Q: prost::Message + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        let mut request = tonic::Request::new(request);
        if let Some(token) = token {
            request.metadata_mut().insert(TOKEN, token);
        }
        let (name, value) = WANT_LEADER;
        request.metadata_mut().insert(name, AsciiMetadataValue::from_static(value));
        let grpc = tonic::client::Grpc::with_origin(self.clone(), self.origin.clone());
        let mut grpc = grpc.max_decoding_message_size(ANSWER_BYTES_MAX);
        grpc.ready().await.map_err(|error| tonic::Status::unavailable(cause_of(&error)))?;
        let codec = ProstCodec::<Q, A>::default();
        let answer = grpc.unary(request, http::uri::PathAndQuery::from_static(path), codec).await?;
        Ok(answer.into_inner())
    }
}

impl Service<Request<Body>> for Link {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.sender.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.sender.send_request(request))
    }
}
