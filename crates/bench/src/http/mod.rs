//! A plain HTTP/1.1 client for one simulated client: connections that stay open, bounded answers, and what a browser
//! keeps and fills in.
//!
//! Owns the check that whatever is spoken to is on this machine. Follows no redirect by itself and knows nothing of
//! OpenID. Every request ends with an answer or a [`Failure`].

mod cookies;
mod form;
mod origin;

use std::time::Duration;

use ::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST};
use ::http::{HeaderMap, Method, Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use crate::failure::Failure;

pub(crate) use self::cookies::Jar;
pub(crate) use self::form::{Form, forms};
pub(crate) use self::origin::{NotHere, Origin};

/// How long a request may take, connecting included.
const REQUEST_MAX: Duration = Duration::from_secs(10);

/// Length of an answer, in bytes.
const BODY_MAX: usize = 1 << 20;

/// Connections a simulated client keeps: the provider's, and those of providers it sends the browser to.
const CONNECTIONS_MAX: usize = 4;

/// A request to make.
pub(crate) struct Call {
    pub(crate) url: Url,
    /// The whole `Authorization` header.
    pub(crate) authorization: Option<String>,
    pub(crate) cookie: Option<String>,
    /// A form to post; without one the request is a GET.
    pub(crate) form: Option<String>,
}

impl Call {
    pub(crate) fn get(url: &Url) -> Self {
        Self { url: url.clone(), authorization: None, cookie: None, form: None }
    }

    pub(crate) fn post(url: &Url, form: String) -> Self {
        Self { form: Some(form), ..Self::get(url) }
    }

    fn into_request(self) -> Result<Request<Full<Bytes>>, Failure> {
        // Targets are sent as a path, for a provider is no proxy.
        let target = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &self.url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut request = Request::builder()
            .method(if self.form.is_some() { Method::POST } else { Method::GET })
            .uri(target)
            .header(HOST, host)
            .header(ACCEPT, "*/*");
        if let Some(authorization) = self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(cookie) = self.cookie {
            request = request.header(COOKIE, cookie);
        }
        if self.form.is_some() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        request
            .body(Full::from(self.form.unwrap_or_default()))
            .map_err(|_| Failure::wrong("request", "cannot be written"))
    }
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

type Connection = SendRequest<Full<Bytes>>;

/// The connections of one simulated client.
#[derive(Default)]
pub(crate) struct Agent {
    connections: Vec<(Origin, Connection)>,
}

impl Agent {
    pub(crate) async fn send(&mut self, call: Call) -> Result<Answer, Failure> {
        let origin = Origin::of(&call.url)?;
        let request = call.into_request()?;
        let exchange = async {
            let mut connection = self.connection(origin).await?;
            let answer = exchange(&mut connection, request).await?;
            self.keep(origin, connection);
            Ok(answer)
        };
        // An exchange that is cut off takes its connection with it.
        timeout(REQUEST_MAX, exchange).await.unwrap_or(Err(Failure::Timeout))
    }

    async fn connection(&mut self, origin: Origin) -> Result<Connection, Failure> {
        let kept = self.connections.iter().position(|(to, _)| *to == origin);
        if let Some(at) = kept {
            let (_, mut connection) = self.connections.swap_remove(at);
            if connection.ready().await.is_ok() {
                return Ok(connection);
            }
        }
        connect(origin).await
    }

    fn keep(&mut self, origin: Origin, connection: Connection) {
        if self.connections.len() == CONNECTIONS_MAX {
            self.connections.swap_remove(0);
        }
        self.connections.push((origin, connection));
    }
}

async fn connect(origin: Origin) -> Result<Connection, Failure> {
    let stream = TcpStream::connect(origin.address()).await.map_err(|_| Failure::Connect)?;
    stream.set_nodelay(true).map_err(|_| Failure::Connect)?;
    let (connection, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Failure::Connect)?;
    // Ends when the connection closes or its sender is dropped; the sender learns of any error.
    tokio::spawn(driver);
    Ok(connection)
}

async fn exchange(connection: &mut Connection, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
    let answer = connection.send_request(request).await.map_err(|_| Failure::Connection)?;
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, BODY_MAX).collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() { Failure::TooLong } else { Failure::Connection }
    })?;
    Ok(Answer { status: head.status, headers: head.headers, body: body.to_bytes() })
}
