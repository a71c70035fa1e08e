//! GitHub, as github.com and as an own instance under `/api/v3` (connectors-platform spec, 2.8).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use crate::kit::{Fake, OAuth, Page, Refusal, Terms, Token};
use crate::{ByHand, callback_by_hand};

/// The user of a stand-in for GitHub.
#[derive(Debug, Clone)]
pub struct Account {
    /// The stable id.
    pub id: i64,
    /// The handle.
    pub login: String,
    /// The display name.
    pub name: Option<String>,
    /// The public address.
    pub email: Option<String>,
    /// Every address: address, verified, primary.
    pub emails: Vec<(String, bool, bool)>,
    /// The organizations the user is in.
    pub orgs: Vec<String>,
    /// The teams: organization, name, slug.
    pub teams: Vec<(String, String, String)>,
    /// How many entries a page has at most, whatever is asked for.
    pub page_max: usize,
}

impl Default for Account {
    fn default() -> Self {
        let team = |org: &str, name: &str, slug: &str| (org.to_owned(), name.to_owned(), slug.to_owned());
        Self {
            id: 4_021_177,
            login: "mira-k".into(),
            name: Some("Mira Kowalski".into()),
            email: None,
            emails: vec![
                ("old@mail.example".into(), false, false),
                ("mira@corp.example".into(), true, false),
                ("mira@home.example".into(), true, true),
            ],
            orgs: vec!["acme".into(), "solo-org".into()],
            teams: vec![
                team("acme", "Site Reliability", "site-reliability"),
                team("acme", "Docs", "docs"),
                team("not-listed", "Ghost", "ghost"),
            ],
            page_max: 100,
        }
    }
}

struct Hub {
    base: Url,
    oauth: OAuth,
    account: Mutex<Arc<Account>>,
    /// The lists as they were asked for; a change of the user forgets them.
    lists: Mutex<HashMap<String, List>>,
}

/// A page of a list: its links and its text.
type List = (Option<HeaderValue>, Bytes);

type Shared = Arc<Hub>;

/// A stand-in for GitHub with one user.
pub struct GitHub {
    /// The server.
    pub fake: Fake,
    hub: Shared,
}

impl GitHub {
    /// Over HTTP, for a connector whose `baseURL` and `apiURL` name it.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> anyhow::Result<Self> {
        let mut hub = None;
        let fake = Fake::start(|url| routes(hub.insert(Hub::new(url)).clone())).await?;
        Ok(Self { fake, hub: hub.expect("the router was made") })
    }

    /// Over TLS, as an own instance is, for a connector whose `hostName` names it.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start_tls() -> anyhow::Result<Self> {
        let mut hub = None;
        let fake = Fake::start_tls(|url| routes(hub.insert(Hub::new(url)).clone())).await?;
        Ok(Self { fake, hub: hub.expect("the router was made") })
    }

    /// Its authorization server.
    #[must_use]
    pub fn oauth(&self) -> &OAuth {
        &self.hub.oauth
    }

    /// Changes the user.
    pub fn change(&self, change: impl FnOnce(&mut Account)) {
        change(Arc::make_mut(&mut self.hub.account.lock().unwrap_or_else(PoisonError::into_inner)));
        self.hub.lists.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

pub(crate) fn by_hand(url: &Url) -> ByHand {
    let base = url.as_str().trim_end_matches('/');
    ByHand {
        router: routes(Hub::new(url)),
        configuration: format!("    baseURL: {base}\n    apiURL: {base}\n    loadAllGroups: true\n"),
    }
}

impl Hub {
    fn new(base: &Url) -> Shared {
        let terms = Terms {
            expires_in: None,
            refresh_tokens: false,
            form_replies: true,
            error_status: StatusCode::OK,
            ..Terms::default()
        };
        let oauth = OAuth::new(callback_by_hand(), terms);
        Arc::new(Self { base: base.clone(), oauth, account: Mutex::default(), lists: Mutex::default() })
    }

    fn account(&self) -> Arc<Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The token of a request to the API, or what GitHub answers without one, and without a `User-Agent`.
    fn authorized(&self, headers: &HeaderMap) -> Result<Token, Refusal> {
        if !headers.contains_key(header::USER_AGENT) {
            let text =
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header";
            return Err(told(StatusCode::FORBIDDEN, text));
        }
        self.oauth.bearer(headers).ok_or_else(|| told(StatusCode::UNAUTHORIZED, "Bad credentials"))
    }

    /// The same where the organizations are read.
    fn authorized_for_orgs(&self, headers: &HeaderMap) -> Result<Token, Refusal> {
        let token = self.authorized(headers)?;
        if !token.scope.split(' ').any(|scope| scope == "read:org") {
            return Err(told(StatusCode::FORBIDDEN, "You need at least read:org scope to list your organizations."));
        }
        Ok(token)
    }

    fn list<T: Clone>(&self, path: &str, query: Option<String>, all: &[T], entry: impl Fn(&T) -> Value) -> Response {
        let mut url = self.base.join(path).expect("a path of ours");
        url.set_query(query.as_deref());
        let make = || {
            let mut page = Page::asked(url.query().unwrap_or_default(), "per_page", 30, self.account().page_max);
            let entries: Value = page.cut(all).iter().map(entry).collect();
            (page.link(&url), Bytes::from(entries.to_string()))
        };
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let (link, body) = lists.entry(url.to_string()).or_insert_with(make).clone();
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        match link {
            Some(link) => (json, [(header::LINK, link)], body).into_response(),
            None => (json, body).into_response(),
        }
    }
}

fn told(status: StatusCode, message: &str) -> Refusal {
    Refusal::new(status, &json!({"message": message, "documentation_url": "https://docs.github.com/rest"}))
}

fn routes(hub: Shared) -> Router {
    let api = Router::new()
        .route("/user", get(user))
        .route("/user/emails", get(emails))
        .route("/user/orgs", get(orgs))
        .route("/user/teams", get(teams))
        .route("/orgs/{org}/members/{login}", get(member));
    Router::new()
        .route("/login/oauth/authorize", get(authorize))
        .route("/login/oauth/access_token", post(token))
        .nest("/api/v3", api.clone())
        .merge(api)
        .with_state(hub)
}

async fn authorize(State(hub): State<Shared>, RawQuery(query): RawQuery) -> Response {
    hub.oauth.authorize(&query.unwrap_or_default(), &hub.account().login)
}

async fn token(State(hub): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    hub.oauth.token(&headers, &body)
}

async fn user(State(hub): State<Shared>, headers: HeaderMap) -> Result<Response, Refusal> {
    hub.authorized(&headers)?;
    let account = hub.account();
    let Account { id, login, name, email, .. } = account.as_ref();
    Ok(Json(json!({"id": id, "login": login, "name": name, "email": email, "type": "User"})).into_response())
}

async fn emails(State(hub): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    hub.authorized(&headers)?;
    let account = hub.account();
    let entry = |(email, verified, primary): &(String, bool, bool)| json!({"email": email, "verified": verified, "primary": primary, "visibility": null});
    Ok(hub.list("user/emails", query, &account.emails, entry))
}

async fn orgs(State(hub): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    hub.authorized_for_orgs(&headers)?;
    Ok(hub.list("user/orgs", query, &hub.account().orgs, |login| json!({"login": login})))
}

async fn teams(State(hub): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    hub.authorized_for_orgs(&headers)?;
    Ok(hub.list("user/teams", query, &hub.account().teams, team))
}

/// Whoever asks from outside the organization is sent to its public members.
async fn member(
    State(hub): State<Shared>,
    Path((org, login)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    hub.authorized_for_orgs(&headers)?;
    let account = hub.account();
    if account.orgs.iter().any(|own| own.eq_ignore_ascii_case(&org)) && account.login == login {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let public = hub.base.join(&format!("orgs/{org}/public_members/{login}")).expect("a path of ours");
    let mut answer = Redirect::to(public.as_str()).into_response();
    *answer.status_mut() = StatusCode::FOUND;
    Ok(answer)
}

/// A team with the members GitHub's has, for its size.
fn team((org, name, slug): &(String, String, String)) -> Value {
    let url = |rest: &str| format!("https://api.github.com/organizations/7/team/1{rest}");
    json!({
        "name": name, "id": 1, "node_id": "MDQ6VGVhbTE=", "slug": slug, "description": "Those who look after it",
        "privacy": "closed", "notification_setting": "notifications_enabled", "url": url(""),
        "html_url": format!("https://github.com/orgs/{org}/teams/{slug}"), "members_url": url("/members{/member}"),
        "repositories_url": url("/repos"), "permission": "pull", "parent": null, "members_count": 12, "repos_count": 40,
        "created_at": "2020-05-01T08:00:00Z", "updated_at": "2025-05-01T08:00:00Z",
        "organization": organization(org),
    })
}

fn organization(org: &str) -> Value {
    let of_org = |rest: &str| format!("https://api.github.com/orgs/{org}{rest}");
    let html_url = format!("https://github.com/{org}");
    json!({
            "login": org, "id": 7, "node_id": "MDEyOk9yZ2FuaXphdGlvbjc=", "url": of_org(""), "repos_url": of_org("/repos"),
            "events_url": of_org("/events"), "hooks_url": of_org("/hooks"), "issues_url": of_org("/issues"),
            "members_url": of_org("/members{/member}"), "public_members_url": of_org("/public_members{/member}"),
            "avatar_url": "https://avatars.githubusercontent.com/u/7?v=4", "description": "We make everything",
            "name": org, "company": null, "blog": "https://acme.example", "location": "Everywhere", "email": null,
            "is_verified": true, "has_organization_projects": true, "public_repos": 30, "followers": 4, "following": 0,
            "html_url": html_url, "created_at": "2019-05-01T08:00:00Z",
            "updated_at": "2025-05-01T08:00:00Z", "archived_at": null, "type": "Organization",
    })
}
