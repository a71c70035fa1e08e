//! What a client can learn without asking anyone: the discovery documents and the keys.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use dex_jose::Algorithm;
use dex_oidc::{ResponseMode, to_json_pretty};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{App, PageError, json};

/// The discovery document (OpenID Connect Discovery §3, RFC 8414 §2; oidc-core spec, 6). Dex's members come
/// first, in its order.
#[derive(Serialize)]
struct Document<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: String,
    device_authorization_endpoint: String,
    introspection_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_session_endpoint: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    backchannel_logout_supported: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    backchannel_logout_session_supported: bool,
    grant_types_supported: Vec<&'static str>,
    response_types_supported: Vec<&'a str>,
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<String>,
    code_challenge_methods_supported: Vec<&'static str>,
    scopes_supported: [&'static str; 5],
    token_endpoint_auth_methods_supported: [&'static str; 3],
    claims_supported: Vec<&'static str>,
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    introspection_endpoint_auth_methods_supported: [&'static str; 3],
    response_modes_supported: Vec<&'static str>,
    prompt_values_supported: [&'static str; 4],
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    claims_parameter_supported: bool,
    authorization_response_iss_parameter_supported: bool,
}

const CLIENT_AUTH: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

const CLAIMS: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "iat",
    "exp",
    "email",
    "email_verified",
    "locale",
    "name",
    "preferred_username",
    "at_hash",
    "groups",
    "federated_claims",
    "nonce",
    "auth_time",
    "jti",
    "azp",
    "c_hash",
];

/// The document as bytes, made anew when another algorithm signs.
#[derive(Debug, Default)]
pub struct ReadyDocument(ArcSwapOption<(Algorithm, Bytes)>);

/// `GET /.well-known/openid-configuration`
pub async fn discovery(State(app): State<Arc<App>>) -> Response {
    json(StatusCode::OK, discovery_document(&app).await)
}

/// The document as it is served, in JSON.
pub async fn discovery_document(app: &App) -> Bytes {
    let algorithm = app.signer.current().await.map_or(Algorithm::RS256, |keys| keys.signing.algorithm());
    let ready = app.discovery.0.load_full().filter(|ready| ready.0 == algorithm);
    let ready = ready.unwrap_or_else(|| {
        let made = Arc::new((algorithm, Bytes::from(document(app, algorithm))));
        app.discovery.0.store(Some(made.clone()));
        made
    });
    ready.1.clone()
}

fn document(app: &App, algorithm: Algorithm) -> Vec<u8> {
    let url = |route: &str| app.issuer.absolute(route).to_string();
    let mut response_types: Vec<&str> = app.settings.response_types.iter().map(String::as_str).collect();
    response_types.sort_unstable();
    let sessions = app.settings.sessions.is_some();
    let document = Document {
        issuer: app.issuer.as_str(),
        authorization_endpoint: url("/auth"),
        token_endpoint: url("/token"),
        jwks_uri: url("/keys"),
        userinfo_endpoint: url("/userinfo"),
        device_authorization_endpoint: url("/device/code"),
        introspection_endpoint: url("/token/introspect"),
        end_session_endpoint: sessions.then(|| url("/logout")),
        backchannel_logout_supported: sessions,
        backchannel_logout_session_supported: sessions,
        grant_types_supported: app.settings.grant_types.iter().map(|grant| grant.as_str()).collect(),
        response_types_supported: response_types,
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: vec![algorithm.to_string()],
        code_challenge_methods_supported: app.settings.code_challenge_methods.iter().map(|m| m.as_str()).collect(),
        scopes_supported: ["openid", "email", "groups", "profile", "offline_access"],
        token_endpoint_auth_methods_supported: CLIENT_AUTH,
        claims_supported: CLAIMS.iter().copied().chain(sessions.then_some("sid")).collect(),
        revocation_endpoint: url("/token/revoke"),
        revocation_endpoint_auth_methods_supported: CLIENT_AUTH,
        introspection_endpoint_auth_methods_supported: CLIENT_AUTH,
        response_modes_supported: ResponseMode::ALL.iter().map(|mode| mode.as_str()).collect(),
        prompt_values_supported: ["none", "login", "consent", "select_account"],
        request_parameter_supported: false,
        request_uri_parameter_supported: false,
        claims_parameter_supported: false,
        authorization_response_iss_parameter_supported: true,
    };
    to_json_pretty(&document)
}

/// `GET /.well-known/oauth-authorization-server` (RFC 8414 §3), the same document.
pub async fn server_metadata(app: State<Arc<App>>) -> Response {
    discovery(app).await
}

/// `GET /keys`: the JWK set (oidc-core spec, 7.1).
pub async fn keys(State(app): State<Arc<App>>) -> Response {
    let Some(keys) = app.signer.current().await else {
        return PageError::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error.").into_response();
    };
    let mut response = json(StatusCode::OK, keys.published.clone());
    let cache = HeaderValue::from_static("max-age=600, must-revalidate");
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    response
}
