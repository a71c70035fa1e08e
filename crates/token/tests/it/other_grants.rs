//! The grants without a browser.

use dex_mfa::{FactorKind, SecondFactor, SecondFactors};
use dex_model::Client;
use dex_storage::StorageError;
use dex_testkit::{CLIENT, LOCAL_PASSWORD, LOCAL_USER};

use crate::kit::{app, app_with, claims, member, post, post_as, refusal};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const ID: &str = "urn:ietf:params:oauth:token-type:id_token";

#[tokio::test]
async fn a_client_gets_a_token_of_its_own() {
    let app = app().await;
    let form = [("grant_type", "client_credentials"), ("scope", "openid profile"), ("nonce", "n")];
    let shown = post(&app, "/token", &form).await;
    let id = claims(&member(&shown, "id_token"));
    assert_eq!((id["sub"].as_str(), id["name"].as_str()), (Some("CgN3ZWI"), Some("The web client")));
    assert_eq!(id["nonce"], "n");
    assert!(member(&shown, "refresh_token").is_empty());
}

#[tokio::test]
async fn passwords_are_refused_and_then_held_up() {
    let app = app().await;
    let form = |password| {
        [("grant_type", "password"), ("username", LOCAL_USER), ("password", password), ("scope", "openid email")]
    };
    assert_eq!(post(&app, "/token", &form(LOCAL_PASSWORD)).await.status, 200);
    for _ in 0..10 {
        assert_eq!(refusal(&post(&app, "/token", &form("wrong")).await), (401, "access_denied".into()));
    }
    assert_eq!(post(&app, "/token", &form("wrong")).await.status, 429);
    assert_eq!(post(&app, "/token", &form(LOCAL_PASSWORD)).await.status, 429, "so that nothing is learnt");
}

#[tokio::test]
async fn a_password_does_not_get_around_a_second_factor() {
    let chain_of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let codes = |kinds: &[&str]| SecondFactor {
        id: "codes".into(),
        connector_kinds: chain_of(kinds),
        kind: FactorKind::Totp { issuer: "dex".into() },
    };
    let cases = [(&["local"][..], 400), (&[], 400), (&["ldap"], 200)];
    for (kinds, status) in cases {
        let second_factors = SecondFactors { factors: vec![codes(kinds)], default_chain: chain_of(&["codes"]) };
        let app = app_with(|settings| settings.second_factors = second_factors).await;
        let form =
            [("grant_type", "password"), ("username", LOCAL_USER), ("password", LOCAL_PASSWORD), ("scope", "openid")];
        let shown = post(&app, "/token", &form).await;
        assert_eq!(shown.status, status, "{kinds:?} {}", shown.body);
        if status == 400 {
            assert_eq!(member(&shown, "error"), "unauthorized_client");
        }
        let exempt = |client: Client| Ok(Client { mfa_chain: Some(Vec::new()), ..client });
        let _ = app.app.store.update::<Client, StorageError, _>(CLIENT, exempt).await.expect("memory answers");
        assert_eq!(post(&app, "/token", &form).await.status, 200, "{kinds:?}");
        let audience = [&form[..3], &[("scope", "openid audience:server:client_id:peer")]].concat();
        assert_eq!(
            post(&app, "/token", &audience).await.status,
            status,
            "{kinds:?}: the audience's client asks for one"
        );
    }
}

#[tokio::test]
async fn an_upstreams_token_is_exchanged() {
    let app = app().await;
    let base = [("grant_type", EXCHANGE), ("connector_id", "mock"), ("subject_token", "t"), ("scope", "openid email")];
    for (kind, requested, issued) in [(ACCESS, "", ACCESS), (ID, ID, ID), (ACCESS, ACCESS, ACCESS)] {
        let form = [&base[..], &[("subject_token_type", kind), ("requested_token_type", requested)]].concat();
        let shown = post(&app, "/token", &form).await;
        assert_eq!(member(&shown, "issued_token_type"), issued, "{}", shown.body);
        assert_eq!(claims(&member(&shown, "access_token"))["email"], "kilgore@kilgore.trout");
    }
    let cases = [
        (("subject_token_type", "urn:x"), "request_not_supported"),
        (("connector_id", "nowhere"), "invalid_request"),
        (("connector_id", "local"), "invalid_request"),
        (("subject_token", ""), "invalid_request"),
        (("requested_token_type", "urn:x"), "request_not_supported"),
    ];
    for (wrong, error) in cases {
        let all = [&base[..], &[("subject_token_type", ACCESS)]].concat();
        let form: Vec<_> = all.into_iter().filter(|(key, _)| *key != wrong.0).chain([wrong]).collect();
        assert_eq!(refusal(&post(&app, "/token", &form).await), (400, error.into()), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_trusting_peer_may_be_named_as_audience() {
    let app = app().await;
    let form = |peer: &str| {
        let scope = format!("openid audience:server:client_id:{peer}");
        [("grant_type".to_owned(), "client_credentials".to_owned()), ("scope".to_owned(), scope)]
    };
    let ask = |form: [(String, String); 2]| async {
        let form = form;
        let pairs: Vec<(&str, &str)> = form.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        post_as(&app, ("web", "web-secret"), "/token", &pairs).await
    };
    let shared = claims(&member(&ask(form("peer")).await, "id_token"));
    assert_eq!((shared["aud"][0].as_str(), shared["aud"][1].as_str()), (Some("peer"), Some("web")));
    assert_eq!(shared["azp"], "web");
    assert_eq!(refusal(&ask(form("cli")).await), (400, "invalid_scope".into()));
}
