//! OpenStack Keystone, its Identity API under `/v3` (connectors-protocol spec, 10), in the words of Keystone 22.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::ByHand;
use crate::kit::{Fake, Refusal};

/// The password of every user at the start.
pub const PASSWORD: &str = "pass&\"word";

/// The administrator's name.
pub const ADMIN: &str = "admin";

/// A user of the domain `default`.
#[derive(Debug, Clone)]
pub struct Account {
    /// The stable id.
    pub id: String,
    /// The login name.
    pub name: String,
    /// The address; empty without one.
    pub email: String,
    /// The password.
    pub password: String,
    /// Whether the account may be used.
    pub enabled: bool,
    /// Whether the password has expired.
    pub expired: bool,
    /// Whether a password alone is not enough.
    pub needs_totp: bool,
    /// The names of the groups.
    pub groups: Vec<String>,
}

impl Account {
    /// A user in these groups.
    #[must_use]
    pub fn new(id: &str, name: &str, groups: &[&str]) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            email: String::new(),
            password: PASSWORD.into(),
            enabled: true,
            expired: false,
            needs_totp: false,
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        }
    }
}

/// What a stand-in for Keystone knows.
#[derive(Debug)]
pub struct Realm {
    /// Everybody, the administrator too.
    pub users: Vec<Account>,
    /// What the administrator has a role in; nothing else helps to read others.
    pub admin_scope: &'static str,
    /// Whether users may read what is about themselves.
    pub reads_self: bool,
    /// Whether lists of groups are cut.
    pub truncates: bool,
    /// Who has which token, and whether it carries the administrator's role.
    tokens: HashMap<String, (String, bool)>,
    issued: usize,
}

impl Default for Realm {
    fn default() -> Self {
        let jane = Account { email: "jane@stack.example".into(), ..Account::new("u-jane", "jane", &["ops", "dev"]) };
        Self {
            users: vec![jane, Account::new("u-bob", "bob", &[]), Account::new("u-admin", ADMIN, &[])],
            admin_scope: "system",
            reads_self: true,
            truncates: false,
            tokens: HashMap::new(),
            issued: 0,
        }
    }
}

impl Realm {
    /// The user of a name, if there is one.
    pub fn user(&mut self, name: &str) -> Option<&mut Account> {
        self.users.iter_mut().find(|user| user.name == name)
    }

    /// Ends every token.
    pub fn revoke(&mut self) {
        self.tokens.clear();
    }
}

type Shared = Arc<Mutex<Realm>>;

/// A stand-in for Keystone with the domain `default`.
pub struct Keystone {
    /// The server.
    pub fake: Fake,
    realm: Shared,
}

impl Keystone {
    /// Over HTTP, for a connector whose `keystoneHost` names it.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> anyhow::Result<Self> {
        let realm = Shared::default();
        let fake = Fake::start(|_| routes(realm.clone())).await?;
        Ok(Self { fake, realm })
    }

    /// The same over TLS, with a certificate that only [`Fake::ca`] vouches for.
    ///
    /// # Errors
    ///
    /// When no port can be had or no certificate made.
    pub async fn start_tls() -> anyhow::Result<Self> {
        let realm = Shared::default();
        let fake = Fake::start_tls(|_| routes(realm.clone())).await?;
        Ok(Self { fake, realm })
    }

    /// Changes what it knows.
    pub fn change(&self, change: impl FnOnce(&mut Realm)) {
        change(&mut lock(&self.realm));
    }
}

pub(crate) fn by_hand(url: &Url) -> ByHand {
    let base = url.as_str().trim_end_matches('/');
    ByHand {
        router: routes(Shared::default()),
        configuration: format!(
            "    keystoneHost: {base}\n    domain: default\n    keystoneUsername: {ADMIN}\n    keystonePassword: \
             '{PASSWORD}'\n# log in as jane with the password {PASSWORD}\n"
        ),
    }
}

fn lock(realm: &Shared) -> MutexGuard<'_, Realm> {
    realm.lock().unwrap_or_else(PoisonError::into_inner)
}

fn routes(realm: Shared) -> Router {
    Router::new()
        .route("/v3/auth/tokens", post(tokens))
        .route("/v3/auth/tokens/", post(tokens))
        .route("/v3/users/{id}", get(user))
        .route("/v3/users/{id}/groups", get(groups))
        .with_state(realm)
}

fn error(status: StatusCode, message: &str) -> Refusal {
    let title = status.canonical_reason();
    Refusal::new(status, &json!({"error": {"code": status.as_u16(), "message": message, "title": title}}))
}

fn unauthorized() -> Refusal {
    error(StatusCode::UNAUTHORIZED, "The request you have made requires authentication.")
}

/// `POST /v3/auth/tokens`: by password, or by a token for another scope.
async fn tokens(State(realm): State<Shared>, Json(body): Json<Value>) -> Response {
    let mut realm = lock(&realm);
    let (identity, scope) = (&body["auth"]["identity"], &body["auth"]["scope"]);
    let found = match identity["methods"][0].as_str() {
        Some("password") => by_password(&realm, &identity["password"]["user"]),
        Some("token") => by_token(&realm, identity["token"]["id"].as_str().unwrap_or_default()),
        _ => Err(Box::new(error(StatusCode::BAD_REQUEST, "Expecting to find methods in identity.").into_response())),
    };
    let user = match found {
        Ok(user) => user,
        Err(refused) => return *refused,
    };
    let has_role = user.name == ADMIN && !scope[realm.admin_scope].is_null();
    if !scope.is_null() && !has_role {
        return unauthorized().into_response();
    }
    realm.issued += 1;
    let token = format!("token-{}", realm.issued);
    realm.tokens.insert(token.clone(), (user.id.clone(), has_role));
    let domain = json!({"id": "default", "name": "Default"});
    let mut about = json!({"methods": ["password"], "user": {"id": user.id, "name": user.name, "domain": domain}});
    if has_role {
        about[realm.admin_scope] = json!({"all": true});
    }
    (StatusCode::CREATED, [("x-subject-token", token)], Json(json!({"token": about}))).into_response()
}

fn by_password(realm: &Realm, given: &Value) -> Result<Account, Box<Response>> {
    let refused = |refusal: Refusal| Box::new(refusal.into_response());
    let domain = &given["domain"];
    let found = realm.users.iter().find(|user| given["name"] == user.name);
    let user = found.filter(|_| domain["id"] == "default" || domain["name"] == "Default");
    let user = user.filter(|user| given["password"] == user.password && user.enabled);
    let user = user.ok_or_else(|| refused(unauthorized()))?;
    if user.expired {
        let message = format!("The password is expired and must be changed for user: {}.", user.id);
        return Err(refused(error(StatusCode::UNAUTHORIZED, &message)));
    }
    if user.needs_totp {
        let mut response = unauthorized().into_response();
        response.headers_mut().insert("openstack-auth-receipt", http::HeaderValue::from_static("receipt"));
        return Err(Box::new(response));
    }
    Ok(user.clone())
}

fn by_token(realm: &Realm, token: &str) -> Result<Account, Box<Response>> {
    let owner = realm.tokens.get(token).map(|(owner, _)| owner);
    let user = realm.users.iter().find(|user| Some(&user.id) == owner);
    user.cloned().ok_or_else(|| Box::new(unauthorized().into_response()))
}

/// The user of an id, if whoever asks may know.
fn asked(realm: &Realm, headers: &HeaderMap, id: &str) -> Result<Account, Refusal> {
    let token = headers.get("x-auth-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (owner, has_role) = realm.tokens.get(token).ok_or_else(unauthorized)?;
    let oneself = realm.reads_self && owner == id;
    if !has_role && !oneself {
        return Err(error(StatusCode::FORBIDDEN, "You are not authorized to perform the requested action."));
    }
    let found = realm.users.iter().find(|user| user.id == id);
    found.cloned().ok_or_else(|| error(StatusCode::NOT_FOUND, &format!("Could not find user: {id}.")))
}

async fn user(State(realm): State<Shared>, headers: HeaderMap, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let user = asked(&lock(&realm), &headers, &id)?;
    let mut about = json!({"id": user.id, "name": user.name, "domain_id": "default", "enabled": user.enabled});
    if !user.email.is_empty() {
        about["email"] = json!(user.email);
    }
    Ok(Json(json!({"user": about})))
}

async fn groups(
    State(realm): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let realm = lock(&realm);
    let user = asked(&realm, &headers, &id)?;
    let all: Vec<_> = user.groups.iter().map(|name| json!({"id": format!("g-{name}"), "name": name})).collect();
    let mut list = json!({"groups": all, "links": {"next": null, "previous": null}});
    if realm.truncates {
        list["truncated"] = json!(true);
    }
    Ok(Json(list))
}
