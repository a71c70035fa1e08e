//! Token exchange: whose tokens are taken.

use dex_connector::{Identity, SubjectToken, UpstreamError};
use dex_fakes::oidc::Oidc;
use serde_json::{Value, json};

use super::open;

async fn identify(op: &Oidc, keys: &Value, token: SubjectToken<'_>) -> Result<Identity, UpstreamError> {
    open(op, keys).token_identity().unwrap().identify(token).await
}

#[tokio::test]
async fn id_tokens_are_taken_if_they_are_for_us_or_a_listed_audience() {
    let op = Oidc::start().await.unwrap();
    let (ours, theirs) = (op.sign(&json!({})), op.sign(&json!({"aud": ["ci", "other"], "azp": "ci"})));
    let cases = [
        (json!({}), &ours, true),
        (json!({"getUserInfo": true}), &ours, true),
        (json!({}), &theirs, false),
        (json!({"tokenExchangeAudiences": ["ci"]}), &theirs, true),
        (json!({"tokenExchangeAudiences": ["cd"]}), &theirs, false),
        (json!({"tokenExchangeAudiences": ["*"]}), &theirs, true),
    ];
    for (keys, token, taken) in cases {
        let got = identify(&op, &keys, SubjectToken::Id(token)).await;
        assert_eq!(got.is_ok(), taken, "{keys}: {:?}", got.err());
    }
    let expired = op.sign(&json!({"exp": 1_700_000_000}));
    assert!(identify(&op, &json!({"tokenExchangeAudiences": ["*"]}), SubjectToken::Id(&expired)).await.is_err());
    assert!(identify(&op, &json!({}), SubjectToken::Id("rubbish")).await.is_err());
}

#[tokio::test]
async fn access_tokens_are_taken_if_it_can_be_told_that_they_are_for_us() {
    let op = Oidc::start().await.unwrap();
    let jwt = op.sign(&json!({"aud": "api", "azp": "dex-under-test", "name": null}));
    let foreign = op.sign(&json!({"aud": "api", "client_id": "other"}));
    op.change(|script| {
        script.userinfo = json!({"name": "U", "email": "u@up.example", "email_verified": true});
        script.tokens = vec![
            ("opaque-ours".into(), json!({"client_id": "dex-under-test"})),
            ("opaque-theirs".into(), json!({"client_id": "other"})),
            (jwt.clone(), json!({})),
            (foreign.clone(), json!({})),
        ];
    });
    let (usual, any) = (json!({"getUserInfo": true}), json!({"getUserInfo": true, "tokenExchangeAudiences": ["*"]}));
    let cases = [
        (&usual, "opaque-ours", None),
        (&usual, jwt.as_str(), None),
        (&usual, "opaque-theirs", Some("issued for another client")),
        (&usual, foreign.as_str(), Some("issued for another client")),
        (&usual, "unknown", Some("not active")),
        (&any, "opaque-theirs", None),
        (&any, foreign.as_str(), None),
        (&any, "unknown", Some("the token is not known")),
    ];
    for (keys, token, refused) in cases {
        match (identify(&op, keys, SubjectToken::Access(token)).await, refused) {
            (Ok(identity), None) => assert_eq!((identity.user_id.as_str(), identity.username.as_str()), ("7c1d", "U")),
            (Err(error), Some(told)) => assert!(error.to_string().contains(told), "{error}"),
            (got, _) => panic!("{token}: {:?}", got.err()),
        }
    }
    let error = identify(&op, &json!({}), SubjectToken::Access("opaque-ours")).await.unwrap_err();
    assert!(error.to_string().contains("getUserInfo is required for access token exchange"), "{error}");
    op.change(|script| script.document = json!({"introspection_endpoint": null}));
    let error = identify(&op, &usual, SubjectToken::Access("opaque-ours")).await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Misconfigured(text) if text.contains("tokenExchangeAudiences")), "{error}");
}
