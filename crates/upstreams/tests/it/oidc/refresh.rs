//! Refreshing: rotation, providers that say little, and users who changed.

use std::sync::Arc;

use dex_connector::{Connector, Identity, UpstreamError};
use dex_fakes::kit::Fault;
use dex_fakes::oidc::Oidc;
use dex_jose::{Algorithm, SigningKey};
use serde_json::{Value, json};

use super::open;
use crate::kit::{ALL, log_in};

async fn logged_in(keys: Value) -> (Oidc, Arc<dyn Connector>, Identity) {
    let op = Oidc::start().await.unwrap();
    let connector = open(&op, &keys);
    let identity = log_in(&connector, &op.fake, ALL).await.unwrap();
    (op, connector, identity)
}

async fn refresh(connector: &Arc<dyn Connector>, identity: &Identity) -> Result<Identity, UpstreamError> {
    connector.refresh().unwrap().refresh(ALL, identity.clone()).await
}

#[tokio::test]
async fn a_refresh_tells_what_changed() {
    let (op, connector, identity) =
        logged_in(json!({"insecureEnableGroups": true, "allowedGroups": ["staff", "ops"]})).await;
    op.change(|script| script.claims = json!({"groups": ["ops"], "name": "N. Petrova", "email": "np@up.example"}));
    let now = refresh(&connector, &identity).await.unwrap();
    assert_eq!((now.username.as_str(), now.email.as_str()), ("N. Petrova", "np@up.example"));
    assert_eq!(now.groups, ["ops"]);
    assert_eq!(now.connector_data, br#"{"RefreshToken":"cnQtMg=="}"#, "rt-2");
    op.change(|script| script.claims = json!({"groups": []}));
    let error = refresh(&connector, &now).await.unwrap_err();
    assert!(matches!(error, UpstreamError::NotInRequiredGroups { .. }), "{error}");
}

#[tokio::test]
async fn a_provider_that_keeps_its_refresh_token_is_asked_with_it_again() {
    let (op, connector, identity) = logged_in(json!({})).await;
    op.oauth().change(|terms| terms.rotates = false);
    let now = refresh(&connector, &identity).await.unwrap();
    assert_eq!(now.connector_data, identity.connector_data);
    op.change(|script| script.claims = json!({"name": "N"}));
    assert_eq!(refresh(&connector, &now).await.unwrap().username, "N", "nothing old is repeated");
}

#[tokio::test]
async fn a_rotated_token_is_not_lost_when_the_rest_fails_and_not_used_twice_at_once() {
    let (op, connector, identity) = logged_in(json!({"getUserInfo": true})).await;
    op.fake.fail(Fault::at("/userinfo").status(500, "{}"));
    assert!(matches!(refresh(&connector, &identity).await, Err(UpstreamError::Unreachable(_))));
    op.fake.heal();
    let (first, second) = tokio::join!(refresh(&connector, &identity), refresh(&connector, &identity));
    for now in [first.unwrap(), second.unwrap()] {
        assert_eq!(now.connector_data, br#"{"RefreshToken":"cnQtMg=="}"#);
    }
    let refreshes = op.fake.recorded().iter().filter(|asked| asked.field("refresh_token").is_some()).count();
    assert_eq!(refreshes, 1);
}

#[tokio::test]
async fn without_an_id_token_userinfo_tells() {
    let (op, connector, identity) = logged_in(json!({})).await;
    op.change(|script| {
        script.id_tokens = (true, false);
        script.userinfo = json!({"name": "U", "email": "u@up.example", "email_verified": true});
    });
    let now = refresh(&connector, &identity).await.unwrap();
    assert_eq!((now.user_id.as_str(), now.username.as_str()), ("7c1d", "U"));
    op.change(|script| script.document = json!({"userinfo_endpoint": null}));
    let without = open(&op, &json!({}));
    let error = refresh(&without, &now).await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Unacceptable(text) if text.contains("no userinfo endpoint")), "{error}");
}

#[tokio::test]
async fn another_user_is_not_refreshed_into() {
    let (op, connector, identity) = logged_in(json!({})).await;
    op.change(|script| script.claims = json!({"sub": "another"}));
    let error = refresh(&connector, &identity).await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Unacceptable(text) if text.contains("another user")), "{error}");
}

#[tokio::test]
async fn a_session_that_ended_at_the_provider_ends_here_and_a_provider_that_is_away_ends_nothing() {
    let (op, connector, identity) = logged_in(json!({})).await;
    op.fake.go_down().await;
    assert!(matches!(refresh(&connector, &identity).await, Err(UpstreamError::Unreachable(_))));
    op.fake.come_back().await.unwrap();
    op.change(|script| script.keys = vec![SigningKey::generate(Algorithm::ES384)]);
    let now = refresh(&connector, &identity).await.unwrap();
    op.oauth().revoke_all();
    let error = refresh(&connector, &now).await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Denied(text) if text.contains("invalid_grant")), "{error}");
}

#[tokio::test]
async fn without_a_refresh_token_nobody_is_refreshed() {
    let op = Oidc::start().await.unwrap();
    op.oauth().change(|terms| terms.refresh_tokens = false);
    let connector = open(&op, &json!({}));
    let identity = log_in(&connector, &op.fake, ALL).await.unwrap();
    assert_eq!(identity.connector_data, br#"{"RefreshToken":""}"#);
    let error = refresh(&connector, &identity).await.unwrap_err();
    assert!(matches!(&error, UpstreamError::Denied(text) if text.contains("offline_access")), "{error}");
    let broken = Identity { connector_data: b"rt-1".to_vec(), ..identity };
    let error = refresh(&connector, &broken).await.unwrap_err();
    assert!(error.to_string().contains("failed to unmarshal connector data"), "{error}");
}
