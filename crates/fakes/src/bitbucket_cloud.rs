//! Bitbucket Cloud, its API under `/2.0` (connectors-platform spec, 7.6).

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::kit::{Fake, OAuth, Page, Refusal, Terms, at_page};
use crate::{ByHand, callback_by_hand};

/// The user of a stand-in for Bitbucket Cloud.
#[derive(Debug, Clone)]
pub struct Account {
    /// The stable id, with its braces.
    pub uuid: String,
    /// The handle.
    pub username: String,
    /// Every address: address, primary, confirmed.
    pub emails: Vec<(String, bool, bool)>,
    /// The workspaces: slug and permission.
    pub workspaces: Vec<(String, String)>,
    /// How many entries a page has.
    pub page_size: usize,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            uuid: "{5f0e2d1c-aaaa-bbbb-cccc-000011112222}".into(),
            username: "hana_s".into(),
            emails: vec![("hana@alt.example".into(), false, true), ("hana@main.example".into(), true, true)],
            workspaces: vec![("blue-ocean".into(), "owner".into()), ("red-sand".into(), "member".into())],
            page_size: 10,
        }
    }
}

struct Bucket {
    base: Url,
    oauth: OAuth,
    account: Mutex<Account>,
}

type Shared = Arc<Bucket>;

/// A stand-in for Bitbucket Cloud with one user.
pub struct BitbucketCloud {
    /// The server.
    pub fake: Fake,
    bucket: Shared,
}

impl BitbucketCloud {
    /// Over HTTP, for a connector whose `baseURL` and `apiURL` name it. It sends every browser back to `callback`, as it
    /// is registered there.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start(callback: &Url) -> anyhow::Result<Self> {
        let mut bucket = None;
        let fake = Fake::start(|url| routes(bucket.insert(Bucket::new(url, callback)).clone())).await?;
        Ok(Self { fake, bucket: bucket.expect("the router was made") })
    }

    /// Its authorization server.
    #[must_use]
    pub fn oauth(&self) -> &OAuth {
        &self.bucket.oauth
    }

    /// Changes the user.
    pub fn change(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.bucket.account.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

pub(crate) fn by_hand(url: &Url) -> ByHand {
    let base = url.as_str().trim_end_matches('/');
    ByHand {
        router: routes(Bucket::new(url, &callback_by_hand())),
        configuration: format!("    baseURL: {base}\n    apiURL: {base}/2.0\n    getWorkspacePermissions: true\n"),
    }
}

impl Bucket {
    fn new(base: &Url, callback: &Url) -> Shared {
        let terms = Terms { rotates: false, takes_redirect_uri: false, ..Terms::default() };
        let oauth = OAuth::new(callback.clone(), terms);
        Arc::new(Self { base: base.clone(), oauth, account: Mutex::default() })
    }

    fn account(&self) -> Account {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn authorized(&self, headers: &HeaderMap, scope: &str) -> Result<Account, Refusal> {
        let error = |status: StatusCode, message: &str| {
            Refusal::new(status, &json!({"type": "error", "error": {"message": message}}))
        };
        let token = self.oauth.bearer(headers);
        let token = token.ok_or_else(|| error(StatusCode::UNAUTHORIZED, "Access token expired."))?;
        if !token.scope.split(' ').any(|held| held == scope) {
            return Err(error(StatusCode::FORBIDDEN, "Your credentials lack one or more required privilege scopes."));
        }
        Ok(self.account())
    }

    fn list(&self, path: &str, query: Option<String>, entries: &[Value]) -> Json<Value> {
        let query = query.unwrap_or_default();
        let size = self.account().page_size;
        let mut page = Page::asked(&query, "pagelen", size, size);
        let values = page.cut(entries);
        let mut reply = json!({"pagelen": page.size, "page": page.number, "size": page.total, "values": values});
        if page.number < page.last() {
            let mut url = self.base.join(path).expect("a path of ours");
            url.set_query(Some(&query));
            reply["next"] = json!(at_page(&url, page.number + 1).as_str());
        }
        Json(reply)
    }
}

fn routes(bucket: Shared) -> Router {
    Router::new()
        .route("/site/oauth2/authorize", get(authorize))
        .route("/site/oauth2/access_token", post(token))
        .route("/2.0/user", get(user))
        .route("/2.0/user/emails", get(emails))
        .route("/2.0/user/workspaces", get(workspaces))
        .route("/2.0/user/workspaces/{slug}/permission", get(permission))
        .with_state(bucket)
}

async fn authorize(State(bucket): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let username = bucket.account().username;
    bucket.oauth.authorize(&query.unwrap_or_default(), &username)
}

async fn token(State(bucket): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    bucket.oauth.token(&headers, &body)
}

async fn user(State(bucket): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    let Account { uuid, username, .. } = bucket.authorized(&headers, "account")?;
    Ok(Json(json!({"type": "user", "uuid": uuid, "username": username, "display_name": "Hana Suzuki"})))
}

async fn emails(
    State(bucket): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    let all = bucket.authorized(&headers, "email")?.emails;
    let entry = |(email, primary, confirmed): &(String, bool, bool)| json!({"email": email, "is_primary": primary, "is_confirmed": confirmed});
    Ok(bucket.list("2.0/user/emails", query, &all.iter().map(entry).collect::<Vec<_>>()))
}

async fn workspaces(
    State(bucket): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    let all = bucket.authorized(&headers, "account")?.workspaces;
    let entries: Vec<_> = all.iter().map(|(slug, _)| json!({"workspace": {"slug": slug}})).collect();
    Ok(bucket.list("2.0/user/workspaces", query, &entries))
}

async fn permission(
    State(bucket): State<Shared>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let all = bucket.authorized(&headers, "account")?.workspaces;
    let found = all.into_iter().find(|(known, _)| *known == slug);
    let (_, permission) = found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, &json!({})))?;
    Ok(Json(json!({"permission": permission})))
}
