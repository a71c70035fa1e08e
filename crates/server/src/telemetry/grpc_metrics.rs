//! The `grpc_server_*` counters, named as Prometheus users know them from servers in Go.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use dex_admin::Method;
use http::HeaderMap;
use hyper::body::{Frame, SizeHint};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The names of the status codes, each at its number.
const CODES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// Whose caller has gone before there was a status.
const CANCELED: usize = 1;

/// Whose status is none.
const UNKNOWN: usize = 2;

/// The service that is there from the start with all its counters at zero.
const OURS: &str = "api.Dex";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Called {
    grpc_method: Arc<str>,
    grpc_service: Arc<str>,
    grpc_type: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Handled {
    grpc_code: &'static str,
    grpc_method: Arc<str>,
    grpc_service: Arc<str>,
    grpc_type: &'static str,
}

/// The four metrics Dex has about gRPC. They count whoever calls, with a client certificate or without.
#[derive(Clone)]
pub struct GrpcMetrics {
    /// By path. Whatever else is called makes no label.
    methods: Arc<HashMap<String, Called>>,
    started: Family<Called, Counter>,
    handled: Family<Handled, Counter>,
    received: Family<Called, Counter>,
    sent: Family<Called, Counter>,
}

impl GrpcMetrics {
    /// Registers them in `registry`, once.
    #[must_use]
    pub fn register(registry: &mut Registry, methods: Vec<Method>) -> Self {
        let methods =
            methods.into_iter().map(|method| (format!("/{}/{}", method.service, method.name), called(method)));
        let metrics = Self {
            methods: Arc::new(methods.collect()),
            started: Family::default(),
            handled: Family::default(),
            received: Family::default(),
            sent: Family::default(),
        };
        // The exposition appends `_total`.
        let help = "Total number of RPCs started on the server";
        registry.register("grpc_server_started", help, metrics.started.clone());
        let help = "Total number of RPCs completed on the server, regardless of success or failure";
        registry.register("grpc_server_handled", help, metrics.handled.clone());
        let help = "Total number of RPC stream messages received on the server";
        registry.register("grpc_server_msg_received", help, metrics.received.clone());
        let help = "Total number of gRPC stream messages sent by the server";
        registry.register("grpc_server_msg_sent", help, metrics.sent.clone());
        metrics.begin_at_zero();
        metrics
    }

    fn begin_at_zero(&self) {
        for called in self.methods.values().filter(|called| &*called.grpc_service == OURS) {
            for family in [&self.started, &self.received, &self.sent] {
                drop(family.get_or_create(called));
            }
            for code in CODES {
                drop(self.handled.get_or_create(&called.handled(code)));
            }
        }
    }
}

fn called(method: Method) -> Called {
    Called {
        grpc_method: method.name.into(),
        grpc_service: method.service.into(),
        grpc_type: match (method.client_streams, method.server_streams) {
            (false, false) => "unary",
            (true, false) => "client_stream",
            (false, true) => "server_stream",
            (true, true) => "bidi_stream",
        },
    }
}

impl Called {
    fn handled(&self, grpc_code: &'static str) -> Handled {
        let (grpc_method, grpc_service) = (self.grpc_method.clone(), self.grpc_service.clone());
        Handled { grpc_code, grpc_method, grpc_service, grpc_type: self.grpc_type }
    }
}

/// Middleware that counts a call with its messages, to the end of the answer.
pub async fn count_calls(State(metrics): State<GrpcMetrics>, request: Request, next: Next) -> Response {
    let Some(called) = metrics.methods.get(request.uri().path()).cloned() else {
        return next.run(request).await;
    };
    metrics.started.get_or_create(&called).inc();
    let received = metrics.received.get_or_create(&called).clone();
    let sent = metrics.sent.get_or_create(&called).clone();
    let mut call = Call { handled: metrics.handled.clone(), called, code: CANCELED };
    let counted = |body, counter, call| Body::new(Counted { body, messages: Messages::default(), counter, call });
    let request = request.map(|body| counted(body, received, None));
    let response = next.run(request).await;
    call.see(response.headers());
    response.map(|body| counted(body, sent, Some(call)))
}

/// A call that goes on until it is dropped.
struct Call {
    handled: Family<Handled, Counter>,
    called: Called,
    code: usize,
}

impl Call {
    /// Takes the status from where one can be: the trailers, or the headers of an answer without messages.
    fn see(&mut self, fields: &HeaderMap) {
        if let Some(status) = fields.get("grpc-status") {
            let code = status.to_str().ok().and_then(|status| status.parse().ok());
            self.code = code.filter(|code| *code < CODES.len()).unwrap_or(UNKNOWN);
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.handled.get_or_create(&self.called.handled(CODES[self.code])).inc();
    }
}

/// A body whose messages are counted as they pass.
struct Counted {
    body: Body,
    messages: Messages,
    counter: Counter,
    call: Option<Call>,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            if let Some(data) = frame.data_ref() {
                let begun = self.messages.begun_in(data);
                self.counter.inc_by(begun);
            }
            if let (Some(trailers), Some(call)) = (frame.trailers_ref(), &mut self.call) {
                call.see(trailers);
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Where one is in a stream of messages, each of which has its length before it: a byte of flags, then four of length.
#[derive(Default)]
struct Messages {
    prefix: [u8; 5],
    /// How much of the prefix has come.
    come: usize,
    /// How much of the message is to come.
    left: usize,
}

impl Messages {
    /// How many messages begin in what comes next.
    fn begun_in(&mut self, mut data: &[u8]) -> u64 {
        let mut begun = 0;
        while !data.is_empty() {
            if self.left > 0 {
                let passed = self.left.min(data.len());
                self.left -= passed;
                data = &data[passed..];
                continue;
            }
            self.prefix[self.come] = data[0];
            self.come += 1;
            data = &data[1..];
            if self.come == self.prefix.len() {
                let [_, length @ ..] = self.prefix;
                (self.come, self.left) = (0, u32::from_be_bytes(length) as usize);
                begun += 1;
            }
        }
        begun
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::middleware::from_fn_with_state;
    use axum::routing::post;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;
    use crate::telemetry::encode;

    fn method(service: &str, name: &str, streams: bool) -> Method {
        Method { service: service.into(), name: name.into(), client_streams: streams, server_streams: streams }
    }

    #[test]
    fn messages_are_counted_however_they_are_cut() {
        let stream = [&[0, 0, 0, 0, 3, 1, 2, 3][..], &[0, 0, 0, 0, 0], &[0, 0, 0, 0, 1, 9]].concat();
        for size in 1..=stream.len() {
            let mut messages = Messages::default();
            let begun: u64 = stream.chunks(size).map(|chunk| messages.begun_in(chunk)).sum();
            assert_eq!(begun, 3, "in pieces of {size}");
        }
    }

    #[tokio::test]
    async fn calls_are_counted_with_their_messages_and_their_end() {
        let mut registry = Registry::default();
        let methods = vec![method("api.Dex", "GetClient", false), method("other.Service", "Talk", true)];
        let metrics = GrpcMetrics::register(&mut registry, methods);
        let text = encode(&registry).unwrap();
        assert_eq!(text.lines().filter(|line| line.starts_with("grpc_server_")).count(), 20, "{text}");

        let read = async |request: Request| {
            request.into_body().collect().await.unwrap();
            [("grpc-status", "5")]
        };
        let router = Router::new()
            .route("/api.Dex/GetClient", post(read))
            .route("/other.Service/Talk", post("\0\0\0\0\x01a\0\0\0\0\0"))
            .route("/unknown", post(""))
            .layer(from_fn_with_state(metrics, count_calls));
        for path in ["/api.Dex/GetClient", "/other.Service/Talk", "/unknown"] {
            let request = Request::post(path).body(Body::from(&b"\0\0\0\0\x02ab"[..])).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            response.into_body().collect().await.unwrap();
        }
        let text = encode(&registry).unwrap();
        let mut counted: Vec<_> =
            text.lines().filter(|line| line.starts_with("grpc_server_") && !line.ends_with(" 0")).collect();
        counted.sort_unstable();
        assert_eq!(
            counted,
            [
                r#"grpc_server_handled_total{grpc_code="Canceled",grpc_method="Talk",grpc_service="other.Service",grpc_type="bidi_stream"} 1"#,
                r#"grpc_server_handled_total{grpc_code="NotFound",grpc_method="GetClient",grpc_service="api.Dex",grpc_type="unary"} 1"#,
                r#"grpc_server_msg_received_total{grpc_method="GetClient",grpc_service="api.Dex",grpc_type="unary"} 1"#,
                r#"grpc_server_msg_sent_total{grpc_method="Talk",grpc_service="other.Service",grpc_type="bidi_stream"} 2"#,
                r#"grpc_server_started_total{grpc_method="GetClient",grpc_service="api.Dex",grpc_type="unary"} 1"#,
                r#"grpc_server_started_total{grpc_method="Talk",grpc_service="other.Service",grpc_type="bidi_stream"} 1"#,
            ]
        );
    }
}
