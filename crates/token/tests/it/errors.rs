//! What is refused, and how.

use axum::body::Body;
use http::{Method, Request, header};

use crate::kit::{app, member, post, post_as, refusal};

/// What is told, sent, and answered with.
type Case = (&'static str, &'static [(&'static str, &'static str)], (u16, &'static str));

#[tokio::test]
async fn each_refusal_has_its_status_and_code() {
    let app = app().await;
    const CODE: &str = "authorization_code";
    let cases: [Case; 13] = [
        ("no grant", &[], (400, "unsupported_grant_type")),
        ("unknown grant", &[("grant_type", "x")], (400, "unsupported_grant_type")),
        ("implicit is none here", &[("grant_type", "implicit")], (400, "unsupported_grant_type")),
        ("twice", &[("grant_type", CODE), ("code", "a"), ("code", "b")], (400, "invalid_request")),
        ("no code", &[("grant_type", CODE)], (400, "invalid_request")),
        ("unknown code", &[("grant_type", CODE), ("code", "x")], (400, "invalid_grant")),
        ("no refresh token", &[("grant_type", "refresh_token")], (400, "invalid_request")),
        ("unknown refresh token", &[("grant_type", "refresh_token"), ("refresh_token", "x")], (400, "invalid_grant")),
        ("password without openid", &[("grant_type", "password")], (400, "invalid_scope")),
        (
            "offline access for a client",
            &[("grant_type", "client_credentials"), ("scope", "offline_access")],
            (400, "invalid_scope"),
        ),
        ("unknown scope", &[("grant_type", "client_credentials"), ("scope", "bogus")], (400, "invalid_scope")),
        ("no device code", &[("grant_type", "urn:ietf:params:oauth:grant-type:device_code")], (400, "invalid_request")),
        (
            "unknown device code",
            &[("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", "x")],
            (400, "invalid_grant"),
        ),
    ];
    for (told, form, (status, error)) in cases {
        let shown = post(&app, "/token", form).await;
        assert_eq!(refusal(&shown), (status, error.to_owned()), "{told}");
        assert_eq!(shown.headers[header::CONTENT_TYPE], "application/json", "{told}");
        assert_eq!(shown.headers[header::CACHE_CONTROL], "no-store", "{told}");
    }
}

#[tokio::test]
async fn a_client_must_be_who_it_says() {
    let app = app().await;
    let form = [("grant_type", "client_credentials")];
    for credentials in [("web", "wrong"), ("web", ""), ("nobody", "x"), ("", "")] {
        let shown = post_as(&app, credentials, "/token", &form).await;
        assert_eq!(refusal(&shown), (401, "invalid_client".into()), "{credentials:?}");
        assert_eq!(shown.headers[header::WWW_AUTHENTICATE], "Basic realm=\"dex\"");
    }
    let public = post_as(&app, ("cli", ""), "/token", &form).await;
    assert_eq!(refusal(&public), (400, "unauthorized_client".into()));
}

#[tokio::test]
async fn what_is_no_form_is_refused_without_a_server_error() {
    let app = app().await;
    let too_large = format!("grant_type={}", "x".repeat(dex_web::FORM_BYTES_MAX));
    let bodies = ["%zz=1", "a=1;b=2", "a=%ff", too_large.as_str()];
    for body in bodies {
        let request = Request::post("/dex/token").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let shown = app.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        assert_eq!(refusal(&shown), (400, "invalid_request".into()));
    }
    for method in [Method::GET, Method::PUT, Method::OPTIONS] {
        let request = Request::builder().method(method).uri("/dex/token").body(Body::empty()).unwrap();
        let shown = app.send(request).await;
        assert_eq!(member(&shown, "error_description"), "method not allowed");
    }
}
