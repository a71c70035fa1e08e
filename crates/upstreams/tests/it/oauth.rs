//! The `oauth` connector against a provider of plain OAuth 2.0.

use dex_connector::{UpstreamError, Wanted};
use dex_fakes::kit::{Answer, Fault};
use dex_fakes::oidc::Oidc;
use serde_json::{Value, json};

use crate::kit::{ALL, CALLBACK, log_in, parameter, start};

fn keys(op: &Oidc, change: &Value) -> Value {
    let at = |path: &str| format!("{}/{path}", op.issuer());
    let mut keys = json!({"authorizationURL": at("auth"), "tokenURL": at("token"), "userInfoURL": at("userinfo")});
    keys.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    keys
}

async fn op() -> Oidc {
    let op = Oidc::start().await.unwrap();
    op.change(|script| {
        script.id_tokens = (false, false);
        script.userinfo = json!({"id": 1_000_000, "user_name": "nadia", "email": "n@up.example", "groups": ["a", "b"]});
    });
    op
}

#[tokio::test]
async fn a_user_logs_in_without_discovery_and_without_a_refresh() {
    let op = op().await;
    let connector = crate::kit::open("oauth", &keys(&op, &json!({"scopes": ["user", "email"]}))).unwrap();
    assert!(op.fake.lines().is_empty(), "nobody is asked at opening");
    let (to, data) = start(&connector, ALL).await.unwrap();
    let expected =
        [("scope", Some("user email")), ("redirect_uri", Some(CALLBACK)), ("code_challenge", None), ("nonce", None)];
    for (name, value) in expected {
        assert_eq!(parameter(&to, name).as_deref(), value);
    }
    assert!(data.is_empty() && connector.refresh().is_none());
    let identity = log_in(&connector, &op.fake, ALL).await.unwrap();
    assert_eq!((identity.user_id.as_str(), identity.username.as_str()), ("1e+06", "nadia"));
    assert_eq!((identity.email_verified, identity.groups.as_slice()), (false, &["a".to_owned(), "b".to_owned()][..]));
    assert!(log_in(&connector, &op.fake, Wanted::default()).await.unwrap().groups.is_empty());
    let plain = crate::kit::open("oauth", &keys(&op, &json!({}))).unwrap();
    assert!(parameter(&start(&plain, ALL).await.unwrap().0, "scope").is_none());
}

#[tokio::test]
async fn the_token_goes_under_the_type_the_provider_named() {
    let op = op().await;
    op.fake.fail(Fault::at("/token").status(200, r#"{"access_token":"opaque","token_type":"token"}"#));
    op.fake.fail(Fault::at("/userinfo").status(200, r#"{"id":"7"}"#));
    let connector = crate::kit::open("oauth", &keys(&op, &json!({}))).unwrap();
    assert_eq!(log_in(&connector, &op.fake, ALL).await.unwrap().user_id, "7");
    let asked = op.fake.recorded().into_iter().find(|asked| asked.path == "/userinfo").unwrap();
    assert_eq!(asked.header("authorization"), Some("token opaque"));
}

#[tokio::test]
async fn broken_answers_log_nobody_in() {
    type Break = fn(Fault) -> Fault;
    type Kind = fn(&UpstreamError) -> bool;
    let unacceptable = |error: &UpstreamError| matches!(error, UpstreamError::Unacceptable(_));
    let unreachable = |error: &UpstreamError| matches!(error, UpstreamError::Unreachable(_));
    let faults: [(Break, Kind); 6] = [
        (Fault::html, unacceptable),
        (|fault| fault.answer(Answer::Truncated), unacceptable),
        (|fault| fault.answer(Answer::Endless), unacceptable),
        (|fault| fault.status(404, "{}"), unacceptable),
        (|fault| fault.status(500, "{}"), unreachable),
        (|fault| fault.status(429, "{}"), unreachable),
    ];
    for path in ["/token", "/userinfo"] {
        for (index, (fault, kind)) in faults.iter().enumerate() {
            let op = op().await;
            op.fake.fail(fault(Fault::at(path)));
            let connector = crate::kit::open("oauth", &keys(&op, &json!({}))).unwrap();
            let error = log_in(&connector, &op.fake, ALL).await.unwrap_err();
            assert!(kind(&error), "{index} at {path}: {error:?}");
        }
    }
    let op = op().await;
    op.oauth().refuse_next("access_denied", "");
    let connector = crate::kit::open("oauth", &keys(&op, &json!({}))).unwrap();
    let error = log_in(&connector, &op.fake, ALL).await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Denied(text) if text == "access_denied"), "{error}");
}
