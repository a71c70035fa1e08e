//! Walking through all objects of a resource, page by page.
//!
//! The API server hands out a token for the next page that dies after minutes. Here every page can also begin behind any
//! name: such a token says where to begin and asks for no particular state (`rv` -1). Its form is the one every API
//! server has had since lists have pages; one that does not take it is walked through from the beginning.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Api, ApiError, Request, Verb};
use crate::kind::Resource;
use crate::object::Object;

/// How many objects a page has at most. Records are some hundred bytes, so this is far from any limit.
pub(crate) const PAGE: usize = 250;

/// How often a walk begins anew because its place was refused.
const RESTARTS_MAX: u32 = 3;

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    metadata: ListMetadata,
    #[serde(default)]
    items: Vec<Value>,
}

#[derive(Deserialize, Default)]
struct ListMetadata {
    #[serde(default, rename = "continue")]
    next: String,
}

/// A walk through the objects of a resource in the order of their names.
pub(crate) struct Walk<'a> {
    api: &'a Api,
    resource: Resource,
    /// Where the next page begins.
    token: Option<String>,
    /// Behind which name it begins.
    behind: Option<String>,
    /// Whether objects up to `behind` come along and are passed over.
    passing: bool,
    /// How many objects are asked for at most.
    page: usize,
    restarts: u32,
    ended: bool,
}

impl<'a> Walk<'a> {
    /// Begins behind a name, or at the beginning.
    pub(crate) fn behind(api: &'a Api, resource: Resource, behind: Option<String>) -> Self {
        let token = behind.as_deref().map(token_behind);
        Self { api, resource, token, behind, passing: false, page: PAGE, restarts: 0, ended: false }
    }

    /// The next objects, `limit` at most; none when there are no more.
    pub(crate) async fn next(&mut self, limit: usize) -> Result<Vec<Object>, ApiError> {
        while !self.ended {
            let objects = match self.page(limit.min(self.page)).await {
                Err(ApiError::TooLong) if self.page > 1 => {
                    self.page = (limit.min(self.page) / 2).max(1);
                    continue;
                }
                page => page?,
            };
            let Some(mut objects) = objects else { continue };
            if self.passing {
                objects.retain(|object| self.behind.as_deref().is_none_or(|behind| object.name() > behind));
            }
            if let Some(last) = objects.last() {
                self.passing = false;
                self.behind = Some(last.name().to_owned());
                return Ok(objects);
            }
        }
        Ok(Vec::new())
    }

    /// A page. `None` if its place was refused and another one is set.
    async fn page(&mut self, limit: usize) -> Result<Option<Vec<Object>>, ApiError> {
        let mut query = format!("limit={limit}");
        if let Some(token) = &self.token {
            query.push_str("&continue=");
            query.push_str(token);
        }
        let request = Request::of(Verb::List, self.resource, &self.api.namespace, "").query(&query);
        let answer = self.api.call(&request).await?;
        if answer.is_success() {
            let strange = |_| ApiError::Strange { verb: Verb::List, what: request.what.clone() };
            let list: List = serde_json::from_slice(&answer.body).map_err(strange)?;
            self.ended = list.metadata.next.is_empty();
            self.token = Some(list.metadata.next);
            return Ok(Some(list.items.into_iter().filter_map(Object::of).collect()));
        }
        if answer.code == 404 {
            return Err(ApiError::NotServed { what: request.what });
        }
        self.restarts += 1;
        if !matches!(answer.code, 400 | 410) || self.token.is_none() || self.restarts > RESTARTS_MAX {
            return Err(ApiError::Answered { code: answer.code, verb: Verb::List, what: request.what });
        }
        // An expired place is found again by its name; one that is not taken is walked to.
        let own = self.behind.as_deref().map(token_behind).filter(|own| Some(own) != self.token.as_ref());
        self.passing = own.is_none();
        self.token = own;
        Ok(None)
    }
}

/// Where a page behind this name begins. Nothing in it needs escaping in a query.
fn token_behind(name: &str) -> String {
    URL_SAFE_NO_PAD.encode(json!({"v": "meta.k8s.io/v1", "rv": -1, "start": format!("{name}\0")}).to_string())
}

#[cfg(test)]
mod tests {
    use dex_model::Kind;

    use super::*;
    use crate::client::scripted::{self, Line};
    use crate::kind::resource;

    fn page(names: &[&str], next: &str) -> Line {
        let items: Vec<_> = names.iter().map(|name| json!({"metadata": {"name": name}})).collect();
        ("200 OK", json!({"metadata": {"continue": next}, "items": items}).to_string())
    }

    const PATH: &str = "GET /apis/dex.coreos.com/v1/namespaces/dex/passwords?limit=2";

    /// Walks to the end by pages of two: the names, and what was asked behind [`PATH`].
    async fn walk(behind: Option<&str>, answers: Vec<Line>) -> (Result<Vec<String>, String>, Vec<String>) {
        let count = answers.len();
        let (api, asked) = scripted::api(answers).await;
        let mut walk = Walk::behind(&api, resource(Kind::Password), behind.map(str::to_owned));
        let mut names = Vec::new();
        let walked = loop {
            match walk.next(2).await {
                Ok(page) if page.is_empty() => break Ok(names),
                Ok(page) => names.extend(page.iter().map(|object| object.name().to_owned())),
                Err(error) => break Err(error.to_string()),
            }
        };
        let asked = asked.await.unwrap();
        assert_eq!(asked.len(), count);
        (walked, asked.iter().map(|asked| asked.strip_prefix(PATH).unwrap().to_owned()).collect())
    }

    #[tokio::test]
    async fn an_expired_place_is_found_again_by_its_name() {
        let gone = || ("410 Gone", String::new());
        let answers = vec![page(&["a", "b"], "next"), gone(), page(&["c"], "")];
        let (names, asked) = walk(None, answers).await;
        assert_eq!(names.unwrap(), ["a", "b", "c"]);
        assert_eq!(asked, [String::new(), "&continue=next".into(), format!("&continue={}", token_behind("b"))]);
    }

    #[tokio::test]
    async fn where_our_places_are_not_taken_the_walk_passes_over_what_was_seen() {
        let refused = || ("400 Bad Request", String::new());
        let answers = vec![refused(), page(&["a", "b"], "next"), page(&["c", "d"], "more"), page(&["e"], "")];
        let (names, asked) = walk(Some("c"), answers).await;
        assert_eq!(names.unwrap(), ["d", "e"]);
        assert_eq!(asked, [&format!("&continue={}", token_behind("c")), "", "&continue=next", "&continue=more"]);
    }

    #[tokio::test]
    async fn a_walk_that_is_refused_again_and_again_ends() {
        let (names, _) = walk(Some("c"), vec![("410 Gone", String::new()); 2]).await;
        assert!(names.unwrap_err().contains("answered 410 to list passwords.dex.coreos.com"));
        let (names, _) = walk(None, vec![("404 Not Found", String::new())]).await;
        assert!(names.unwrap_err().contains("does not serve passwords.dex.coreos.com"));
    }
}
