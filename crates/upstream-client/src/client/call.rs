//! One call, before it is sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Method, header};
use serde::Serialize;
use url::Url;

use super::BODY_BYTES_MAX;
use crate::error::CallError;

/// Form fields whose values appear in no error text.
const SECRET_FIELDS: &[&str] = &[
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "id_token_hint",
    "password",
    "refresh_token",
    "subject_token",
    "token",
];

/// How a call says who we are.
#[derive(Clone, Copy)]
pub enum Auth<'a> {
    /// It does not.
    None,
    /// A token (RFC 6750 §2.1).
    Bearer(&'a str),
    /// A token under a scheme of the upstream's own.
    Scheme(&'a str, &'a str),
    /// Id and secret as RFC 6749 §2.3.1 has them: each form-encoded before base64.
    Client(&'a str, &'a str),
    /// User name and password as they are (RFC 7617).
    Basic(&'a str, &'a str),
}

impl Auth<'_> {
    pub(super) fn header(self) -> Result<Option<HeaderValue>, CallError> {
        let text = match self {
            Self::None => return Ok(None),
            Self::Bearer(token) => format!("Bearer {token}"),
            Self::Scheme(scheme, token) => format!("{scheme} {token}"),
            Self::Client(id, secret) => basic(&encoded(id), &encoded(secret)),
            Self::Basic(name, password) => basic(name, password),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| CallError::NotSendable("its Authorization header"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    fn secret(self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Bearer(secret) | Self::Scheme(_, secret) | Self::Client(_, secret) | Self::Basic(_, secret) => {
                Some(secret.to_owned())
            }
        }
    }
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A request to the upstream.
pub struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: &'a Url,
    pub(super) auth: Auth<'a>,
    pub(super) headers: Vec<(HeaderName, &'a str)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) body_max: usize,
    pub(super) secrets: Vec<String>,
}

impl<'a> Call<'a> {
    /// A GET, which is asked again when the upstream is not there for a moment.
    pub fn get(url: &'a Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// A POST, which is sent once.
    pub fn post(url: &'a Url) -> Self {
        Self::new(Method::POST, url)
    }

    /// Any other method; like POST sent once.
    pub fn new(method: Method, url: &'a Url) -> Self {
        let (auth, headers, secrets) = (Auth::None, Vec::new(), Vec::new());
        Self { method, url, auth, headers, body: None, body_max: BODY_BYTES_MAX, secrets }
    }

    /// Says who we are.
    #[must_use]
    pub fn auth(mut self, auth: Auth<'a>) -> Self {
        self.secrets.extend(auth.secret());
        self.auth = auth;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Reads an answer of up to so many bytes instead of [`BODY_BYTES_MAX`].
    #[must_use]
    pub fn body_max(mut self, bytes: usize) -> Self {
        self.body_max = bytes;
        self
    }

    /// Sends these fields as a form.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        let secret = fields.iter().filter(|(name, _)| SECRET_FIELDS.contains(name));
        self.secrets.extend(secret.map(|(_, value)| (*value).to_owned()));
        self.body = Some(dex_oidc::encode_form(fields.iter().copied()).into_bytes());
        self.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
    }

    /// Sends `body` as JSON.
    ///
    /// # Errors
    ///
    /// [`CallError::NotSendable`] if it cannot be written as JSON.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, CallError> {
        self.body = Some(serde_json::to_vec(body).map_err(|_| CallError::NotSendable("its body"))?);
        Ok(self.header(header::CONTENT_TYPE, "application/json"))
    }

    /// Keeps `value` out of every error text, whatever the upstream repeats of the request.
    #[must_use]
    pub fn secret(mut self, value: &str) -> Self {
        self.secrets.push(value.to_owned());
        self
    }
}
