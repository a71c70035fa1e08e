//! How a stand-in fails.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// One chunk of an endless body, in bytes.
const CHUNK: usize = 16 * 1024;

/// How long a connection lives before it is cut, so that half an answer gets out first.
const BEFORE_CUT: Duration = Duration::from_millis(20);

/// Something that goes wrong at the paths that begin with one.
#[derive(Debug, Clone)]
pub struct Fault {
    path: String,
    delay: Duration,
    answer: Option<Answer>,
    status: StatusCode,
    headers: HeaderMap,
    times: Option<u32>,
}

/// What comes in place of the real answer.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A text, with its content type.
    Text(&'static str, String),
    /// Half an object, then the connection is cut.
    Truncated,
    /// A text that never ends.
    Endless,
}

impl Fault {
    /// A fault at every path that begins so; without more it does nothing.
    #[must_use]
    pub fn at(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            delay: Duration::ZERO,
            answer: None,
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            times: None,
        }
    }

    /// Answers late.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Answers with a status and a JSON text.
    ///
    /// # Panics
    ///
    /// For a number that is no status.
    #[must_use]
    pub fn status(self, status: u16, body: &str) -> Self {
        let status = StatusCode::from_u16(status).expect("the test names a status");
        Self { status, answer: Some(Answer::Text("application/json", body.to_owned())), ..self }
    }

    /// Answers with something else, with the status set last or 200.
    #[must_use]
    pub fn answer(self, answer: Answer) -> Self {
        Self { answer: Some(answer), ..self }
    }

    /// Answers 200 with a page where JSON is expected, as proxies do.
    #[must_use]
    pub fn html(self) -> Self {
        self.answer(Answer::Text("text/html", "<html><h1>Sign in to the proxy</h1></html>".into()))
    }

    /// Adds a header to the answer.
    ///
    /// # Panics
    ///
    /// For a value that is no header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("the test names a header");
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    /// Only the first so many times; then all is well.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }
}

#[derive(Default)]
pub(super) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(super) fn add(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(fault);
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn take(&self, path: &str) -> Option<Fault> {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = faults.iter_mut().find(|fault| fault.times != Some(0) && path.starts_with(&fault.path))?;
        fault.times = fault.times.map(|times| times - 1);
        Some(fault.clone())
    }
}

/// Lets faults answer before `router` does.
pub(super) fn before(router: Router, faults: Arc<Faults>) -> Router {
    router.layer(from_fn_with_state(faults, fail))
}

async fn fail(State(faults): State<Arc<Faults>>, request: Request, next: Next) -> Response {
    let Some(fault) = faults.take(request.uri().path()) else { return next.run(request).await };
    tokio::time::sleep(fault.delay).await;
    let Some(answer) = fault.answer else { return next.run(request).await };
    let (content_type, body) = body(answer);
    let mut response = Response::new(body);
    *response.status_mut() = fault.status;
    *response.headers_mut() = fault.headers;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn body(answer: Answer) -> (&'static str, Body) {
    match answer {
        Answer::Text(content_type, text) => (content_type, Body::from(text)),
        Answer::Truncated => {
            let half = stream::once(async { Ok(Bytes::from_static(b"{\"id\": 4021177, \"login\"")) });
            let cut = stream::once(async {
                tokio::time::sleep(BEFORE_CUT).await;
                Err(io::Error::other("cut off on purpose"))
            });
            ("application/json", Body::from_stream(half.chain(cut)))
        }
        Answer::Endless => {
            let chunk = Bytes::from(vec![b' '; CHUNK]);
            let chunks = stream::repeat_with(move || Ok::<_, Infallible>(chunk.clone()));
            ("application/json", Body::from_stream(chunks))
        }
    }
}
