//! One request of a browser, as the steps of a login see it.

use std::sync::{Mutex, PoisonError};

use axum::response::{IntoResponse as _, Response};
use dex_connector::Departure;
use dex_model::{AuthSession, Timestamp};
use dex_oidc::Form;
use dex_pages::{FormPost, HiddenField, Page};
use dex_storage::StorageError;
use dex_web::{App, Incoming, PageError, html, redirect};
use http::{HeaderValue, Method, StatusCode, header};

use crate::respond::AuthorizeError;

/// A request and the moment it came.
pub(crate) struct Visit<'a> {
    pub(crate) app: &'a App,
    pub(crate) incoming: &'a Incoming,
    pub(crate) now: Timestamp,
    /// Cookies that go out whatever becomes of the request.
    cookies: Mutex<Vec<HeaderValue>>,
}

impl<'a> Visit<'a> {
    /// The request, as of now.
    pub(crate) fn new(app: &'a App, incoming: &'a Incoming) -> Self {
        Self { app, incoming, now: app.clock.now(), cookies: Mutex::default() }
    }

    pub(crate) fn is(&self, method: &Method) -> bool {
        self.incoming.method == method
    }

    /// Body and query together; `refusal` is said of those that are broken.
    pub(crate) fn parameters(&self, refusal: &str) -> Result<Form, PageError> {
        self.incoming.parameters().map_err(|error| PageError::bad_request(refusal).because(error))
    }

    /// The query alone.
    pub(crate) fn query(&self) -> Result<&Form, PageError> {
        self.incoming.query.as_ref().map_err(|error| PageError::bad_request("Failed to parse request.").because(*error))
    }

    /// The session of this browser, if it has one. What the browser carries in vain is taken back.
    pub(crate) async fn session(&self) -> Result<Option<AuthSession>, StorageError> {
        let found = dex_session::current(self.app, &self.incoming.headers, self.now).await?;
        self.set_cookies(found.set_cookie);
        Ok(found.session)
    }

    /// Gives the browser these cookies with the response, be that a refusal.
    pub(crate) fn set_cookies(&self, cookies: impl IntoIterator<Item = HeaderValue>) {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner).extend(cookies);
    }

    /// A page for this address.
    pub(crate) fn page(&self, status: StatusCode, page: &impl Page) -> Result<Response, PageError> {
        let text = self.app.page(page, &self.incoming.path)?;
        Ok(html(self.app, status, text))
    }

    /// Off to an upstream, by a redirect of this status or by a form.
    pub(crate) fn depart(&self, status: StatusCode, to: Departure) -> Result<Response, PageError> {
        match to {
            Departure::Get(url) => Ok(redirect(status, url.as_str())),
            Departure::Post { action, fields } => {
                let fields = fields.into_iter().map(|(name, value)| HiddenField::new(name, value));
                self.page(StatusCode::OK, &FormPost { action: action.into(), fields: fields.collect() })
            }
        }
    }

    /// A step further on our own host, by GET whatever this request was.
    pub(crate) fn see_other(&self, route: &str, parameters: &Form) -> Response {
        let to = self.app.issuer.local_with(route, parameters);
        redirect(StatusCode::SEE_OTHER, &to)
    }

    /// The response, or what became of it.
    pub(crate) fn answer(&self, result: Result<Response, AuthorizeError>) -> Response {
        let mut response = result.unwrap_or_else(|error| error.into_response(self));
        for cookie in self.cookies.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// The refusal of a method that means nothing here.
pub(crate) fn method_not_allowed(allowed: &'static str) -> Response {
    let mut response = PageError::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.").into_response();
    let value = http::HeaderValue::from_static(allowed);
    response.headers_mut().insert(header::ALLOW, value);
    response
}
