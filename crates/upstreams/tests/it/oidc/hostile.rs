//! What a provider, or somebody in its place, must not get away with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dex_connector::UpstreamError;
use dex_fakes::kit::{Answer, Fault};
use dex_fakes::oidc::Oidc;
use dex_jose::{Algorithm, SigningKey};
use serde_json::{Value, json};

use super::open;
use crate::kit::{ALL, log_in, now};

#[tokio::test]
async fn id_tokens_that_are_not_for_this_login_are_refused() {
    let op = Oidc::start().await.unwrap();
    let connector = open(&op, &json!({}));
    let now = now().as_second();
    let cases = [
        (json!({"iss": "https://evil.example"}), "of issuer"),
        (json!({"aud": "another-client"}), "another audience"),
        (json!({"aud": ["another-client", "dex-under-test"], "azp": "another-client"}), "azp"),
        (json!({"nonce": "of another login"}), "nonce"),
        (json!({"exp": now - 61}), "expired"),
        (json!({"exp": null}), "no exp"),
        (json!({"nbf": now + 3600}), "nbf"),
        (json!({"iat": now + 3600}), "iat"),
        (json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}), "at_hash"),
        (json!({"sub": null}), "missing \"sub\""),
        (json!({"groups": ["a", 1]}), "malformed \"groups\""),
    ];
    let groups = open(&op, &json!({"insecureEnableGroups": true}));
    log_in(&connector, &op.fake, ALL).await.unwrap();
    for (claims, told) in cases {
        op.change(|script| script.claims = claims);
        let error = log_in(&groups, &op.fake, ALL).await.unwrap_err();
        assert!(matches!(&error, UpstreamError::Unacceptable(text) if text.contains(told)), "{error}");
    }
}

#[tokio::test]
async fn id_tokens_without_a_signature_of_the_provider_are_refused() {
    let op = Oidc::start().await.unwrap();
    let connector = open(&op, &json!({"nonceUnsupported": true}));
    let good = op.sign(&json!({}));
    let payload = good.split('.').nth(1).unwrap();
    let segment = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let stranger =
        SigningKey::generate(Algorithm::ES256).sign_compact(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let cases = [
        (format!("{}.{payload}.", segment(r#"{"alg":"none"}"#)), "not signed"),
        (format!("{}.{payload}.{}", segment(r#"{"alg":"HS256"}"#), segment("mac")), "shared secret"),
        (stranger, "no key"),
        ("rubbish".to_owned(), "three segments"),
        (good, ""),
    ];
    for (token, told) in cases {
        op.change(|script| script.id_token = Some(token));
        match log_in(&connector, &op.fake, ALL).await {
            Ok(_) => assert_eq!(told, ""),
            Err(error) => {
                assert!(matches!(&error, UpstreamError::Unacceptable(text) if text.contains(told)), "{error}")
            }
        }
    }
    op.change(|script| script.id_tokens = (false, false));
    let error = log_in(&connector, &op.fake, ALL).await.unwrap_err();
    assert!(error.to_string().contains("no id_token in token response"), "{error}");
}

#[tokio::test]
async fn every_algorithm_that_signs_is_believed_and_changed_keys_are_fetched() {
    let op = Oidc::start().await.unwrap();
    let connector = open(&op, &json!({}));
    for algorithm in [Algorithm::RS256, Algorithm::PS384, Algorithm::ES512, Algorithm::EdDSA] {
        op.change(|script| script.keys = vec![SigningKey::generate(algorithm)]);
        log_in(&connector, &op.fake, ALL).await.unwrap();
    }
    let fetches = op.fake.lines().iter().filter(|line| line.ends_with("/keys")).count();
    assert_eq!(fetches, 4);
}

/// A fault at an endpoint, and what it comes to.
async fn failing(path: &str, fault: impl Fn(Fault) -> Fault) -> UpstreamError {
    let op = Oidc::start().await.unwrap();
    op.fake.fail(fault(Fault::at(path)));
    log_in(&open(&op, &json!({"getUserInfo": true})), &op.fake, ALL).await.unwrap_err()
}

#[tokio::test]
async fn broken_answers_are_not_acceptable_wherever_they_come() {
    for path in ["/.well-known/", "/token", "/keys", "/userinfo"] {
        type Break = fn(Fault) -> Fault;
        let faults: [(&str, Break); 5] = [
            ("a page", Fault::html),
            ("half an answer", |fault| fault.answer(Answer::Truncated)),
            ("an endless answer", |fault| fault.answer(Answer::Endless)),
            ("400", |fault| fault.status(400, r#"{"error":"invalid_request"}"#)),
            ("rubbish", |fault| fault.status(200, "[1,")),
        ];
        for (told, fault) in faults {
            let error = failing(path, fault).await;
            assert!(matches!(error, UpstreamError::Unacceptable(_)), "{told} at {path}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_fails_or_is_busy_may_be_asked_again() {
    for path in ["/.well-known/", "/token", "/keys", "/userinfo"] {
        for status in [429, 500, 503] {
            let error = failing(path, |fault| fault.status(status, "{}")).await;
            assert!(matches!(error, UpstreamError::Unreachable(_)), "{status} at {path}: {error:?}");
        }
    }
}

#[tokio::test]
async fn no_error_tells_a_secret() {
    let echo = |fault: Fault| {
        fault.status(400, r#"{"error":"x","error_description":"code-1 s3cr3t/+& s3cr3t%2F%2B%26 at-1"}"#)
    };
    for path in ["/token", "/userinfo"] {
        let error = failing(path, echo).await.to_string();
        let secrets: &[&str] = if path == "/token" { &["code-1", "s3cr3t"] } else { &["at-1"] };
        assert!(secrets.iter().all(|secret| !error.contains(secret)), "{path}: {error}");
    }
}

#[tokio::test]
async fn a_document_that_leads_astray_is_refused() {
    let op = Oidc::start().await.unwrap();
    let cases: [(Value, &str); 4] = [
        (json!({"issuer": "https://evil.example"}), "issuer did not match"),
        (json!({"token_endpoint": "file:///etc/passwd"}), "no URL of http or https"),
        (json!({"jwks_uri": null}), "no \"jwks_uri\""),
        (json!({"authorization_endpoint": "javascript:alert(1)"}), "no URL of http or https"),
    ];
    for (document, told) in cases {
        op.change(|script| script.document = document);
        let error = open(&op, &json!({})).prepare().await.unwrap_err();
        assert!(matches!(&error, UpstreamError::Unacceptable(text) if text.contains(told)), "{error}");
    }
}
