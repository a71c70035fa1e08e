//! An OpenID Connect provider that says what a test tells it to say, right or wrong.
//!
//! It has one user, signs with keys that a test changes, and does OAuth as [`OAuth`] does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use dex_jose::{Algorithm, KeySet, SigningKey, half_hash};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};
use url::Url;

use crate::kit::{CLIENT_ID, Fake, OAuth, Terms};
use crate::{ByHand, callback_by_hand};

/// When its tokens were issued and until when they are good, unless it is told otherwise: 2026 and 2100.
pub const ISSUED_AND_EXPIRES: (i64, i64) = (1_767_225_600, 4_102_444_800);

/// How many bytes of its own answers it looks at.
const ANSWER_MAX: usize = 1 << 20;

/// What it says.
#[derive(Clone)]
pub struct Script {
    /// What it signs with; the first key is used, all are published.
    pub keys: Vec<SigningKey>,
    /// Laid over the discovery document; `null` takes a member out.
    pub document: Value,
    /// Laid over the claims of every ID token; `null` takes a claim out.
    pub claims: Value,
    /// What userinfo answers, beside `sub`.
    pub userinfo: Value,
    /// Whether userinfo is a signed token.
    pub signs_userinfo: bool,
    /// Whether the token endpoint gives an ID token for a code, and for a refresh token.
    pub id_tokens: (bool, bool),
    /// An ID token to give instead of a good one.
    pub id_token: Option<String>,
    /// Access tokens that userinfo and introspection know beside those it issued, with what introspection says.
    pub tokens: Vec<(String, Value)>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            keys: vec![SigningKey::generate(Algorithm::ES256)],
            document: json!({}),
            claims: json!({}),
            userinfo: json!({}),
            signs_userinfo: false,
            id_tokens: (true, true),
            id_token: None,
            tokens: Vec::new(),
        }
    }
}

pub(crate) struct Provider {
    issuer: String,
    pub(crate) oauth: OAuth,
    script: Mutex<Script>,
    /// The nonce of the last authorization request.
    nonce: Mutex<Option<String>>,
}

pub(crate) type Shared = Arc<Provider>;

/// A stand-in for a provider with one user.
pub struct Oidc {
    /// The server.
    pub fake: Fake,
    provider: Shared,
}

impl Oidc {
    /// Over HTTP.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start() -> anyhow::Result<Self> {
        let mut provider = None;
        let fake = Fake::start(|url| routes(provider.insert(Provider::new(url)).clone())).await?;
        Ok(Self { fake, provider: provider.expect("the router was made") })
    }

    /// Over TLS, with a certificate of its own.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start_tls() -> anyhow::Result<Self> {
        let mut provider = None;
        let fake = Fake::start_tls(|url| routes(provider.insert(Provider::new(url)).clone())).await?;
        Ok(Self { fake, provider: provider.expect("the router was made") })
    }

    /// Its issuer, without a slash at the end.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.provider.issuer
    }

    /// Says other things from now on.
    pub fn change(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.provider.script());
    }

    /// Its authorization server, to make it refuse or forget.
    #[must_use]
    pub fn oauth(&self) -> &OAuth {
        &self.provider.oauth
    }

    /// An ID token or any other token with the usual claims and these laid over them, signed with its first key.
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.provider.sign(claims, None)
    }
}

pub(crate) fn by_hand(url: &Url) -> ByHand {
    let provider = Provider::new(url);
    let configuration = format!("    issuer: {}\n    insecureEnableGroups: true\n", provider.issuer);
    ByHand { router: routes(provider), configuration }
}

/// The same provider for those who know nothing of OpenID Connect.
pub(crate) fn plain_by_hand(url: &Url) -> ByHand {
    let provider = Provider::new(url);
    let at = |key: &str, path: &str| format!("    {key}: {}/{path}\n", provider.issuer);
    let endpoints = [at("authorizationURL", "auth"), at("tokenURL", "token"), at("userInfoURL", "userinfo")].concat();
    ByHand { router: routes(provider), configuration: format!("{endpoints}    userIDKey: sub\n") }
}

pub(crate) fn routes(provider: Shared) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(document))
        .route("/auth", get(authorize))
        .route("/token", post(token))
        .route("/keys", get(keys))
        .route("/userinfo", get(userinfo))
        .route("/introspect", post(introspect))
        .with_state(provider)
}

impl Provider {
    pub(crate) fn new(base: &Url) -> Shared {
        let (oauth, script) = (OAuth::new(callback_by_hand(), Terms::default()), Mutex::default());
        let issuer = base.as_str().trim_end_matches('/').to_owned();
        Arc::new(Self { issuer, oauth, script, nonce: Mutex::default() })
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sign(&self, claims: &Value, access_token: Option<&str>) -> String {
        let script = self.script();
        let key = &script.keys[0];
        let mut all = json!({
            "iss": self.issuer, "aud": CLIENT_ID, "sub": "7c1d", "iat": ISSUED_AND_EXPIRES.0, "exp": ISSUED_AND_EXPIRES.1,
            "name": "Nadia Petrova", "preferred_username": "nadia", "email": "nadia@up.example", "email_verified": true,
            "groups": ["staff", "admins"],
        });
        if let Some(token) = access_token {
            all["at_hash"] = half_hash(key.algorithm(), token).into();
        }
        lay_over(&mut all, claims);
        key.sign_compact(all.to_string().as_bytes()).expect("a key signs")
    }

    /// What introspection says of the bearer token of a request, if it is known.
    fn known(&self, token: &str) -> Option<Value> {
        let told = self.script().tokens.iter().find(|(known, _)| known == token).map(|(_, about)| about.clone());
        told.or_else(|| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().ok()?);
            self.oauth.bearer(&headers).map(|token| json!({"client_id": token.client, "scope": token.scope}))
        })
    }
}

fn lay_over(below: &mut Value, above: &Value) {
    let above = above.as_object().into_iter().flatten();
    for (name, value) in above {
        match value {
            Value::Null => below.as_object_mut().and_then(|members| members.shift_remove(name)),
            value => below.as_object_mut().and_then(|members| members.insert(name.clone(), value.clone())),
        };
    }
}

fn as_json(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}

async fn document(State(provider): State<Shared>) -> Response {
    let at = |path: &str| format!("{}/{path}", provider.issuer);
    let mut document = json!({
        "issuer": provider.issuer, "authorization_endpoint": at("auth"), "token_endpoint": at("token"),
        "jwks_uri": at("keys"), "userinfo_endpoint": at("userinfo"), "introspection_endpoint": at("introspect"),
        "end_session_endpoint": at("logout"), "code_challenge_methods_supported": ["S256", "plain"],
        "id_token_signing_alg_values_supported": Algorithm::ALL.map(Algorithm::as_str),
    });
    lay_over(&mut document, &provider.script().document);
    as_json(&document)
}

async fn authorize(State(provider): State<Shared>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    *provider.nonce.lock().unwrap_or_else(PoisonError::into_inner) = get("nonce");
    let plain = get("code_challenge_method").is_some_and(|method| method == "plain");
    // The kit compares hashes, so a plain challenge is hashed first.
    let hashed = pairs.iter().map(|(name, value)| match name.as_str() {
        "code_challenge" if plain => (name, BASE64_URL_SAFE_NO_PAD.encode(dex_jose::sha256(value.as_bytes()))),
        _ => (name, value.clone()),
    });
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(hashed).finish();
    provider.oauth.authorize(&query, "nadia")
}

async fn token(State(provider): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let refreshes = body.windows(24).any(|window| window == b"grant_type=refresh_token");
    let answer = provider.oauth.token(&headers, &body);
    let script = provider.script().clone();
    let gives = if refreshes { script.id_tokens.1 } else { script.id_tokens.0 };
    if !answer.status().is_success() || !gives {
        return answer;
    }
    let Ok(body) = axum::body::to_bytes(answer.into_body(), ANSWER_MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut reply: Value = serde_json::from_slice(&body).unwrap_or_default();
    let nonce = provider.nonce.lock().unwrap_or_else(PoisonError::into_inner).clone().filter(|_| !refreshes);
    let mut claims = json!(Map::from_iter(nonce.map(|nonce| ("nonce".to_owned(), Value::from(nonce)))));
    for (name, value) in script.claims.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    let signed = || provider.sign(&claims, reply["access_token"].as_str());
    let id_token = script.id_token.clone().unwrap_or_else(signed);
    reply["id_token"] = id_token.into();
    as_json(&reply)
}

async fn keys(State(provider): State<Shared>) -> Response {
    let keys = provider.script().keys.iter().map(SigningKey::public).collect();
    ([(header::CONTENT_TYPE, "application/json")], KeySet::new(keys).to_json_pretty()).into_response()
}

async fn userinfo(State(provider): State<Shared>, headers: HeaderMap) -> Response {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    if bearer.and_then(|token| provider.known(token)).is_none() {
        return (StatusCode::UNAUTHORIZED, "the token is not known").into_response();
    }
    let script = provider.script().clone();
    if script.signs_userinfo {
        let body = provider.sign(&script.userinfo, None);
        return ([(header::CONTENT_TYPE, "application/jwt")], body).into_response();
    }
    let mut about = json!({"sub": "7c1d"});
    lay_over(&mut about, &script.userinfo);
    as_json(&about)
}

async fn introspect(State(provider): State<Shared>, body: Bytes) -> Response {
    let mut fields = url::form_urlencoded::parse(&body);
    let token = fields.find(|(name, _)| name == "token").map(|(_, value)| value.into_owned()).unwrap_or_default();
    let mut about = json!({"active": false});
    if let Some(known) = provider.known(&token) {
        about = json!({"active": true});
        lay_over(&mut about, &known);
    }
    as_json(&about)
}
