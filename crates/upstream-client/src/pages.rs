//! Lists that an upstream hands out in pages.

use std::collections::HashSet;

use http::{HeaderMap, HeaderName, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::client::{Answer, Auth, Call, Client};
use crate::error::CallError;

/// How much of a list is read. Beyond it the login fails, because a gate must not be decided by half a list.
#[derive(Debug, Clone, Copy)]
pub struct PageLimits {
    /// How many pages.
    pub pages: usize,
    /// How many entries.
    pub entries: usize,
    /// How many bytes one page may have.
    pub page_bytes: usize,
    /// What the entries are, for the error text: `groups`.
    pub what: &'static str,
}

impl PageLimits {
    /// 100 pages and 10 000 entries, pages of 4 MiB.
    pub const fn of(what: &'static str) -> Self {
        Self { pages: 100, entries: 10_000, page_bytes: 4 * 1024 * 1024, what }
    }
}

/// A list that is read page by page. Links lead to the origin of the first page only, because the token goes with them.
pub struct Pages<'a> {
    client: &'a Client,
    auth: Auth<'a>,
    limits: PageLimits,
    headers: Vec<(HeaderName, &'a str)>,
    body: Option<Value>,
    first: Url,
    next: Option<Url>,
    seen: HashSet<Url>,
}

impl<'a> Pages<'a> {
    /// The list that begins at `first`.
    pub fn new(client: &'a Client, first: Url, auth: Auth<'a>, limits: PageLimits) -> Self {
        Self {
            client,
            auth,
            limits,
            headers: Vec::new(),
            body: None,
            next: Some(first.clone()),
            first,
            seen: HashSet::new(),
        }
    }

    /// Adds a header to the call for every page.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Asks for every page by a POST of this document, as some do whose question is long.
    #[must_use]
    pub fn posting(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// Every entry of a list whose pages are JSON arrays linked by `Link: <..>; rel="next"` (RFC 8288).
    ///
    /// # Errors
    ///
    /// [`CallError`]; [`CallError::TooMany`] beyond the limits.
    pub async fn all<T: DeserializeOwned>(self) -> Result<Vec<T>, CallError> {
        self.read(|answer| Ok((answer.json()?, next_link(&answer.headers)))).await
    }

    /// Every entry of a list whose pages are documents; `split` gives a page's entries and the link to the next one.
    ///
    /// # Errors
    ///
    /// [`CallError`]; [`CallError::TooMany`] beyond the limits.
    pub async fn all_by<P: DeserializeOwned, T>(
        self,
        mut split: impl FnMut(P) -> (Vec<T>, Option<String>),
    ) -> Result<Vec<T>, CallError> {
        self.read(|answer| Ok(split(answer.json()?))).await
    }

    async fn read<T>(
        mut self,
        mut split: impl FnMut(&Answer) -> Result<(Vec<T>, Option<String>), CallError>,
    ) -> Result<Vec<T>, CallError> {
        let mut all = Vec::new();
        while let Some(url) = self.next.take() {
            if self.seen.len() == self.limits.pages {
                return Err(CallError::TooMany { limit: self.limits.pages, what: "pages" });
            }
            let call = match &self.body {
                Some(body) => Call::post(&url).json(body)?,
                None => Call::get(&url),
            };
            let call = call.auth(self.auth).header(header::ACCEPT, "application/json");
            let call = self.headers.iter().fold(call, |call, (name, value)| call.header(name.clone(), value));
            let answer = self.client.call(call.body_max(self.limits.page_bytes)).await?.success()?;
            let (entries, next) = split(&answer)?;
            if all.len() + entries.len() > self.limits.entries {
                return Err(CallError::TooMany { limit: self.limits.entries, what: self.limits.what });
            }
            all.extend(entries);
            let next = next.filter(|link| !link.is_empty()).map(|link| self.follow(&url, &link)).transpose()?;
            self.seen.insert(url);
            if next.as_ref().is_some_and(|next| self.seen.contains(next)) {
                return Err(CallError::BadLink("it leads back to a page that was read".into()));
            }
            self.next = next;
        }
        Ok(all)
    }

    fn follow(&self, page: &Url, link: &str) -> Result<Url, CallError> {
        let next = page.join(link).map_err(|_| CallError::BadLink("it is no URL".into()))?;
        match next.origin() == self.first.origin() {
            true => Ok(next),
            false => Err(CallError::BadLink("it leads to another host".into())),
        }
    }
}

/// The target of the first link with relation `next` (RFC 8288 §3).
fn next_link(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(links).find(|(_, parameters)| is_next(parameters)).map(|(target, _)| target.to_owned())
}

/// The targets of one `Link` header, each with the text of its parameters.
fn links(value: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some((_, from)) = rest.split_once('<') {
        let Some((target, after)) = from.split_once('>') else { break };
        // A comma may stand in a quoted parameter, a `<` in none that matters here.
        let end = after.find('<').unwrap_or(after.len());
        found.push((target, &after[..end]));
        rest = &after[end..];
    }
    found
}

fn is_next(parameters: &str) -> bool {
    parameters.split(';').any(|parameter| {
        let Some((name, value)) = parameter.split_once('=') else { return false };
        let value = value.trim().trim_end_matches(',').trim().trim_matches('"');
        name.trim().eq_ignore_ascii_case("rel") && value.split_ascii_whitespace().any(|rel| rel == "next")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_links() {
        let cases = [
            (
                r#"<https://api.example/teams?page=2>; rel="next", <https://api.example/teams?page=5>; rel="last""#,
                Some("https://api.example/teams?page=2"),
            ),
            (r#"<https://api.example/?page=1>; rel="prev", </teams?page=3>; rel=next"#, Some("/teams?page=3")),
            (r#"<a>; title="x, y"; rel="first next""#, Some("a")),
            (r#"<a>; rel="last""#, None),
            ("<a", None),
            ("nonsense", None),
        ];
        for (value, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::LINK, value.parse().unwrap());
            assert_eq!(next_link(&headers).as_deref(), expected, "{value}");
        }
    }
}
