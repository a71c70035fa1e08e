//! Microsoft: the identity platform and Graph (connectors-platform spec, 5.8).

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use url::Url;

use crate::kit::{CLIENT_ID, CLIENT_SECRET, Fake, OAuth, Refusal, Terms};
use crate::{ByHand, callback_by_hand};

/// The most ids that are taken at once.
const IDS_MAX: usize = 1000;

/// A group of the directory.
#[derive(Debug, Clone)]
pub struct Group {
    /// The object id.
    pub id: String,
    /// The display name; `None` is told as `null`.
    pub name: Option<String>,
    /// Whether it is a security group.
    pub security: bool,
}

impl Group {
    /// A security group.
    #[must_use]
    pub fn new(id: &str, name: &str) -> Self {
        Self { id: id.to_owned(), name: Some(name.to_owned()), security: true }
    }
}

/// The user of a stand-in for Microsoft, and how it answers.
#[derive(Debug, Clone)]
pub struct Account {
    /// The object id.
    pub id: String,
    /// The display name.
    pub display_name: Option<String>,
    /// The user principal name.
    pub user_principal_name: Option<String>,
    /// The alias.
    pub mail_nickname: Option<String>,
    /// The name in the Active Directory on the premises.
    pub on_premises_sam_account_name: Option<String>,
    /// The groups.
    pub groups: Vec<Group>,
    /// Entries on a page.
    pub page_size: usize,
    /// The client assertion that is taken.
    pub assertion: String,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            id: "7b1f0c52-0000-4000-8000-aaaabbbbcccc".into(),
            display_name: Some("Jonas Lindqvist".into()),
            user_principal_name: Some("Jonas.Lindqvist@Fjord.example".into()),
            mail_nickname: Some("jonas".into()),
            on_premises_sam_account_name: None,
            groups: vec![
                Group::new("g-1", "Platform"),
                Group { security: false, ..Group::new("g-2", "On-call") },
                Group { name: None, ..Group::new("g-3", "") },
            ],
            page_size: 2,
            assertion: "assertion-1".into(),
        }
    }
}

struct Cloud {
    base: String,
    oauth: OAuth,
    account: Mutex<Account>,
}

type Shared = Arc<Cloud>;

/// A stand-in for Microsoft with one user.
pub struct Microsoft {
    /// The server.
    pub fake: Fake,
    cloud: Shared,
}

impl Microsoft {
    /// Over HTTP.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> anyhow::Result<Self> {
        let mut cloud = None;
        let fake = Fake::start(|url| routes(cloud.insert(Cloud::new(url)).clone())).await?;
        Ok(Self { fake, cloud: cloud.expect("the router was made") })
    }

    /// Its authorization server.
    #[must_use]
    pub fn oauth(&self) -> &OAuth {
        &self.cloud.oauth
    }

    /// Changes the user.
    pub fn change(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.cloud.account.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

pub(crate) fn by_hand(url: &Url) -> ByHand {
    let base = url.as_str().trim_end_matches('/');
    ByHand {
        router: routes(Cloud::new(url)),
        configuration: format!("    apiURL: {base}\n    graphURL: {base}\n    tenant: fjord.example\n"),
    }
}

fn routes(cloud: Shared) -> Router {
    Router::new()
        .route("/{tenant}/oauth2/v2.0/authorize", get(authorize))
        .route("/{tenant}/oauth2/v2.0/token", post(token))
        .route("/v1.0/me", get(user))
        .route("/v1.0/me/getMemberGroups", post(member_groups))
        .route("/v1.0/directoryObjects/getByIds", post(by_ids))
        .with_state(cloud)
}

impl Cloud {
    fn new(base: &Url) -> Shared {
        let oauth = OAuth::new(callback_by_hand(), Terms::default());
        Arc::new(Self { base: base.as_str().trim_end_matches('/').to_owned(), oauth, account: Mutex::default() })
    }

    fn account(&self) -> Account {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The account, if the token of the request has one of the scopes.
    fn authorized(&self, headers: &HeaderMap, scopes: &[&str]) -> Result<Account, Refusal> {
        let invalid = || failed(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", "Access token is empty.");
        let token = self.oauth.bearer(headers).ok_or_else(invalid)?;
        match token.scope.split(' ').any(|scope| scopes.contains(&scope.to_ascii_lowercase().as_str())) {
            true => Ok(self.account()),
            false => Err(failed(
                StatusCode::FORBIDDEN,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            )),
        }
    }

    /// A page of a list, which is asked for by `$skiptoken`.
    fn page(&self, path: &str, query: Option<&str>, size: usize, all: &[Value]) -> Json<Value> {
        let from: usize =
            query.and_then(|query| query.strip_prefix("$skiptoken=")).and_then(|token| token.parse().ok()).unwrap_or(0);
        let to = all.len().min(from + size);
        let mut page = json!({"value": all.get(from..to).unwrap_or_default()});
        if to < all.len() {
            page["@odata.nextLink"] = format!("{}/v1.0/{path}?$skiptoken={to}", self.base).into();
        }
        Json(page)
    }
}

fn failed(status: StatusCode, code: &str, message: &str) -> Refusal {
    Refusal::new(status, &json!({"error": {"code": code, "message": message, "innerError": {}}}))
}

async fn authorize(State(cloud): State<Shared>, RawQuery(query): RawQuery) -> Response {
    cloud.oauth.authorize(&query.unwrap_or_default(), &cloud.account().id)
}

async fn token(State(cloud): State<Shared>, mut headers: HeaderMap, body: Bytes) -> Response {
    let mut fields = url::form_urlencoded::parse(&body);
    let assertion = fields.find(|(name, _)| name == "client_assertion").map(|(_, value)| value.into_owned());
    if assertion.is_some_and(|assertion| assertion == cloud.account().assertion) {
        // The kit knows the client by its secret.
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encoded(CLIENT_ID), encoded(CLIENT_SECRET));
        if let Ok(value) = HeaderValue::from_str(&format!("Basic {}", BASE64_STANDARD.encode(pair))) {
            headers.insert(header::AUTHORIZATION, value);
        }
    }
    cloud.oauth.token(&headers, &body)
}

async fn user(State(cloud): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    let account = cloud.authorized(&headers, &["user.read"])?;
    Ok(Json(json!({
        "id": account.id, "displayName": account.display_name, "userPrincipalName": account.user_principal_name,
        "mailNickname": account.mail_nickname, "onPremisesSamAccountName": account.on_premises_sam_account_name,
    })))
}

const GROUP_SCOPES: &[&str] = &["directory.read.all", "groupmember.read.all"];

async fn member_groups(
    State(cloud): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let account = cloud.authorized(&headers, GROUP_SCOPES)?;
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let security_only = asked["securityEnabledOnly"].as_bool();
    let security_only =
        security_only.ok_or_else(|| failed(StatusCode::BAD_REQUEST, "Request_BadRequest", "securityEnabledOnly"))?;
    let groups = account.groups.iter().filter(|group| group.security || !security_only);
    let ids: Vec<Value> = groups.map(|group| group.id.clone().into()).collect();
    Ok(cloud.page("me/getMemberGroups", query.as_deref(), account.page_size, &ids))
}

async fn by_ids(
    State(cloud): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let account = cloud.authorized(&headers, GROUP_SCOPES)?;
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let ids = asked["ids"].as_array().cloned().unwrap_or_default();
    if ids.len() > IDS_MAX || asked["types"] != json!(["group"]) {
        let message = "Number of included identifiers cannot exceed '1000'.";
        return Err(failed(StatusCode::BAD_REQUEST, "Request_BadRequest", message));
    }
    let known: std::collections::HashMap<&str, &Group> =
        account.groups.iter().map(|group| (group.id.as_str(), group)).collect();
    let found = ids.iter().filter_map(|id| known.get(id.as_str()?));
    let objects: Vec<Value> = found.map(|group| json!({"id": group.id, "displayName": group.name})).collect();
    Ok(cloud.page("directoryObjects/getByIds", query.as_deref(), account.page_size, &objects))
}
