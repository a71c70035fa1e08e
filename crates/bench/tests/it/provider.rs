//! A provider small enough to be wrong on purpose.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::header::{AUTHORIZATION, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

/// Key requests that are answered before `Fault::Later` sets in: one for each of three clients.
const GOOD_REQUESTS: u32 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The client gets another state than it sent.
    State,
    /// The ID token has another nonce.
    Nonce,
    /// No code is redeemed.
    Token,
    /// The keys stop being served.
    Later,
    /// A login ends the refresh tokens before it.
    OneChain,
    /// Discovery points to another machine.
    Elsewhere,
}

type Pairs = HashMap<String, String>;

struct Provider {
    issuer: String,
    fault: Fault,
    requests: AtomicU32,
    /// The request of each code.
    codes: Mutex<HashMap<String, Pairs>>,
    refresh_tokens: Mutex<Vec<String>>,
}

type App = State<Arc<Provider>>;

pub(crate) async fn serve(fault: Fault) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port of this machine");
    let address = listener.local_addr().expect("a bound socket has an address");
    let issuer = format!("http://{address}/p");
    let provider = Arc::new(Provider {
        issuer: issuer.clone(),
        fault,
        requests: AtomicU32::new(0),
        codes: Mutex::default(),
        refresh_tokens: Mutex::default(),
    });
    let router = Router::new()
        .route("/p/.well-known/openid-configuration", get(discovery))
        .route("/p/keys", get(keys))
        .route("/p/auth", get(authorize))
        .route("/p/form", get(form).post(submit))
        .route("/p/approval", get(consent).post(approve))
        .route("/p/token", post(token))
        .route("/p/userinfo", get(userinfo))
        .route("/p/introspect", post(introspect))
        .with_state(provider);
    tokio::spawn(async move { axum::serve(listener, router).await });
    issuer
}

async fn discovery(State(provider): App) -> Json<Value> {
    let issuer = &provider.issuer;
    let userinfo = match provider.fault {
        Fault::Elsewhere => "https://dex.example.com/userinfo".to_owned(),
        _ => format!("{issuer}/userinfo"),
    };
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "userinfo_endpoint": userinfo,
        "introspection_endpoint": format!("{issuer}/introspect"),
    }))
}

async fn keys(State(provider): App) -> Response {
    let before = provider.requests.fetch_add(1, Ordering::Relaxed);
    if provider.fault == Fault::Later && before >= GOOD_REQUESTS {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    Json(json!({"keys": [{"kty": "RSA", "kid": "1"}]})).into_response()
}

/// Keeps the request in a cookie, as the browser's own, and sends the browser on.
async fn authorize(Query(query): Query<Pairs>) -> Response {
    let to = match query.get("connector_id").map(String::as_str) {
        Some("redirecting") => "/p/approval",
        Some("form") => "form",
        _ => return Html("<p>Choose</p>").into_response(),
    };
    let kept = Serializer::new(String::new()).extend_pairs(&query).finish();
    let cookie = format!("login={kept}; Path=/p; HttpOnly");
    (StatusCode::FOUND, [(LOCATION, to.to_owned()), (SET_COOKIE, cookie)]).into_response()
}

async fn form() -> Html<&'static str> {
    Html(
        r#"<form method="post" action="?from=a&amp;to=b"><input type="hidden" name="kept" value="&lt;x&gt;">
        <input name="login"><input name="password" type="password"></form>"#,
    )
}

async fn submit(Query(query): Query<Pairs>, Form(fields): Form<Pairs>) -> Response {
    let complete = query["from"] == "a" && query["to"] == "b" && fields["kept"] == "<x>";
    if complete && fields["login"] == "jane" && fields["password"] == "pass" {
        (StatusCode::SEE_OTHER, [(LOCATION, "/p/approval")]).into_response()
    } else {
        form().await.into_response()
    }
}

async fn consent() -> Html<&'static str> {
    Html(
        r#"<form method="post"><input type="hidden" name="approval" value="rejected"></form>
        <form method="post"><input type="hidden" name="approval" value="approve"></form>"#,
    )
}

async fn approve(
    State(provider): App,
    headers: HeaderMap,
    Form(fields): Form<Pairs>,
) -> (StatusCode, [(axum::http::HeaderName, String); 1]) {
    assert_eq!(fields["approval"], "approve");
    let kept = headers[COOKIE].to_str().ok().and_then(|cookie| cookie.strip_prefix("login="));
    let kept = kept.expect("the login's cookie, alone");
    let request: Pairs = url::form_urlencoded::parse(kept.as_bytes()).into_owned().collect();
    let state = match provider.fault {
        Fault::State => "another",
        _ => &request["state"],
    };
    let mut codes = provider.codes.lock().expect("no holder panics");
    let code = format!("code{}", provider.requests.fetch_add(1, Ordering::Relaxed));
    let to = format!("{}?code={code}&state={state}", request["redirect_uri"]);
    codes.insert(code, request);
    (StatusCode::SEE_OTHER, [(LOCATION, to)])
}

async fn token(State(provider): App, headers: HeaderMap, Form(fields): Form<Pairs>) -> Response {
    // example-app:s
    assert_eq!(headers[AUTHORIZATION], "Basic ZXhhbXBsZS1hcHA6cw==");
    let refused = (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"})));
    let mut refresh_tokens = provider.refresh_tokens.lock().expect("no holder panics");
    let nonce = match fields["grant_type"].as_str() {
        "authorization_code" => {
            let Some(request) = provider.codes.lock().expect("no holder panics").remove(&fields["code"]) else {
                return refused.into_response();
            };
            if provider.fault == Fault::Token || !answers(&request, &fields["code_verifier"]) {
                return refused.into_response();
            }
            if provider.fault == Fault::OneChain {
                refresh_tokens.clear();
            }
            request["nonce"].clone()
        }
        "refresh_token" => {
            let kept = refresh_tokens.iter().position(|token| *token == fields["refresh_token"]);
            let Some(at) = kept else {
                return refused.into_response();
            };
            refresh_tokens.remove(at);
            String::new()
        }
        "password" if fields["password"] != "pass" => return refused.into_response(),
        _ => String::new(),
    };
    let nonce = if provider.fault == Fault::Nonce { "another" } else { &nonce };
    let refresh_token = format!("r{}", provider.requests.fetch_add(1, Ordering::Relaxed));
    refresh_tokens.push(refresh_token.clone());
    let claims = json!({"iss": provider.issuer, "sub": "jane", "aud": "example-app", "nonce": nonce});
    let id_token = format!("h.{}.s", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let answer = json!({
        "access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": id_token,
        "refresh_token": refresh_token,
    });
    Json(answer).into_response()
}

/// RFC 7636 §4.6.
fn answers(request: &Pairs, verifier: &str) -> bool {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    request["code_challenge_method"] == "S256" && request["code_challenge"] == URL_SAFE_NO_PAD.encode(hash)
}

async fn userinfo(headers: HeaderMap) -> Json<Value> {
    assert_eq!(headers[AUTHORIZATION], "Bearer a");
    Json(json!({"sub": "jane"}))
}

async fn introspect(Form(fields): Form<Pairs>) -> Json<Value> {
    Json(json!({"active": fields["token"] == "a"}))
}
