//! A request as the endpoints read it.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::body::Body;
use axum::extract::FromRequest;
use dex_oidc::{BadForm, Form};
use http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt as _, Limited};

use crate::PeerAddr;

/// The largest form that is read, in bytes. A SAML response of 10 000 groups fits.
pub const FORM_BYTES_MAX: usize = 1024 * 1024;

/// The id under which a request's log records are found. The listener gives each request one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestId(pub String);

/// A request with its parameters. Reading one never fails: what is broken is kept for the endpoint, which
/// knows what to answer.
#[derive(Debug)]
pub struct Incoming {
    /// The method.
    pub method: Method,
    /// The path as the browser sent it.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The query.
    pub query: Result<Form, BadForm>,
    /// The query as it was received, for signatures over its bytes.
    pub raw_query: String,
    /// The body; empty unless it is a form.
    pub body: Result<Form, BadBody>,
    /// The client's address, if it is known: the peer, or what a trusted proxy says.
    pub address: Option<IpAddr>,
    /// The TCP peer's address, whatever any header says; `None` on a Unix socket.
    pub peer: Option<IpAddr>,
    /// The id for people to report.
    pub id: RequestId,
}

/// Why a body is no form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
    /// It is larger than [`FORM_BYTES_MAX`].
    #[error("the body is larger than {FORM_BYTES_MAX} bytes")]
    TooLarge,
    /// It did not arrive whole.
    #[error("the body did not arrive whole")]
    CutOff,
    /// It is not well formed.
    #[error(transparent)]
    Form(#[from] BadForm),
}

impl Incoming {
    /// The parameters of body and query together, the body's first (oidc-core spec, 2.5).
    ///
    /// # Errors
    ///
    /// [`BadBody`] for whichever is broken.
    pub fn parameters(&self) -> Result<Form, BadBody> {
        let query = self.query.clone()?;
        Ok(self.body.clone()?.and(query))
    }

    /// The path and the query as sent, for a form that posts to its own address.
    pub fn own_address(&self) -> String {
        match &self.query {
            Ok(query) if !query.is_empty() => {
                format!("{}?{}", self.path, dex_oidc::encode_form(query.pairs()))
            }
            _ => self.path.clone(),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Incoming {
    type Rejection = Infallible;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        let body = if is_form(&parts.method, &parts.headers) { read(body).await } else { Ok(Form::default()) };
        let peer = parts.extensions.get::<PeerAddr>().and_then(|peer| peer.0).map(|address| address.ip());
        Ok(Self {
            query: Form::parse(parts.uri.query().unwrap_or_default().as_bytes()),
            raw_query: parts.uri.query().unwrap_or_default().to_owned(),
            path: parts.uri.path().to_owned(),
            peer,
            address: parts.extensions.get::<IpAddr>().copied().or(peer),
            id: parts.extensions.get::<RequestId>().cloned().unwrap_or_default(),
            method: parts.method,
            headers: parts.headers,
            body,
        })
    }
}

fn is_form(method: &Method, headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
        && kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

async fn read(body: Body) -> Result<Form, BadBody> {
    let bytes = Limited::new(body, FORM_BYTES_MAX).collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() { BadBody::TooLarge } else { BadBody::CutOff }
    })?;
    Ok(Form::parse(&bytes.to_bytes())?)
}
