//! The attributes every record written while answering a request carries.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use dex_web::RequestId;
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
        InRequestScope { inner, scope: self.clone() }
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

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let client = self.scope.client_address.as_ref();
        let client = client.and_then(|find| find(request.extensions(), request.headers()));
        let id = uuid::Uuid::new_v4();
        request.extensions_mut().insert(RequestId(id.to_string()));
        if let Some(address) = client {
            request.extensions_mut().insert(address);
        }
        // At the highest level, so that no setting takes the id from an error.
        let span = tracing::error_span!(
            "request",
            client_remote_addr = client.map(tracing::field::display),
            request_id = %id,
        );
        let answer = span.in_scope(|| self.inner.call(request));
        answer.instrument(span)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use arc_swap::ArcSwap;
    use jiff::tz::TimeZone;
    use tower::{ServiceExt, service_fn};
    use tracing::instrument::WithSubscriber;
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::logging::Settings;
    use crate::logging::layer::RecordLayer;

    #[tokio::test]
    async fn each_request_has_an_id_of_our_own_after_the_address() {
        let written = Arc::new(Mutex::new(String::new()));
        let sink = written.clone();
        let layer = RecordLayer::new(
            Arc::new(ArcSwap::from_pointee(Settings::default())),
            || jiff::Timestamp::UNIX_EPOCH,
            TimeZone::UTC,
            Box::new(move |line| sink.lock().unwrap().push_str(&String::from_utf8_lossy(line))),
        );
        let answer = service_fn(|_: Request<()>| async {
            tokio::task::yield_now().await;
            tracing::info!(client_id = "app", "asked");
            Ok::<_, std::convert::Infallible>(())
        });
        let address: ClientAddress = Arc::new(|_, headers| headers.get("x-forwarded-for")?.to_str().ok()?.parse().ok());
        let service = RequestScope::new(Some(address)).layer(answer);
        let requests = async {
            for forwarded in ["192.0.2.7", "nonsense"] {
                let request = Request::builder().header("x-forwarded-for", forwarded).header("x-request-id", "theirs");
                service.clone().oneshot(request.body(()).unwrap()).await.unwrap();
            }
        };
        requests.with_subscriber(Registry::default().with(layer)).await;
        let written = written.lock().unwrap();
        let ids: Vec<_> = written.lines().map(|line| line.rsplit_once("request_id=").unwrap()).collect();
        let begin = "time=1970-01-01T00:00:00.000Z level=INFO msg=asked client_id=app ";
        assert_eq!(ids[0].0, format!("{begin}client_remote_addr=192.0.2.7 "));
        assert_eq!(ids[1].0, begin);
        assert_ne!(ids[0].1, ids[1].1);
        assert!(ids.iter().all(|(_, id)| uuid::Uuid::try_parse(id).is_ok()));
    }
}
