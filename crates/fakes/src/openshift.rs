//! An OpenShift cluster: its OAuth server and the API of users (connectors-platform spec, 8.8).

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use url::Url;

use crate::kit::{Fake, OAuth, Refusal, Terms};
use crate::{ByHand, callback_by_hand};

/// The user of a cluster.
#[derive(Debug, Clone)]
pub struct Account {
    /// The name.
    pub name: String,
    /// The uid; `None` for `kube:admin`.
    pub uid: Option<String>,
    /// The groups; none are told as `null`.
    pub groups: Vec<String>,
    /// Whether the OAuth server knows PKCE.
    pub pkce: bool,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            name: "lina".into(),
            uid: Some("0d9c3b7e-1111-2222-3333-444455556666".into()),
            groups: vec!["cluster-readers".into(), "payments".into()],
            pkce: true,
        }
    }
}

struct Cluster {
    base: String,
    oauth: OAuth,
    account: Mutex<Account>,
}

type Shared = Arc<Cluster>;

/// A stand-in for a cluster with one user.
pub struct OpenShift {
    /// The server.
    pub fake: Fake,
    cluster: Shared,
}

impl OpenShift {
    /// Over HTTP.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> anyhow::Result<Self> {
        let mut cluster = None;
        let fake = Fake::start(|url| routes(cluster.insert(Cluster::new(url)).clone())).await?;
        Ok(Self { fake, cluster: cluster.expect("the router was made") })
    }

    /// Over TLS, with a certificate of its own.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start_tls() -> anyhow::Result<Self> {
        let mut cluster = None;
        let fake = Fake::start_tls(|url| routes(cluster.insert(Cluster::new(url)).clone())).await?;
        Ok(Self { fake, cluster: cluster.expect("the router was made") })
    }

    /// Its OAuth server.
    #[must_use]
    pub fn oauth(&self) -> &OAuth {
        &self.cluster.oauth
    }

    /// Changes the user.
    pub fn change(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.cluster.account.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

pub(crate) fn by_hand(url: &Url) -> ByHand {
    let base = url.as_str().trim_end_matches('/');
    ByHand { router: routes(Cluster::new(url)), configuration: format!("    issuer: {base}\n") }
}

fn routes(cluster: Shared) -> Router {
    Router::new()
        .route("/.well-known/oauth-authorization-server", get(document))
        .route("/oauth/authorize", get(authorize))
        .route("/oauth/token", post(token))
        .route("/apis/user.openshift.io/v1/users/~", get(user))
        .with_state(cluster)
}

impl Cluster {
    fn new(base: &Url) -> Shared {
        let terms = Terms { expires_in: Some(86_400), refresh_tokens: false, ..Terms::default() };
        let base = base.as_str().trim_end_matches('/').to_owned();
        Arc::new(Self { base, oauth: OAuth::new(callback_by_hand(), terms), account: Mutex::default() })
    }

    fn account(&self) -> Account {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn document(State(cluster): State<Shared>) -> Json<Value> {
    let base = &cluster.base;
    let mut document = json!({
        // The real one is on a host of its own.
        "issuer": "https://oauth-openshift.apps.example", "authorization_endpoint": format!("{base}/oauth/authorize"),
        "token_endpoint": format!("{base}/oauth/token"), "scopes_supported": ["user:info"],
        "response_types_supported": ["code"],
    });
    if cluster.account().pkce {
        document["code_challenge_methods_supported"] = json!(["plain", "S256"]);
    }
    Json(document)
}

async fn authorize(State(cluster): State<Shared>, RawQuery(query): RawQuery) -> Response {
    cluster.oauth.authorize(&query.unwrap_or_default(), &cluster.account().name)
}

async fn token(State(cluster): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    cluster.oauth.token(&headers, &body)
}

async fn user(State(cluster): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    let failed = |status: StatusCode, reason: &str| {
        Refusal::new(status, &json!({"kind": "Status", "status": "Failure", "reason": reason, "code": status.as_u16()}))
    };
    let token = cluster.oauth.bearer(&headers).ok_or_else(|| failed(StatusCode::UNAUTHORIZED, "Unauthorized"))?;
    if token.scope != "user:info" {
        return Err(failed(StatusCode::FORBIDDEN, "Forbidden"));
    }
    let Account { name, uid, groups, .. } = cluster.account();
    let groups = if groups.is_empty() { Value::Null } else { groups.into() };
    let mut metadata = json!({"name": name, "creationTimestamp": "2031-04-01T08:00:00Z"});
    if let Some(uid) = uid {
        metadata["uid"] = uid.into();
    }
    Ok(Json(json!({
        "kind": "User", "apiVersion": "user.openshift.io/v1", "metadata": metadata, "fullName": "Lina Berg",
        "identities": ["ldap:lina"], "groups": groups,
    })))
}
