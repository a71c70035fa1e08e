//! Gitea and Forgejo (connectors-platform spec, 9.6).

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use crate::kit::{Fake, OAuth, Page, Refusal, Terms};
use crate::{ByHand, callback_by_hand};

/// The user of a stand-in for Gitea.
#[derive(Debug, Clone)]
pub struct Account {
    /// The stable id.
    pub id: i64,
    /// The handle.
    pub login: String,
    /// The display name; often empty.
    pub full_name: String,
    /// The primary address.
    pub email: String,
    /// The organizations the user is in.
    pub orgs: Vec<String>,
    /// The teams: organization, name. An empty organization is `null`, as some versions answer.
    pub teams: Vec<(String, String)>,
}

impl Default for Account {
    fn default() -> Self {
        let team = |org: &str, name: &str| (org.to_owned(), name.to_owned());
        Self {
            id: 3307,
            login: "oskar".into(),
            full_name: String::new(),
            email: "oskar@forge.example".into(),
            orgs: vec!["foundry".into()],
            teams: vec![team("foundry", "Owners"), team("foundry", "qa")],
        }
    }
}

struct Forge {
    base: Url,
    oauth: OAuth,
    account: Mutex<Account>,
}

type Shared = Arc<Forge>;

/// A stand-in for Gitea with one user.
pub struct Gitea {
    /// The server.
    pub fake: Fake,
    forge: Shared,
}

impl Gitea {
    /// Over HTTP.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> anyhow::Result<Self> {
        let mut forge = None;
        let fake = Fake::start(|url| routes(forge.insert(Forge::new(url)).clone())).await?;
        Ok(Self { fake, forge: forge.expect("the router was made") })
    }

    /// Over TLS, with a certificate of its own.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start_tls() -> anyhow::Result<Self> {
        let mut forge = None;
        let fake = Fake::start_tls(|url| routes(forge.insert(Forge::new(url)).clone())).await?;
        Ok(Self { fake, forge: forge.expect("the router was made") })
    }

    /// Its authorization server.
    #[must_use]
    pub fn oauth(&self) -> &OAuth {
        &self.forge.oauth
    }

    /// Changes the user.
    pub fn change(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.forge.account.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

pub(crate) fn by_hand(url: &Url) -> ByHand {
    let base = url.as_str().trim_end_matches('/');
    ByHand { router: routes(Forge::new(url)), configuration: format!("    baseURL: {base}\n    loadAllGroups: true\n") }
}

impl Forge {
    fn new(base: &Url) -> Shared {
        let terms = Terms { expires_in: Some(3600), ..Terms::default() };
        let oauth = OAuth::new(callback_by_hand(), terms);
        Arc::new(Self { base: base.clone(), oauth, account: Mutex::default() })
    }

    fn account(&self) -> Account {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn authorized(&self, headers: &HeaderMap) -> Result<Account, Refusal> {
        let error = || Refusal::new(StatusCode::UNAUTHORIZED, &json!({"message": "token is required"}));
        self.oauth.bearer(headers).map(|_| self.account()).ok_or_else(error)
    }

    fn list(&self, path: &str, query: Option<String>, entries: &[Value]) -> Response {
        let query = query.unwrap_or_default();
        let mut page = Page::asked(&query, "limit", 30, 50);
        let body = Json(page.cut(entries));
        let mut url = self.base.join(path).expect("a path of ours");
        url.set_query(Some(&query));
        let count = [("x-total-count", page.total.to_string())];
        match page.link(&url) {
            Some(link) => (count, [(header::LINK, link)], body).into_response(),
            None => (count, body).into_response(),
        }
    }
}

fn routes(forge: Shared) -> Router {
    let all = Router::new()
        .route("/login/oauth/authorize", get(authorize))
        .route("/login/oauth/access_token", post(token))
        .route("/api/v1/user", get(user))
        .route("/api/v1/user/teams", get(teams))
        .route("/api/v1/user/orgs", get(orgs));
    Router::new().nest("/gitea", all.clone()).merge(all).with_state(forge)
}

async fn authorize(State(forge): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let login = forge.account().login;
    forge.oauth.authorize(&query.unwrap_or_default(), &login)
}

async fn token(State(forge): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    forge.oauth.token(&headers, &body)
}

async fn user(State(forge): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    let Account { id, login, full_name, email, .. } = forge.authorized(&headers)?;
    Ok(Json(json!({"id": id, "login": login, "full_name": full_name, "email": email, "is_admin": false})))
}

async fn teams(
    State(forge): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let teams = forge.authorized(&headers)?.teams;
    let entry = |(id, (org, name)): (usize, &(String, String))| {
        let organization = if org.is_empty() { Value::Null } else { json!({"id": 9, "name": org, "username": org}) };
        json!({"id": id, "name": name, "organization": organization})
    };
    let entries: Vec<_> = teams.iter().enumerate().map(entry).collect();
    Ok(forge.list("api/v1/user/teams", query, &entries))
}

async fn orgs(State(forge): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let orgs = forge.authorized(&headers)?.orgs;
    let entries: Vec<_> = orgs.iter().map(|org| json!({"id": 9, "name": org, "username": org})).collect();
    Ok(forge.list("api/v1/user/orgs", query, &entries))
}
