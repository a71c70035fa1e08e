//! What a browser has before it.

use std::collections::BTreeMap;

use dex_oidc::Form;
use http::{HeaderMap, StatusCode, header};

/// A response, and the address it came from.
#[derive(Debug)]
pub struct Shown {
    /// The address, as it was asked for.
    pub address: String,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Shown {
    /// Where it redirects to, or the empty string.
    pub fn location(&self) -> &str {
        let location = self.headers.get(header::LOCATION);
        location.and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The parameters of an authorization response: of the fragment, if there is one, else of the query.
    ///
    /// # Panics
    ///
    /// When they are no form.
    pub fn answer(&self) -> BTreeMap<String, String> {
        let location = self.location();
        let (address, fragment) = location.split_once('#').unwrap_or((location, ""));
        let carried =
            if fragment.is_empty() { address.split_once('?').map_or("", |(_, query)| query) } else { fragment };
        let form = Form::parse(carried.as_bytes()).expect("a response carries a form");
        form.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// One parameter of the authorization response, or the empty string.
    pub fn told(&self, name: &str) -> String {
        self.answer().remove(name).unwrap_or_default()
    }

    /// Where the page's first form goes: its `action`, or the page's own address.
    pub fn form_action(&self) -> String {
        let form = self.body.split_once("<form").map_or("", |(_, after)| after);
        let tag = form.split_once('>').map_or(form, |(tag, _)| tag);
        let action = tag.split_once("action=\"").and_then(|(_, after)| after.split_once('"'));
        action.map_or_else(|| self.address.clone(), |(action, _)| unescape(action))
    }
}

fn unescape(text: &str) -> String {
    let entities = [("&#43;", "+"), ("&#34;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}
