//! LinkedIn: its OAuth server, the profile API, and userinfo (connectors-platform spec, 6.6).

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

/// A member.
#[derive(Debug, Clone)]
pub struct Account {
    /// The id, which is also the subject.
    pub id: String,
    /// The first name.
    pub first: Option<String>,
    /// The last name.
    pub last: Option<String>,
    /// The addresses; one may be empty.
    pub emails: Vec<Option<String>>,
    /// Whether the last address is verified.
    pub verified: bool,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            id: "xK3_pQ".into(),
            first: Some("Amara".into()),
            last: Some("Diallo".into()),
            emails: vec![Some("amara@post.example".into())],
            verified: true,
        }
    }
}

struct Network {
    oauth: OAuth,
    account: Mutex<Account>,
}

type Shared = Arc<Network>;

/// A stand-in for LinkedIn with one member.
pub struct LinkedIn {
    /// The server.
    pub fake: Fake,
    network: Shared,
}

impl LinkedIn {
    /// Over HTTP.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> anyhow::Result<Self> {
        let network = Network::new();
        let fake = Fake::start(|_| routes(network.clone())).await?;
        Ok(Self { fake, network })
    }

    /// Its authorization server.
    #[must_use]
    pub fn oauth(&self) -> &OAuth {
        &self.network.oauth
    }

    /// Changes the member.
    pub fn change(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.network.account.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

pub(crate) fn by_hand(url: &Url) -> ByHand {
    let base = url.as_str().trim_end_matches('/');
    ByHand {
        router: routes(Network::new()),
        configuration: format!("    baseURL: {base}\n    apiURL: {base}\n    scopes: [openid, profile, email]\n"),
    }
}

fn routes(network: Shared) -> Router {
    Router::new()
        .route("/oauth/v2/authorization", get(authorize))
        .route("/oauth/v2/accessToken", post(token))
        .route("/v2/me", get(profile))
        .route("/v2/emailAddress", get(email_address))
        .route("/v2/userinfo", get(userinfo))
        .with_state(network)
}

impl Network {
    fn new() -> Shared {
        // Sixty days, no refresh tokens, and the secret in the body only.
        let terms = Terms { expires_in: Some(5_184_000), refresh_tokens: false, basic: false, ..Terms::default() };
        Arc::new(Self { oauth: OAuth::new(callback_by_hand(), terms), account: Mutex::default() })
    }

    fn account(&self) -> Account {
        self.account.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The scopes of the request's token, if it has this one.
    fn granted(&self, headers: &HeaderMap, scope: &str) -> Result<Vec<String>, Refusal> {
        let invalid =
            || Refusal::new(StatusCode::UNAUTHORIZED, &json!({"message": "Invalid access token", "status": 401}));
        let token = self.oauth.bearer(headers).ok_or_else(invalid)?;
        let granted: Vec<_> = token.scope.split(' ').map(str::to_owned).collect();
        match granted.iter().any(|granted| granted == scope) {
            true => Ok(granted),
            false => {
                Err(Refusal::new(StatusCode::FORBIDDEN, &json!({"message": "Not enough permissions", "status": 403})))
            }
        }
    }
}

async fn authorize(State(network): State<Shared>, RawQuery(query): RawQuery) -> Response {
    network.oauth.authorize(&query.unwrap_or_default(), &network.account().id)
}

async fn token(State(network): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    network.oauth.token(&headers, &body)
}

async fn profile(State(network): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    network.granted(&headers, "r_liteprofile")?;
    let Account { id, first, last, .. } = network.account();
    Ok(Json(json!({"id": id, "localizedFirstName": first, "localizedLastName": last})))
}

async fn email_address(State(network): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    network.granted(&headers, "r_emailaddress")?;
    let element = |email: Option<String>| {
        let handle = email.map_or_else(|| json!({}), |email| json!({"emailAddress": email}));
        json!({"handle": "urn:li:emailAddress:1", "handle~": handle})
    };
    let elements: Vec<_> = network.account().emails.into_iter().map(element).collect();
    Ok(Json(json!({"elements": elements})))
}

async fn userinfo(State(network): State<Shared>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    let granted = network.granted(&headers, "openid")?;
    let Account { id, first, last, emails, verified } = network.account();
    let has = |scope: &str| granted.iter().any(|granted| granted == scope);
    let mut info = json!({"sub": id});
    if has("profile") {
        let names: Vec<_> = [first, last].into_iter().flatten().collect();
        info["name"] = names.join(" ").into();
    }
    if let Some(Some(email)) = emails.last().filter(|_| has("email")) {
        info["email"] = email.as_str().into();
        info["email_verified"] = verified.into();
    }
    Ok(Json(info))
}
