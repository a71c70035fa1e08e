//! The way out through the provider.

use std::sync::Arc;

use dex_connector::{Connector, Departure, LogoutArrival, LogoutArrived, LogoutStart, UpstreamError};
use dex_fakes::oidc::Oidc;
use dex_oidc::Form;
use serde_json::json;
use url::Url;

use super::open;
use crate::kit::{ALL, STATE, arrive, browse, now, parameter, start};

fn back() -> Url {
    "https://id.example/dex/logout/callback".parse().unwrap()
}

async fn way_out(connector: &Arc<dyn Connector>, data: &[u8]) -> Result<Option<Url>, UpstreamError> {
    let callback = back();
    let logout = LogoutStart { user_id: "jane", data, callback: &callback, state: STATE, now: now() };
    let departure = connector.logout().unwrap().start(&logout).await?;
    Ok(departure.map(|departure| match departure {
        Departure::Get(url) => url,
        Departure::Post { .. } => panic!("this one does not post"),
    }))
}

#[tokio::test]
async fn the_way_out_leads_through_the_provider() {
    let op = Oidc::start().await.unwrap();
    let connector = open(&op, &json!({}));
    let (to, data) = start(&connector, ALL).await.unwrap();
    let login = arrive(&connector, ALL, &data, &browse(&op.fake, &to).await).await.unwrap();
    let to = way_out(&connector, &login.logout).await.unwrap().unwrap();
    let hint = parameter(&to, "id_token_hint").unwrap();
    assert_eq!(hint.split('.').count(), 3, "the ID token of the login: {hint}");
    let back = back();
    let expected = [("client_id", "dex-under-test"), ("post_logout_redirect_uri", back.as_str()), ("state", STATE)];
    for (name, value) in expected {
        assert_eq!(parameter(&to, name).as_deref(), Some(value));
    }
}

#[tokio::test]
async fn the_place_to_log_out_is_discovered_or_configured_or_not_there() {
    let op = Oidc::start().await.unwrap();
    let overridden = open(&op, &json!({"providerDiscoveryOverrides": {"endSessionURL": "https://sso.example/out"}}));
    let to = way_out(&overridden, b"").await.unwrap().unwrap();
    assert!(to.as_str().starts_with("https://sso.example/out?client_id="), "{to}");
    assert!(parameter(&to, "id_token_hint").is_none(), "there is none");
    op.change(|script| script.document = json!({"end_session_endpoint": null}));
    assert!(way_out(&open(&op, &json!({})), b"").await.unwrap().is_none());
    op.change(|script| script.document = json!({"end_session_endpoint": "javascript:alert(1)"}));
    assert!(way_out(&open(&op, &json!({})), b"").await.is_err());
}

#[tokio::test]
async fn what_comes_back_must_be_the_answer_to_this_logout() {
    let op = Oidc::start().await.unwrap();
    let connector = open(&op, &json!({}));
    let callback = back();
    for (state, accepted) in [(STATE, true), ("another", false)] {
        let parameters = Form::of([("state", state)]);
        let arrival = LogoutArrival {
            parameters: &parameters,
            raw_query: "",
            posted: false,
            callback: &callback,
            state: Some(STATE),
            data: b"",
            now: now(),
        };
        let arrived = connector.logout().unwrap().arrive(&arrival).await;
        assert_eq!(matches!(arrived, Ok(LogoutArrived::Answered { refused: None })), accepted, "{state}");
    }
}
