//! What a client shows of itself, and what it asks for with it.

use std::time::Duration;

use axum::body::Body;
use dex_model::{Client, ClientSecret};
use dex_storage::{Change, StorageError};
use dex_testkit::{CLIENT, CLIENT_SECRET};
use dex_web::Settings;
use http::{Request, StatusCode, header};

use crate::{app, app_with};

#[tokio::test]
async fn credentials_that_cannot_be_read_are_wrong_ones() {
    let app = app().await;
    let cases = [
        ("none", "", "token=x", StatusCode::OK),
        ("no base64", "Basic !!!", "token=x", StatusCode::UNAUTHORIZED),
        ("another scheme", "Bearer x", "token=x", StatusCode::UNAUTHORIZED),
        ("a secret alone", "", "token=x&client_secret=y", StatusCode::UNAUTHORIZED),
        ("right", "Basic d2ViOndlYi1zZWNyZXQ=", "token=x", StatusCode::OK),
        ("a token twice", "", "token=x&token=y", StatusCode::BAD_REQUEST),
    ];
    for (told, authorization, body, status) in cases {
        let mut request = Request::post("/dex/token/introspect")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        if !authorization.is_empty() {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.parse().unwrap());
        }
        assert_eq!(app.send(request).await.status, status, "{told}");
    }
}

#[tokio::test]
async fn nobody_is_a_confidential_client_without_a_secret() {
    let app = app().await;
    let form = [("grant_type", "authorization_code"), ("code", "x")];
    let answered = app.browser().post("/dex/token", &[&form[..], &[("client_id", "cli")]].concat()).await;
    assert!(answered.body.contains("invalid_grant"), "a public one is: {}", answered.body);
    let changed = app
        .app
        .store
        .update::<Client, StorageError, _>(CLIENT, |client| Ok(Client { secret: ClientSecret::default(), ..client }));
    assert!(matches!(changed.await, Ok(Change::Made(_))));
    let refused = app.browser().post("/dex/token", &[&form[..], &[("client_id", CLIENT)]].concat()).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_exchange_asks_for_no_audience_that_does_not_trust_it() {
    let app = app().await;
    let many = "openid ".repeat(101);
    for (scope, error) in [
        ("openid audience:server:client_id:peer", ""),
        ("openid audience:server:client_id:cli", "invalid_scope"),
        (many.as_str(), "invalid_scope"),
    ] {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("client_id", CLIENT),
            ("client_secret", CLIENT_SECRET),
            ("connector_id", "mock"),
            ("subject_token", "x"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("scope", scope),
        ];
        let shown = app.browser().post("/dex/token", &form).await;
        let status = if error.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
        assert_eq!(shown.status, status, "{}", shown.body);
        assert!(shown.body.contains(error), "{}", shown.body);
    }
}

#[tokio::test]
async fn a_cache_never_mixes_up_origins() {
    let settings = Settings { allowed_origins: vec!["https://spa.example".into()], ..Settings::default() };
    let app = app_with(settings).await;
    let cases = [("https://spa.example", true), ("https://evil.example", false), ("", false)];
    for (origin, told) in cases {
        let mut request = Request::get("/dex/keys").body(Body::empty()).unwrap();
        if !origin.is_empty() {
            request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        }
        let shown = app.send(request).await;
        assert_eq!(shown.headers[header::VARY], "Origin", "{origin}");
        assert_eq!(shown.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), told, "{origin}");
    }
}

#[tokio::test]
async fn a_hint_must_be_ours_but_may_be_old_and_anothers() {
    let app = app().await;
    let asked = [("response_type", "id_token"), ("nonce", "n")];
    let hint = app.browser().log_in_through("mock", &asked).await.told("id_token");
    app.clock.advance(Duration::from_secs(30 * 24 * 3600));
    let (signed, signature) = hint.rsplit_once('.').unwrap();
    let other = app.browser().log_in_through("mock", &[("response_type", "id_token"), ("nonce", "m")]).await;
    let other = other.told("id_token");
    let mixed = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
    let cases = [
        (hint.as_str(), ""),
        (other.as_str(), ""),
        (mixed.as_str(), "invalid_request"),
        (signed, "invalid_request"),
        ("x", "invalid_request"),
    ];
    for (hint, error) in cases {
        let from_cli = [("client_id", "cli"), ("redirect_uri", "http://localhost:1/"), ("id_token_hint", hint)];
        let shown = app.browser().log_in_through("mock", &from_cli).await;
        assert_eq!(shown.told("error"), error, "{hint}");
        assert_eq!(shown.told("code").is_empty(), !error.is_empty(), "{hint}");
    }
}
