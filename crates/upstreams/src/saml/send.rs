//! How a message of ours gets to the identity provider, with the browser.

use dex_connector::Departure;
use dex_saml::{SigningKey, encode_post, encode_redirect};
use url::Url;

/// How messages reach it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binding {
    Post,
    Redirect,
}

/// A message to be sent.
pub(super) struct Parcel<'a> {
    /// `SAMLRequest` or `SAMLResponse`.
    pub(super) parameter: &'static str,
    pub(super) relay_state: Option<&'a str>,
    pub(super) to: &'a Url,
    pub(super) binding: Binding,
}

impl Parcel<'_> {
    /// The browser's way there, with the message that `write` writes: signed within if it is given a key. A query is signed
    /// instead.
    pub(super) fn depart(&self, key: Option<&SigningKey>, write: impl Fn(Option<&SigningKey>) -> String) -> Departure {
        match self.binding {
            Binding::Post => {
                let message = (self.parameter, encode_post(&write(key)));
                let fields =
                    std::iter::once(message).chain(self.relay_state.map(|state| ("RelayState", state.to_owned())));
                let fields = fields.map(|(name, value)| (name.to_owned(), value)).collect();
                Departure::Post { action: self.to.clone(), fields }
            }
            Binding::Redirect => {
                let query = encode_redirect(self.parameter, &write(None), self.relay_state, key);
                Departure::Get(with_query(self.to, &query))
            }
        }
    }
}

/// A URL with more parameters behind those it has. They are signed as they are, and stay so.
fn with_query(url: &Url, query: &str) -> Url {
    let mut url = url.clone();
    let joined = match url.query() {
        Some(own) if !own.is_empty() => format!("{own}&{query}"),
        _ => query.to_owned(),
    };
    url.set_query(Some(&joined));
    url
}
