//! Atlassian Crowd, its user management API under `/crowd/rest/usermanagement/1` (connectors-protocol spec, 11).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::ByHand;
use crate::kit::{CLIENT_ID, CLIENT_SECRET, Fake};

/// How many groups are told when nobody says how many are wanted.
const USUAL_RESULTS: usize = 1000;

/// The password of every user at the start.
pub const PASSWORD: &str = "pass&\"word";

/// A user of a stand-in for Crowd.
#[derive(Debug, Clone)]
pub struct Account {
    /// The login name; case makes no difference.
    pub name: String,
    /// The stable id.
    pub key: String,
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
    /// Whether the account may be used.
    pub active: bool,
    /// Whether the password must be changed.
    pub expired: bool,
    /// Whether the user may log in to our application.
    pub may_enter: bool,
    /// The groups the user is in directly.
    pub groups: Vec<String>,
}

impl Account {
    /// A user in these groups.
    #[must_use]
    pub fn new(name: &str, key: &str, groups: &[&str]) -> Self {
        Self {
            name: name.into(),
            key: key.into(),
            email: format!("{key}@crowd.example"),
            password: PASSWORD.into(),
            active: true,
            expired: false,
            may_enter: true,
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        }
    }
}

/// What a stand-in for Crowd knows.
#[derive(Debug, Clone)]
pub struct Directory {
    /// Everybody.
    pub users: Vec<Account>,
    /// Which groups a group is in.
    pub parents: BTreeMap<String, Vec<String>>,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            users: vec![
                Account::new("jane", "32769:1", &["developers", "crowd-users"]),
                Account::new("bob", "32769:2", &[]),
            ],
            parents: BTreeMap::from([
                ("developers".into(), vec!["staff".into()]),
                ("staff".into(), vec!["everybody".into(), "developers".into()]),
            ]),
        }
    }
}

impl Directory {
    /// The user of a name, if there is one.
    pub fn user(&mut self, name: &str) -> Option<&mut Account> {
        let name = name.to_lowercase();
        self.users.iter_mut().find(|user| user.name.to_lowercase() == name)
    }

    /// Direct groups, then those they are in, each once.
    fn nested(&self, user: &Account) -> Vec<String> {
        let (mut all, mut seen) = (user.groups.clone(), BTreeSet::from_iter(user.groups.iter().cloned()));
        let mut at = 0;
        while let Some(group) = all.get(at) {
            let parents: Vec<_> = self.parents.get(group).into_iter().flatten().cloned().collect();
            all.extend(parents.into_iter().filter(|parent| seen.insert(parent.clone())));
            at += 1;
        }
        all
    }
}

type Shared = Arc<Mutex<Directory>>;

/// A stand-in for Crowd, with an application of the kit's id and secret.
pub struct Crowd {
    /// The server.
    pub fake: Fake,
    directory: Shared,
}

impl Crowd {
    /// Over HTTP, for a connector whose `baseURL` is [`Crowd::base_url`].
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> anyhow::Result<Self> {
        let directory = Shared::default();
        let fake = Fake::start(|_| routes(directory.clone())).await?;
        Ok(Self { fake, directory })
    }

    /// The same over TLS, with a certificate that only [`Fake::ca`] vouches for.
    ///
    /// # Errors
    ///
    /// When no port can be had or no certificate made.
    pub async fn start_tls() -> anyhow::Result<Self> {
        let directory = Shared::default();
        let fake = Fake::start_tls(|_| routes(directory.clone())).await?;
        Ok(Self { fake, directory })
    }

    /// With its context path.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/crowd", self.fake.base())
    }

    /// Changes what it knows.
    pub fn change(&self, change: impl FnOnce(&mut Directory)) {
        change(&mut self.directory.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

pub(crate) fn by_hand(url: &Url) -> ByHand {
    ByHand {
        router: routes(Shared::default()),
        configuration: format!("    baseURL: {url}crowd\n# log in as jane with the password {PASSWORD}\n"),
    }
}

fn routes(directory: Shared) -> Router {
    let api = Router::new()
        .route("/session", post(session))
        .route("/user", get(user))
        .route("/user/group/nested", get(groups))
        .with_state(directory);
    Router::new().nest("/crowd/rest/usermanagement/1", api)
}

/// A status and a text, which need not be JSON.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

/// Only an application is answered.
fn application(headers: &HeaderMap) -> Result<(), Refused> {
    let expected = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
    match headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes() == expected.as_bytes()) {
        true => Ok(()),
        false => Err(Refused(StatusCode::UNAUTHORIZED, "Application failed to authenticate".into())),
    }
}

fn refused(status: StatusCode, reason: &str, message: &str) -> Refused {
    Refused(status, json!({"reason": reason, "message": message}).to_string())
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: Option<String>,
}

async fn session(
    State(directory): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    Json(credentials): Json<Credentials>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    application(&headers)?;
    let mut directory = directory.lock().unwrap_or_else(PoisonError::into_inner);
    let name = credentials.username;
    let wrong = || {
        let message = format!("Account with name <{name}> failed to authenticate: User <{name}> does not exist");
        refused(StatusCode::BAD_REQUEST, "INVALID_USER_AUTHENTICATION", &message)
    };
    let user = directory.user(&name).ok_or_else(wrong)?;
    if !user.active {
        return Err(refused(
            StatusCode::BAD_REQUEST,
            "INACTIVE_ACCOUNT",
            &format!("Account with name <{name}> is inactive"),
        ));
    }
    let checked = parameter(&query, "validate-password").is_none_or(|value| value != "false");
    if checked && credentials.password.as_deref() != Some(&user.password) {
        return Err(wrong());
    }
    if checked && user.expired {
        return Err(refused(StatusCode::BAD_REQUEST, "EXPIRED_CREDENTIAL", "The user's credential has expired"));
    }
    if !user.may_enter {
        let message = "User is not allowed to authenticate with the application";
        return Err(refused(StatusCode::FORBIDDEN, "APPLICATION_ACCESS_DENIED", message));
    }
    Ok((StatusCode::CREATED, Json(json!({"expand": "user", "token": "session-1", "user": {"name": user.name}}))))
}

async fn user(
    State(directory): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refused> {
    application(&headers)?;
    let user = named(&directory, &query)?;
    Ok(Json(json!({
        "expand": "attributes", "name": user.name, "key": user.key, "email": user.email, "active": user.active,
        "first-name": "Jane", "last-name": "Doe", "display-name": "Jane Doe",
    })))
}

async fn groups(
    State(directory): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Refused> {
    application(&headers)?;
    let user = named(&directory, &query)?;
    let number = |key: &str, usual: usize| parameter(&query, key).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (start, most) = (number("start-index", 0), number("max-results", USUAL_RESULTS));
    let all = directory.lock().unwrap_or_else(PoisonError::into_inner).nested(&user);
    let shown: Vec<_> = all.iter().skip(start).take(most).map(|name| json!({"name": name})).collect();
    Ok(Json(json!({"expand": "group", "groups": shown})))
}

fn named(directory: &Shared, query: &Option<String>) -> Result<Account, Refused> {
    let name = parameter(query, "username").unwrap_or_default();
    let found = directory.lock().unwrap_or_else(PoisonError::into_inner).user(&name).cloned();
    let missing = || refused(StatusCode::NOT_FOUND, "USER_NOT_FOUND", &format!("User <{name}> does not exist"));
    found.ok_or_else(missing)
}

fn parameter(query: &Option<String>, key: &str) -> Option<String> {
    let query = query.as_deref().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}
