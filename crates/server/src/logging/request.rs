//! The attributes every record written while answering a request carries.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Extensions, HeaderMap, Request};
use tower::{Layer, Service};
use tracing::Instrument;
use tracing::instrument::Instrumented;

/// Finds the client's address behind trusted proxies; `None` when it cannot be told.
pub type ClientAddress = Arc<dyn Fn(&Extensions, &HeaderMap) -> Option<IpAddr> + Send + Sync>;

/// Runs each request in a span with a fresh `request_id`, and `client_remote_addr` if wanted.
///
/// Ids that clients send are ignored, and nothing is echoed.
#[derive(Clone, Default)]
pub struct RequestScope {
    client_address: Option<ClientAddress>,
}

impl RequestScope {
    /// `client_address` only when `web.clientRemoteIP.header` is configured.
    #[must_use]
    pub fn new(client_address: Option<ClientAddress>) -> Self {
        Self { client_address }
    }
}

impl<S> Layer<S> for RequestScope {
    type Service = InRequestScope<S>;

    fn layer(&self, inner: S) -> Self::Service {
        InRequestScope {
            inner,
            scope: self.clone(),
        }
    }
}

/// What [`RequestScope`] makes of a service.
#[derive(Clone)]
pub struct InRequestScope<S> {
    inner: S,
    scope: RequestScope,
}

impl<S, B> Service<Request<B>> for InRequestScope<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Instrumented<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let client = self.scope.client_address.as_ref();
        let client = client.and_then(|find| find(request.extensions(), request.headers()));
        // At the highest level, so that no setting takes the id from an error.
        let span = tracing::error_span!(
            "request",
            client_remote_addr = client.map(tracing::field::display),
            request_id = %uuid::Uuid::new_v4(),
        );
        let answer = span.in_scope(|| self.inner.call(request));
        answer.instrument(span)
    }
}
