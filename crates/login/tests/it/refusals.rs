use dex_model::{Client, Connector};
use dex_storage::{Change, StorageError};
use dex_testkit::{CALLBACK, ISSUER};
use http::{Method, StatusCode};

use crate::app;

/// What a case does to an ordinary request.
type Changes<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn an_unknown_client_or_address_is_told_to_the_user_alone() {
    let app = app().await;
    let cases: [(&str, Changes<'_>, StatusCode, &str); 10] = [
        ("/auth", &[("client_id", "nobody")], StatusCode::BAD_REQUEST, "Invalid client_id provided."),
        ("/auth", &[("client_id", "")], StatusCode::BAD_REQUEST, "Invalid client_id provided."),
        ("/auth/mock", &[("client_id", "nobody")], StatusCode::NOT_FOUND, "Invalid client_id."),
        (
            "/auth/mock",
            &[("redirect_uri", "https://evil.example/")],
            StatusCode::BAD_REQUEST,
            "Unregistered redirect_uri.",
        ),
        ("/auth/mock", &[("redirect_uri", "")], StatusCode::BAD_REQUEST, "Unregistered redirect_uri."),
        ("/auth", &[("redirect_uri", "https://evil.example/")], StatusCode::BAD_REQUEST, "Unregistered redirect_uri."),
        ("/auth/nope", &[], StatusCode::BAD_REQUEST, "Connector failed to initialize"),
        ("/auth/%ff", &[], StatusCode::BAD_REQUEST, "Requested resource does not exist"),
        ("/auth/mock", &[("connector_id", "local")], StatusCode::BAD_REQUEST, "Bad connector ID"),
        ("/auth/nope/login", &[], StatusCode::BAD_REQUEST, "Requested resource does not exist."),
    ];
    for (route, changes, status, text) in cases {
        let shown = app.browser().get(&app.authorization(route, changes)).await;
        assert_eq!((shown.status, shown.location()), (status, ""), "{route} {changes:?}");
        assert!(shown.body.contains(text), "{route} {changes:?}: {}", shown.body);
    }
    for query in ["client_id=%zz", "client_id=web;x", "client_id=web&client_id=cli"] {
        for route in ["/auth", "/auth/mock"] {
            let shown = app.browser().get(&format!("/dex{route}?{query}")).await;
            assert_eq!(shown.status, StatusCode::BAD_REQUEST, "{route} {query}");
        }
    }
}

#[tokio::test]
async fn the_client_is_told_what_is_wrong() {
    let app = app().await;
    let large = "x".repeat(4000);
    let cases: [(Changes<'_>, &str); 9] = [
        (&[("prompt", "none")], "login_required"),
        (&[("scope", "email")], "invalid_scope"),
        (&[("scope", "openid audience:server:client_id:cli")], "invalid_scope"),
        (&[("response_type", "foo")], "invalid_request"),
        (&[("request", "x")], "request_not_supported"),
        (&[("connector_id", "nope")], "invalid_request"),
        (&[("id_token_hint", "x.y.z")], "invalid_request"),
        (&[("nonce", &large)], "invalid_request"),
        (&[("response_mode", "smoke")], "invalid_request"),
    ];
    for (changes, error) in cases {
        let shown = app.browser().get(&app.authorization("/auth/mock", changes)).await;
        assert_eq!((shown.status, shown.told("error").as_str()), (StatusCode::SEE_OTHER, error), "{changes:?}");
        assert_eq!((shown.told("state").as_str(), shown.told("iss").as_str()), ("xyz", ISSUER));
        assert!(shown.location().starts_with(&format!("{CALLBACK}?error=")), "{}", shown.location());
    }
    for route in ["/auth", "/auth/mock"] {
        let hybrid = app.authorization(route, &[("response_type", "code id_token")]);
        let shown = app.browser().get(&hybrid).await;
        assert!(shown.location().starts_with(&format!("{CALLBACK}#error=invalid_request")), "{}", shown.location());
    }
    let twice = format!("{}&scope=openid", app.authorization("/auth/mock", &[]));
    assert_eq!(app.browser().get(&twice).await.told("error"), "invalid_request");
    let posted = app.authorization("/auth/mock", &[("scope", "email"), ("response_mode", "form_post")]);
    let posted = app.browser().get(&posted).await;
    assert_eq!((posted.status, posted.form_action()), (StatusCode::OK, CALLBACK.to_owned()));
    assert!(posted.body.contains("invalid_scope"));
    let quiet = app.browser().get(&app.authorization("/auth", &[("prompt", "none")])).await;
    assert_eq!(quiet.told("error"), "login_required");
}

#[tokio::test]
async fn policies_of_clients_and_connectors_hold() {
    let app = app().await;
    let changed = app.app.store.update::<Client, StorageError, _>("web", |client| {
        Ok(Client { allowed_connectors: vec!["mock".into(), "local".into()], ..client })
    });
    assert!(matches!(changed.await, Ok(Change::Made(_))));
    let changed = app.app.store.update::<Connector, StorageError, _>("local", |connector| {
        Ok(Connector { grant_types: vec!["implicit".into()], ..connector })
    });
    assert!(matches!(changed.await, Ok(Change::Made(_))));
    let cases = [
        ("/auth/mock-password", StatusCode::FORBIDDEN, "Connector not allowed for this client."),
        ("/auth/local", StatusCode::BAD_REQUEST, "Requested connector does not support this grant type."),
    ];
    for (route, status, text) in cases {
        let shown = app.browser().get(&app.authorization(route, &[])).await;
        assert_eq!(shown.status, status, "{route}");
        assert!(shown.body.contains(text), "{route}");
    }
    let shown = app.browser().get(&app.authorization("/auth", &[])).await;
    assert!(!shown.told("code").is_empty(), "one connector is left, and it is taken");
}

#[tokio::test]
async fn methods_that_mean_nothing_are_refused() {
    let app = app().await;
    let mut browser = app.browser();
    let posted = browser.step(Method::POST, &app.authorization("/auth/mock", &[]), &[]).await;
    assert_eq!(posted.status, StatusCode::BAD_REQUEST);
    let form = browser.log_in_through("local", &[]).await;
    assert_eq!(browser.step(Method::PUT, &form.address, &[]).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        browser.step(Method::POST, "/dex/callback", &[("RelayState", "x")]).await.status,
        StatusCode::BAD_REQUEST
    );
    let as_post = [
        ("client_id", "web"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("connector_id", "mock"),
    ];
    let shown = browser.post("/dex/auth", &as_post).await;
    assert!(!shown.told("code").is_empty(), "{}", shown.location());
    let missing = browser.get("/dex/auth/").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    assert!(browser.get("/dex").await.body.contains("/dex/.well-known/openid-configuration"));
}
