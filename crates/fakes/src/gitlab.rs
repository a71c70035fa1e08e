//! GitLab, at the root and under `/gitlab` (connectors-platform spec, 3.8).

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::kit::{Fake, OAuth, Page, Refusal, Terms, Token};
use crate::{ByHand, callback_by_hand};

/// A group the user of a stand-in for GitLab is in.
#[derive(Debug, Clone)]
pub struct Group {
    /// The stable id.
    pub id: i64,
    /// `ops/api`.
    pub full_path: String,
    /// 50 is an owner; the others are in the spec, 3.4.
    pub access_level: i64,
    /// Whether the user is a member of this very group, or inherits it.
    pub direct: bool,
}

impl Group {
    /// A group of which the user is a member itself.
    #[must_use]
    pub fn direct(id: i64, full_path: &str, access_level: i64) -> Self {
        Self { id, full_path: full_path.to_owned(), access_level, direct: true }
    }

    /// A group the user inherits.
    #[must_use]
    pub fn inherited(id: i64, full_path: &str, access_level: i64) -> Self {
        Self { direct: false, ..Self::direct(id, full_path, access_level) }
    }
}

/// The user of a stand-in for GitLab.
#[derive(Debug, Clone)]
pub struct Account {
    /// The stable id.
    pub id: i64,
    /// The handle.
    pub username: String,
    /// The display name.
    pub name: String,
    /// The primary address.
    pub email: String,
    /// When the address was confirmed; `None` for never.
    pub confirmed_at: Option<String>,
    /// `active`, `blocked`.
    pub state: String,
    /// The groups.
    pub groups: Vec<Group>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            id: 90_117,
            username: "tomas.v".into(),
            name: "Tomas Varga".into(),
            email: "tomas@lab.example".into(),
            confirmed_at: Some("2020-05-01T08:00:00.000Z".into()),
            state: "active".into(),
            groups: vec![
                Group::direct(11, "ops", 50),
                Group::inherited(12, "ops/api", 50),
                Group::inherited(13, "lab", 20),
                Group::direct(14, "dev/ui", 30),
            ],
        }
    }
}

struct Lab {
    oauth: OAuth,
    account: Mutex<Account>,
}

type Shared = Arc<Lab>;

/// A stand-in for GitLab with one user.
pub struct GitLab {
    /// The server.
    pub fake: Fake,
    lab: Shared,
}

impl GitLab {
    /// Over HTTP.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> anyhow::Result<Self> {
        let lab = Lab::new();
        let fake = Fake::start(|_| routes(lab.clone())).await?;
        Ok(Self { fake, lab })
    }

    /// Over TLS, with a certificate of its own.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start_tls() -> anyhow::Result<Self> {
        let lab = Lab::new();
        let fake = Fake::start_tls(|_| routes(lab.clone())).await?;
        Ok(Self { fake, lab })
    }

    /// Its authorization server.
    #[must_use]
    pub fn oauth(&self) -> &OAuth {
        &self.lab.oauth
    }

    /// Changes the user.
    pub fn change(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.lab.account.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

pub(crate) fn by_hand(url: &Url) -> ByHand {
    let base = url.as_str().trim_end_matches('/');
    ByHand {
        router: routes(Lab::new()),
        configuration: format!("    baseURL: {base}\n    getGroupsPermission: true\n"),
    }
}

impl Lab {
    fn new() -> Shared {
        Arc::new(Self { oauth: OAuth::new(callback_by_hand(), Terms::default()), account: Mutex::default() })
    }

    fn account(&self) -> Account {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The account, if the token of the request has one of the scopes.
    fn authorized(&self, headers: &HeaderMap, scopes: &[&str]) -> Result<Account, Refusal> {
        let token = self.oauth.bearer(headers).ok_or_else(|| failed(StatusCode::UNAUTHORIZED, "invalid_token"))?;
        if !token.scope.split(' ').any(|scope| scopes.contains(&scope)) {
            return Err(failed(StatusCode::FORBIDDEN, "insufficient_scope"));
        }
        let account = self.account();
        if account.state != "active" {
            return Err(failed(StatusCode::FORBIDDEN, "your account has been blocked"));
        }
        Ok(account)
    }
}

fn failed(status: StatusCode, error: &str) -> Refusal {
    Refusal::new(status, &json!({"error": error}))
}

fn routes(lab: Shared) -> Router {
    let all = Router::new()
        .route("/oauth/authorize", get(authorize))
        .route("/oauth/token", post(token))
        .route("/oauth/token/info", get(token_info))
        .route("/oauth/userinfo", get(userinfo))
        .route("/api/v4/user", get(user))
        .route("/api/v4/groups", get(groups))
        .route("/api/v4/groups/{group}/members/all/{user}", get(member));
    Router::new().nest("/gitlab", all.clone()).merge(all).with_state(lab)
}

async fn authorize(State(lab): State<Shared>, RawQuery(query): RawQuery) -> Response {
    lab.oauth.authorize(&query.unwrap_or_default(), &lab.account().username)
}

async fn token(State(lab): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    lab.oauth.token(&headers, &body)
}

async fn token_info(State(lab): State<Shared>, headers: HeaderMap) -> Result<Response, Refusal> {
    let Token { client, scope, .. } =
        lab.oauth.bearer(&headers).ok_or_else(|| failed(StatusCode::UNAUTHORIZED, "invalid_token"))?;
    let scopes: Vec<_> = scope.split(' ').collect();
    let reply = json!({"resource_owner_id": lab.account().id, "scope": scopes, "expires_in": 7200, "application": {"uid": client}, "created_at": 0});
    Ok(Json(reply).into_response())
}

async fn user(State(lab): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    let account = lab.authorized(&headers, &["read_user", "read_api", "api"])?;
    let Account { id, username, name, email, confirmed_at, state, .. } = account;
    Ok(Json(json!({
        "id": id, "username": username, "name": name, "state": state, "email": email, "confirmed_at": confirmed_at,
    })))
}

async fn userinfo(State(lab): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    let Account { id, groups, .. } = lab.authorized(&headers, &["openid"])?;
    let direct: Vec<_> = groups.iter().filter(|group| group.direct).collect();
    let with = |level: i64| {
        let found = direct.iter().filter(|group| group.access_level == level);
        found.map(|group| group.full_path.clone()).collect::<Vec<_>>()
    };
    Ok(Json(json!({
        "sub": id.to_string(),
        "groups": direct.iter().map(|group| &group.full_path).collect::<Vec<_>>(),
        "https://gitlab.org/claims/groups/owner": with(50),
        "https://gitlab.org/claims/groups/maintainer": with(40),
        "https://gitlab.org/claims/groups/developer": with(30),
    })))
}

async fn groups(
    State(lab): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refusal> {
    let groups = lab.authorized(&headers, &["read_api", "api"])?.groups;
    let query = query.unwrap_or_default();
    let mut page = Page::asked(&query, "per_page", 20, 100);
    let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let entry = |group: Group| json!({"id": group.id, "path": last(&group.full_path), "full_path": group.full_path});
    Ok(Json(page.cut(&groups).into_iter().map(entry).collect()))
}

async fn member(
    State(lab): State<Shared>,
    Path((group, user)): Path<(i64, i64)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    let account = lab.authorized(&headers, &["read_api", "api"])?;
    let found = account.groups.iter().find(|known| known.id == group && account.id == user);
    let found = found.ok_or_else(|| failed(StatusCode::NOT_FOUND, "404 Not found"))?;
    Ok(Json(json!({"id": user, "username": account.username, "access_level": found.access_level})))
}
