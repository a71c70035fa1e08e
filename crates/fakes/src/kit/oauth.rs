//! The OAuth 2.0 endpoints most upstreams share: `authorize` and `token` (RFC 6749, RFC 7636).
//!
//! Codes, access and refresh tokens are called `code-1`, `at-1` and `rt-1`, counted up, so that a test can name them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;

/// The client every stand-in knows.
pub const CLIENT_ID: &str = "dex-under-test";

/// Its secret; the odd characters show whether HTTP Basic is encoded as RFC 6749 §2.3.1 says.
pub const CLIENT_SECRET: &str = "s3cr3t/+&";

/// How an upstream does OAuth.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Seconds an access token says it lives; `None` says nothing.
    pub expires_in: Option<u64>,
    /// Whether refresh tokens are handed out.
    pub refresh_tokens: bool,
    /// Whether each refresh token works once.
    pub rotates: bool,
    /// Whether replies are form-encoded unless JSON is asked for.
    pub form_replies: bool,
    /// The status of an error of the token endpoint.
    pub error_status: StatusCode,
    /// Whether credentials are taken from HTTP Basic.
    pub basic: bool,
    /// Whether credentials are taken from the body.
    pub body: bool,
    /// Whether the browser is sent to what `redirect_uri` names, or to the registered address only.
    pub takes_redirect_uri: bool,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            expires_in: Some(7200),
            refresh_tokens: true,
            rotates: true,
            form_replies: false,
            error_status: StatusCode::BAD_REQUEST,
            basic: true,
            body: true,
            takes_redirect_uri: true,
        }
    }
}

/// What an access token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// As given to [`OAuth::authorize`].
    pub user: String,
    /// The scopes, space separated.
    pub scope: String,
    /// The client it was issued to.
    pub client: String,
}

#[derive(Clone)]
struct Code {
    token: Token,
    redirect_uri: Option<String>,
    challenge: Option<String>,
}

#[derive(Default)]
struct Issued {
    counts: HashMap<&'static str, u32>,
    codes: HashMap<String, Code>,
    access: HashMap<String, Token>,
    refresh: HashMap<String, Token>,
    refusal: Option<(String, String)>,
}

/// The authorization server of a stand-in.
pub struct OAuth {
    /// Where the browser is sent when the request names no address, as it is registered for the client.
    registered: Url,
    terms: Mutex<Terms>,
    issued: Mutex<Issued>,
}

impl OAuth {
    /// With a registered callback.
    #[must_use]
    pub fn new(registered: Url, terms: Terms) -> Self {
        Self { registered, terms: Mutex::new(terms), issued: Mutex::default() }
    }

    /// Does OAuth in another way from now on.
    pub fn change(&self, change: impl FnOnce(&mut Terms)) {
        change(&mut self.terms.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Every access token handed out stops working, as when it is too old; refresh tokens go on.
    pub fn expire_access_tokens(&self) {
        self.issued().access.clear();
    }

    /// Every token handed out stops working, as when the user takes the application's access back.
    pub fn revoke_all(&self) {
        let mut issued = self.issued();
        issued.access.clear();
        issued.refresh.clear();
    }

    /// The next user says no: the browser comes back with this error and description.
    pub fn refuse_next(&self, error: &str, description: &str) {
        self.issued().refusal = Some((error.to_owned(), description.to_owned()));
    }

    /// A token of the user's that was issued to another client.
    pub fn token_of_another_client(&self, user: &str, scope: &str) -> String {
        let token = Token { user: user.to_owned(), scope: scope.to_owned(), client: "somebody-else".to_owned() };
        let mut issued = self.issued();
        let name = issued.name("at");
        issued.access.insert(name.clone(), token);
        name
    }

    /// The authorization endpoint: `user` agrees at once, unless told to refuse (RFC 6749 §4.1.1, §4.1.2).
    pub fn authorize(&self, query: &str, user: &str) -> Response {
        let asked: HashMap<String, String> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let get = |key: &str| asked.get(key).cloned();
        if get("client_id").as_deref() != Some(CLIENT_ID) || get("response_type").as_deref() != Some("code") {
            return (StatusCode::BAD_REQUEST, "client_id or response_type is not right").into_response();
        }
        let redirect_uri = get("redirect_uri").filter(|_| self.terms().takes_redirect_uri);
        let Ok(mut to) = redirect_uri.as_deref().map_or(Ok(self.registered.clone()), Url::parse) else {
            return (StatusCode::BAD_REQUEST, "redirect_uri is no URL").into_response();
        };
        let mut issued = self.issued();
        if let Some((error, description)) = issued.refusal.take() {
            to.query_pairs_mut().append_pair("error", &error).append_pair("error_description", &description);
        } else {
            let token =
                Token { user: user.to_owned(), scope: get("scope").unwrap_or_default(), client: CLIENT_ID.to_owned() };
            let code = issued.name("code");
            to.query_pairs_mut().append_pair("code", &code);
            issued.codes.insert(code, Code { token, redirect_uri, challenge: get("code_challenge") });
        }
        if let Some(state) = get("state") {
            to.query_pairs_mut().append_pair("state", &state);
        }
        Redirect::to(to.as_str()).into_response()
    }

    /// The token endpoint, for codes and refresh tokens (RFC 6749 §4.1.3, §6).
    pub fn token(&self, headers: &HeaderMap, body: &[u8]) -> Response {
        let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        if !self.client_is_known(headers, &form) {
            let challenge = [(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"))];
            let error = json!({"error": "invalid_client", "error_description": "who are you?"});
            return (StatusCode::UNAUTHORIZED, challenge, Json(error)).into_response();
        }
        let granted = match form.get("grant_type").map(String::as_str) {
            Some("authorization_code") => self.redeem(&form),
            Some("refresh_token") => self.renew(&form),
            _ => Err("unsupported_grant_type"),
        };
        let (status, reply) = match granted {
            Ok(token) => (StatusCode::OK, self.issue(token, form.get("refresh_token"))),
            Err(error) => (self.terms().error_status, json!({"error": error, "error_description": "it is not good"})),
        };
        let asks_json = headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/json");
        if self.terms().form_replies && !asks_json {
            return (status, [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")], as_form(&reply))
                .into_response();
        }
        (status, Json(reply)).into_response()
    }

    /// Whom the bearer token of a request stands for; `None` for none or one that does not work (RFC 6750 §2.1).
    pub fn bearer(&self, headers: &HeaderMap) -> Option<Token> {
        let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        self.issued().access.get(token).cloned()
    }

    fn client_is_known(&self, headers: &HeaderMap, form: &HashMap<String, String>) -> bool {
        let terms = self.terms();
        let in_basic = || {
            let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
            let decoded = String::from_utf8(BASE64_STANDARD.decode(value).ok()?).ok()?;
            let (id, secret) = decoded.split_once(':')?;
            let once =
                |text: &str| url::form_urlencoded::parse(text.as_bytes()).next().map(|(key, _)| key.into_owned());
            Some((once(id)?, once(secret)?))
        };
        let in_body = || Some((form.get("client_id")?.clone(), form.get("client_secret")?.clone()));
        let presented = match headers.contains_key(header::AUTHORIZATION) {
            true if terms.basic => in_basic(),
            false if terms.body => in_body(),
            _ => None,
        };
        presented.is_some_and(|(id, secret)| id == CLIENT_ID && secret == CLIENT_SECRET)
    }

    fn redeem(&self, form: &HashMap<String, String>) -> Result<Token, &'static str> {
        let code = form.get("code").and_then(|code| self.issued().codes.remove(code)).ok_or("invalid_grant")?;
        if code.redirect_uri.is_some() && code.redirect_uri.as_ref() != form.get("redirect_uri") {
            return Err("invalid_grant");
        }
        let verifier = form.get("code_verifier").map(|v| BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(v.as_bytes())));
        if code.challenge != verifier {
            return Err("invalid_grant");
        }
        Ok(code.token)
    }

    fn renew(&self, form: &HashMap<String, String>) -> Result<Token, &'static str> {
        let presented = form.get("refresh_token").ok_or("invalid_request")?;
        let rotates = self.terms().rotates;
        let mut issued = self.issued();
        let token = if rotates { issued.refresh.remove(presented) } else { issued.refresh.get(presented).cloned() };
        token.ok_or("invalid_grant")
    }

    fn issue(&self, token: Token, presented: Option<&String>) -> serde_json::Value {
        let terms = self.terms();
        let mut issued = self.issued();
        let access = issued.name("at");
        let mut reply = json!({"access_token": access, "token_type": "bearer", "scope": token.scope});
        issued.access.insert(access, token.clone());
        if let Some(seconds) = terms.expires_in {
            reply["expires_in"] = json!(seconds);
        }
        if terms.refresh_tokens && (terms.rotates || presented.is_none()) {
            let refresh = issued.name("rt");
            reply["refresh_token"] = json!(refresh);
            issued.refresh.insert(refresh, token);
        }
        reply
    }

    fn terms(&self) -> Terms {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn issued(&self) -> MutexGuard<'_, Issued> {
        self.issued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Issued {
    /// `at-1`, `rt-1`, `at-2`: each kind counts for itself.
    fn name(&mut self, kind: &'static str) -> String {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        format!("{kind}-{count}")
    }
}

fn as_form(reply: &serde_json::Value) -> String {
    let fields = reply.as_object().into_iter().flatten();
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields.map(|(key, value)| (key, text(value))))
        .finish()
}
