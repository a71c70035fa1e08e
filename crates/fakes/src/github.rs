//! GitHub, as github.com and as an own instance under `/api/v3` (connectors-platform spec, 2.8).

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
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
    account: Mutex<Account>,
}

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
        change(&mut self.hub.account.lock().unwrap_or_else(PoisonError::into_inner));
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
        Arc::new(Self { base: base.clone(), oauth, account: Mutex::default() })
    }

    fn account(&self) -> Account {
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

    fn list(&self, path: &str, query: Option<String>, entries: &[Value]) -> Response {
        let query = query.unwrap_or_default();
        let mut page = Page::asked(&query, "per_page", 30, self.account().page_max);
        let body = Json(page.cut(entries));
        let mut url = self.base.join(path).expect("a path of ours");
        url.set_query(Some(&query));
        match page.link(&url) {
            Some(link) => ([(header::LINK, link)], body).into_response(),
            None => body.into_response(),
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
    let login = hub.account().login;
    hub.oauth.authorize(&query.unwrap_or_default(), &login)
}

async fn token(State(hub): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    hub.oauth.token(&headers, &body)
}

async fn user(State(hub): State<Shared>, headers: HeaderMap) -> Result<Response, Refusal> {
    hub.authorized(&headers)?;
    let Account { id, login, name, email, .. } = hub.account();
    Ok(Json(json!({"id": id, "login": login, "name": name, "email": email, "type": "User"})).into_response())
}

async fn emails(State(hub): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    hub.authorized(&headers)?;
    let all = hub.account().emails;
    let entry = |(email, verified, primary): &(String, bool, bool)| json!({"email": email, "verified": verified, "primary": primary, "visibility": null});
    Ok(hub.list("user/emails", query, &all.iter().map(entry).collect::<Vec<_>>()))
}

async fn orgs(State(hub): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    hub.authorized_for_orgs(&headers)?;
    let all: Vec<_> = hub.account().orgs.iter().map(|login| json!({"login": login})).collect();
    Ok(hub.list("user/orgs", query, &all))
}

async fn teams(State(hub): State<Shared>, headers: HeaderMap, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    hub.authorized_for_orgs(&headers)?;
    let all = hub.account().teams;
    let entry = |(org, name, slug): &(String, String, String)| json!({"name": name, "slug": slug, "organization": {"login": org}});
    Ok(hub.list("user/teams", query, &all.iter().map(entry).collect::<Vec<_>>()))
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
