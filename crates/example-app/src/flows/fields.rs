//! The fields of a form that one of our pages sent.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use dex_oidc::Form;

use crate::pages::PageError;

/// The longest form read, in bytes: a pasted token is the longest thing in it.
pub(crate) const FORM_BYTES_MAX: usize = 64 * 1024;

/// The fields of a POST.
pub(crate) struct Fields(Form);

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = PageError;

    async fn from_request(request: Request, state: &S) -> Result<Self, PageError> {
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|error| PageError::bad_request("The form is too long", error.to_string()))?;
        let form =
            Form::parse(&body).map_err(|error| PageError::bad_request("The form cannot be read", error.to_string()))?;
        Ok(Self(form))
    }
}

impl Fields {
    /// The first value of a field, trimmed; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).trim()
    }

    /// The first value exactly as typed, for a password.
    pub(crate) fn exact(&self, name: &str) -> &str {
        self.0.get(name)
    }

    /// The words in all values of a field, which commas or spaces separate.
    pub(crate) fn words<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let values = self.0.pairs().filter(move |(key, _)| *key == name);
        values.flat_map(|(_, value)| value.split([',', ' ', '\t', '\r', '\n'])).filter(|word| !word.is_empty())
    }
}

#[cfg(test)]
impl Fields {
    pub(crate) fn of(body: &str) -> Self {
        Self(Form::parse(body.as_bytes()).unwrap())
    }
}
