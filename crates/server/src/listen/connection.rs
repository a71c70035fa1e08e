//! One connection: handshake, HTTP, its limits and its end.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::IntoResponse;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body_util::Limited;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tower::Service;

use super::activity::{Activity, InFlight, Verdict};
use super::limits::{HEADER_FIELDS_MAX, REQUEST_BODY_BYTES_MAX};
use super::tls::ALPN_HTTP2;
use super::{Limits, Serve};
use crate::lifecycle::Stop;
use crate::peer::PeerAddr;

/// A connection that was accepted.
pub(super) struct Connection {
    serve: Serve,
    peer: PeerAddr,
    stop: Stop,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

impl Connection {
    pub(super) fn new(serve: Serve, peer: PeerAddr, stop: Stop) -> Self {
        Self { serve, peer, stop }
    }

    /// Serves `stream` to its end.
    pub(super) async fn run<S>(mut self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(certificates) = &self.serve.certificates else {
            let http2 = self.serve.cleartext_http2;
            let protocol = if http2 { Protocol::Http2 } else { Protocol::Http1 };
            return self.serve_http(stream, protocol).await;
        };
        let acceptor = TlsAcceptor::from(certificates.current());
        let handshake = tokio::time::timeout(self.serve.limits.handshake_time, acceptor.accept(stream));
        let shaken = tokio::select! {
            () = self.stop.requested() => return,
            shaken = handshake => shaken,
        };
        match shaken {
            Ok(Ok(stream)) => {
                let http2 = stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP2);
                let protocol = if http2 { Protocol::Http2 } else { Protocol::Http1 };
                self.serve_http(stream, protocol).await;
            }
            Ok(Err(error)) => self.log_end("TLS handshake failed", &error),
            Err(elapsed) => self.log_end("TLS handshake failed", &elapsed),
        }
    }

    async fn serve_http<S>(mut self, stream: S, protocol: Protocol)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::new(Activity::new(Instant::now(), self.serve.limits));
        let service = service_fn(|request| {
            let answering = activity.begin();
            answer(self.serve.clone(), self.peer, request, answering)
        });
        let builder = builder(&self.serve.limits, protocol);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let mut closing = None;
        let mut wake = Instant::now() + self.serve.limits.first_request_time;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        self.log_end("connection failed", error.as_ref());
                    }
                    return;
                }
                () = self.stop.requested(), if closing.is_none() => {
                    closing = Some(Instant::now());
                    wake = Instant::now() + self.serve.limits.closing_time;
                    connection.as_mut().graceful_shutdown();
                }
                () = tokio::time::sleep_until(wake) => {
                    match activity.verdict(Instant::now(), closing) {
                        Verdict::WaitUntil(due) => wake = due,
                        Verdict::Close => {
                            closing = Some(Instant::now());
                            wake = Instant::now() + self.serve.limits.closing_time;
                            connection.as_mut().graceful_shutdown();
                        }
                        Verdict::Abort => return,
                    }
                }
            }
        }
    }

    fn log_end(&self, message: &str, err: &(dyn std::error::Error + 'static)) {
        let peer = self.peer.0.map(tracing::field::display);
        tracing::debug!(peer, err, "{message}");
    }
}

fn builder(limits: &Limits, protocol: Protocol) -> Builder<TokioExecutor> {
    let builder = Builder::new(TokioExecutor::new());
    let mut builder = match protocol {
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http2 => builder.http2_only(),
    };
    builder
        .http1()
        .timer(TokioTimer::new())
        // It runs while a connection waits for its next request, too.
        .header_read_timeout(limits.idle_time)
        .max_headers(HEADER_FIELDS_MAX)
        // Who has sent everything may close its side and still wants the answer, as with Go.
        .half_close(true)
        .max_buf_size(limits.header_bytes as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(limits.header_bytes)
        .keep_alive_interval(limits.idle_time / 3)
        .keep_alive_timeout(limits.closing_time);
    builder
}

/// Has the application answer; whatever happens there, there is an answer.
async fn answer(
    serve: Serve,
    peer: PeerAddr,
    mut request: Request<Incoming>,
    answering: InFlight,
) -> Result<Response<Answer>, Infallible> {
    request.extensions_mut().insert(peer);
    let request = request.map(|body| Body::new(Limited::new(body, REQUEST_BODY_BYTES_MAX)));
    let mut app = Router::clone(&serve.app.load());
    let answered = async move { app.call(request).await };
    let answered = AssertUnwindSafe(answered).catch_unwind();
    let response = match tokio::time::timeout(serve.limits.request_time, answered).await {
        Ok(Ok(Ok(response))) => response,
        // What panicked is in the log already.
        Ok(Err(_panic)) => failed(StatusCode::INTERNAL_SERVER_ERROR, "internal error\n"),
        Err(_elapsed) => {
            tracing::error!(limit = ?serve.limits.request_time, "a request took too long");
            failed(StatusCode::SERVICE_UNAVAILABLE, "the request took too long\n")
        }
    };
    Ok(response.map(|body| Answer { body, _answering: answering }))
}

fn failed(status: StatusCode, text: &'static str) -> Response<Body> {
    (status, text).into_response()
}

/// A body that counts as activity until it is gone.
struct Answer {
    body: Body,
    _answering: InFlight,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
