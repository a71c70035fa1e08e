//! One request of a browser, as the steps of a login see it.

use axum::response::{IntoResponse as _, Response};
use dex_model::Timestamp;
use dex_oidc::Form;
use dex_pages::Page;
use dex_web::{App, Incoming, PageError, html, redirect};
use http::{Method, StatusCode, header};

use crate::respond::AuthorizeError;

/// A request and the moment it came.
pub(crate) struct Visit<'a> {
    pub(crate) app: &'a App,
    pub(crate) incoming: &'a Incoming,
    pub(crate) now: Timestamp,
}

impl<'a> Visit<'a> {
    /// The request, as of now.
    pub(crate) fn new(app: &'a App, incoming: &'a Incoming) -> Self {
        Self { app, incoming, now: app.clock.now() }
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

    /// A page for this address.
    pub(crate) fn page(&self, status: StatusCode, page: &impl Page) -> Result<Response, PageError> {
        let text = self.app.page(page, &self.incoming.path)?;
        Ok(html(self.app, status, text))
    }

    /// A step further on our own host, by GET whatever this request was.
    pub(crate) fn see_other(&self, route: &str, parameters: &Form) -> Response {
        let to = self.app.issuer.local_with(route, parameters);
        redirect(StatusCode::SEE_OTHER, &to)
    }

    /// The response, or what became of it.
    pub(crate) fn answer(&self, result: Result<Response, AuthorizeError>) -> Response {
        result.unwrap_or_else(|error| error.into_response(self))
    }
}

/// The refusal of a method that means nothing here.
pub(crate) fn method_not_allowed(allowed: &'static str) -> Response {
    let mut response = PageError::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed.").into_response();
    let value = http::HeaderValue::from_static(allowed);
    response.headers_mut().insert(header::ALLOW, value);
    response
}
