//! `http_requests_total`, `request_duration_seconds`, `response_size_bytes`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::extract::MatchedPath;
use http::{Method, Request, Response};
use hyper::body::Body;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::time::Instant;
use tower::{Layer, Service};

const DURATION_BUCKETS: [f64; 6] = [0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
const SIZE_BUCKETS: [f64; 4] = [200.0, 500.0, 900.0, 1500.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    code: u16,
    handler: Arc<str>,
    method: &'static str,
}

/// The three metrics Dex has about requests.
#[derive(Clone)]
pub struct HttpMetrics {
    requests: Family<Labels, Counter>,
    durations: Family<Labels, Histogram>,
    sizes: Family<Labels, Histogram>,
}

impl HttpMetrics {
    /// Registers them in `registry`, once.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
            sizes: Family::new_with_constructor(|| Histogram::new(SIZE_BUCKETS)),
        };
        // The exposition appends `_total`.
        registry.register("http_requests", "Count of all HTTP requests", metrics.requests.clone());
        registry.register(
            "request_duration_seconds",
            "A histogram of latencies for requests",
            metrics.durations.clone(),
        );
        registry.register("response_size_bytes", "A histogram of response sizes for requests", metrics.sizes.clone());
        metrics
    }

    /// A layer for routes that all begin with `issuer_path` (`/dex`, or nothing).
    ///
    /// Only requests that matched a route without a wildcard are measured, so neither unknown paths
    /// nor static files make new label values.
    #[must_use]
    pub fn layer(&self, issuer_path: &str) -> MeasureRequests {
        let issuer_path = issuer_path.trim_end_matches('/').into();
        MeasureRequests { metrics: self.clone(), issuer_path }
    }

    fn record(&self, labels: &Labels, seconds: f64, bytes: u64) {
        self.requests.get_or_create(labels).inc();
        self.durations.get_or_create(labels).observe(seconds);
        #[expect(clippy::cast_precision_loss, reason = "the bounds lie far below 2^53")]
        self.sizes.get_or_create(labels).observe(bytes as f64);
    }
}

/// Made by [`HttpMetrics::layer`].
#[derive(Clone)]
pub struct MeasureRequests {
    metrics: HttpMetrics,
    issuer_path: Arc<str>,
}

impl<S> Layer<S> for MeasureRequests {
    type Service = Measured<S>;

    fn layer(&self, inner: S) -> Measured<S> {
        Measured { inner, measure: self.clone() }
    }
}

/// What [`MeasureRequests`] makes of a service.
#[derive(Clone)]
pub struct Measured<S> {
    inner: S,
    measure: MeasureRequests,
}

impl<S, B, R> Service<Request<B>> for Measured<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
    R: Body,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let pattern = request.extensions().get::<MatchedPath>();
        let handler = pattern.and_then(|path| handler(path.as_str(), &self.measure.issuer_path));
        let method = method(request.method());
        let answer = self.inner.call(request);
        let Some(handler) = handler else {
            return Box::pin(answer);
        };
        let metrics = self.measure.metrics.clone();
        let began = Instant::now();
        Box::pin(async move {
            let response = answer.await?;
            let labels = Labels { code: response.status().as_u16(), handler, method };
            let size = response.body().size_hint();
            metrics.record(&labels, began.elapsed().as_secs_f64(), size.exact().unwrap_or(size.lower()));
            Ok(response)
        })
    }
}

/// The route's pattern without the issuer's path; `None` for what is not measured.
fn handler(pattern: &str, issuer_path: &str) -> Option<Arc<str>> {
    if pattern.contains("{*") {
        return None;
    }
    match pattern.strip_prefix(issuer_path)? {
        "" => Some("/".into()),
        rest => Some(rest.into()),
    }
}

fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "get",
        Method::PUT => "put",
        Method::HEAD => "head",
        Method::POST => "post",
        Method::DELETE => "delete",
        Method::CONNECT => "connect",
        Method::OPTIONS => "options",
        Method::TRACE => "trace",
        Method::PATCH => "patch",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body as AxumBody;
    use axum::routing::{any, get};
    use tower::ServiceExt;

    use super::*;
    use crate::telemetry::encode;

    #[tokio::test]
    async fn routes_are_counted_by_pattern_and_nothing_else_is() {
        let mut registry = Registry::default();
        let metrics = HttpMetrics::register(&mut registry);
        let app = Router::new()
            .route("/dex", get("home"))
            .route("/dex/auth/{connector}", any("x".repeat(600)))
            .route("/dex/static/{*file}", get("css"))
            .layer(metrics.layer("/dex"));
        for (method, path) in [
            ("GET", "/dex"),
            ("GET", "/dex/auth/github"),
            ("GET", "/dex/auth/ldap"),
            ("BREW", "/dex/auth/ldap"),
            ("GET", "/dex/static/main.css"),
            ("GET", "/dex/nothing"),
        ] {
            let request = Request::builder().method(method).uri(path).body(AxumBody::empty());
            app.clone().oneshot(request.unwrap()).await.unwrap();
        }
        let text = encode(&registry).unwrap();
        let mut counted: Vec<_> = text.lines().filter(|line| line.starts_with("http_req")).collect();
        counted.sort_unstable();
        assert_eq!(
            counted,
            [
                r#"http_requests_total{code="200",handler="/",method="get"} 1"#,
                r#"http_requests_total{code="200",handler="/auth/{connector}",method="get"} 2"#,
                r#"http_requests_total{code="200",handler="/auth/{connector}",method="unknown"} 1"#,
            ]
        );
        let size = r#"response_size_bytes_bucket{le="900",code="200",handler="/auth/{connector}",method="get"} 2"#;
        assert!(text.contains(size), "{text}");
        let none = r#"response_size_bytes_bucket{le="500",code="200",handler="/auth/{connector}",method="get"} 0"#;
        assert!(text.contains(none), "{text}");
    }

    #[test]
    fn an_issuer_without_a_path_takes_nothing_away() {
        assert_eq!(handler("/", "").as_deref(), Some("/"));
        assert_eq!(handler("/token", "").as_deref(), Some("/token"));
        assert_eq!(handler("/other", "/dex"), None);
    }
}
