//! Where a response goes, and how.

use axum::response::Response;
use dex_model::{AuthRequest, RegisteredRedirectUri};
use dex_oidc::ResponseMode;
use dex_pages::{FormPost, HiddenField};
use dex_web::{PageError, cookies, redirect};
use http::{StatusCode, header};

use super::answer::{in_fragment, in_query};
use crate::pending::{Kept, client_of};
use crate::visit::Visit;

/// A client's own address, with all that each response to it carries.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub(crate) uri: RegisteredRedirectUri,
    pub(crate) mode: ResponseMode,
    /// `state`, given back always, as Dex does.
    pub(crate) state: String,
    /// The login that ends with the response, so that the browser forgets it.
    pub(crate) login: Option<String>,
}

impl Destination {
    /// Where the response to `request` goes. The client is asked for its URIs again: it may have lost one
    /// since the login began.
    pub(crate) async fn of(visit: &Visit<'_>, request: &AuthRequest, kept: Kept) -> Result<Self, PageError> {
        let client = client_of(visit, request).await?;
        let uri = client.registered(&request.redirect_uri, &visit.app.issuer.device_callback());
        Ok(Self {
            uri: uri.ok_or_else(|| PageError::bad_request("Unregistered redirect_uri."))?,
            mode: request.response_mode(),
            state: request.state.clone(),
            login: (kept != Kept::Nowhere).then(|| request.id.clone()),
        })
    }

    /// Sends `parameters` with `state` and `iss` (RFC 9207) to the client.
    pub(crate) fn carry(
        &self,
        visit: &Visit<'_>,
        mut parameters: Vec<(&'static str, String)>,
    ) -> Result<Response, PageError> {
        let issuer = &visit.app.issuer;
        parameters.push(("state", self.state.clone()));
        parameters.push(("iss", issuer.as_str().to_owned()));
        let uri = self.uri.as_str();
        let mut response = match self.mode {
            ResponseMode::Query => redirect(StatusCode::SEE_OTHER, &in_query(uri, &parameters)),
            ResponseMode::Fragment => redirect(StatusCode::SEE_OTHER, &in_fragment(uri, &parameters)),
            ResponseMode::FormPost => {
                let fields = parameters.into_iter();
                let page = FormPost {
                    action: uri.to_owned(),
                    fields: fields.map(|(name, value)| HiddenField::new(name, value)).collect(),
                };
                visit.page(StatusCode::OK, &page)?
            }
        };
        if let Some(id) = &self.login {
            let ended = cookies::end_login(issuer, id);
            response.headers_mut().append(header::SET_COOKIE, ended);
        }
        Ok(response)
    }
}
