//! Redeeming codes.

use std::time::Duration;

use dex_jose::{Algorithm, half_hash};
use dex_model::{AuthCode, Client, ClientRestrictions, Kind};
use dex_storage::{StorageError, Write};
use dex_testkit::TestApp;
use futures_util::future::join_all;

use crate::kit::{app, app_with, apps, claims, code, member, redeem, refresh, refusal, userinfo, what_it_stands_for};

const ALL: &[&str] = &["openid", "email", "profile", "groups", "offline_access"];

#[tokio::test]
async fn a_code_brings_tokens_that_are_bound_to_it() {
    let app = app().await;
    let code = code(&app, ALL);
    let shown = redeem(&app, &code).await;
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert_eq!(shown.headers["cache-control"], "no-store");
    let access = member(&shown, "access_token");
    let id = claims(&member(&shown, "id_token"));
    assert_eq!(id["nonce"], "n-1");
    assert_eq!(id["at_hash"], half_hash(Algorithm::ES256, &access));
    assert_eq!(id["c_hash"], half_hash(Algorithm::ES256, &code));
    assert_eq!(id["sub"], "Cg0wLTM4NS0yODA4OS0wEgRtb2Nr");
    assert_eq!((id["email"].as_str(), id["groups"][0].as_str()), (Some("kilgore@kilgore.trout"), Some("authors")));
    assert!(member(&shown, "refresh_token").starts_with("Chl"));
    assert!(shown.body.contains(r#""token_type":"bearer","expires_in":86400"#), "{}", shown.body);
}

#[tokio::test]
async fn a_replay_revokes_what_the_first_use_brought() {
    let app = app().await;
    let code = code(&app, ALL);
    let first = redeem(&app, &code).await;
    let access = member(&first, "access_token");
    assert_eq!(userinfo(&app, &access).await.status, 200);
    assert_eq!(refusal(&redeem(&app, &code).await), (400, "invalid_grant".into()));
    assert_eq!(userinfo(&app, &access).await.status, 403);
    assert_eq!(refusal(&refresh(&app, &member(&first, "refresh_token")).await), (400, "invalid_grant".into()));
    assert_eq!(app.records_of(Kind::RefreshToken).await, 0);
}

#[tokio::test]
async fn of_a_hundred_redemptions_at_once_one_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    for (store, app) in apps(folder.path()).await {
        let code = code(&app, ALL);
        let all = join_all((0..100).map(|_| redeem(&app, &code))).await;
        let won: Vec<_> = all.iter().filter(|shown| shown.status == 200).collect();
        assert_eq!(won.len(), 1, "{store}");
        assert!(all.iter().filter(|shown| shown.status != 200).all(|shown| refusal(shown).1 == "invalid_grant"));
        assert_eq!(app.records_of(Kind::RefreshToken).await, 0, "the replays revoked it on {store}");
        assert_eq!(userinfo(&app, &member(won[0], "access_token")).await.status, 403, "{store}");
    }
}

#[tokio::test]
async fn codes_expire_after_a_minute() {
    let app = app().await;
    for (seconds, status) in [(60, 200), (61, 400)] {
        let code = code(&app, &["openid"]);
        app.clock.advance(Duration::from_secs(seconds));
        assert_eq!(redeem(&app, &code).await.status, status, "{seconds}");
    }
}

#[tokio::test]
async fn a_code_that_dex_keeps_in_a_row_is_redeemed_once() {
    let app = app().await;
    let row = AuthCode { id: "abcdefghijklmnopqrstuvwxy".into(), ..what_it_stands_for(&app, ALL) };
    let text = row.id.clone();
    assert_eq!(app.app.store.insert(row).await.unwrap(), Write::Done);
    assert_eq!(redeem(&app, &text).await.status, 200);
    assert_eq!(app.records_of(Kind::AuthCode).await, 0);
    assert_eq!(refusal(&redeem(&app, &text).await), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn a_code_is_good_for_its_own_client_and_address_only() {
    let app = app().await;
    let foreign = AuthCode { client_id: "peer".into(), ..what_it_stands_for(&app, ALL) };
    let elsewhere = AuthCode { redirect_uri: "https://app.example/other".into(), ..what_it_stands_for(&app, ALL) };
    for wrong in [foreign, elsewhere] {
        let code = app.app.seals.seal_code(&wrong).unwrap();
        assert_eq!(refusal(&redeem(&app, &code).await), (400, "invalid_grant".into()));
    }
    assert_eq!(app.records_of(Kind::Spent).await, 0, "a refused code is not used up");
}

#[tokio::test]
async fn another_deployments_code_is_worth_nothing() {
    let (ours, theirs): (TestApp, TestApp) = (app().await, app().await);
    let code = code(&theirs, ALL);
    assert_eq!(refusal(&redeem(&ours, &code).await), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn lean_id_tokens_leave_to_userinfo_what_it_tells() {
    let names = ["email", "email_verified", "name", "groups"];
    let told = |claims: &serde_json::Value| names.map(|name| !claims[name].is_null());
    for (lean_id_tokens, expected) in [(false, [true; 4]), (true, [false, false, false, true])] {
        let app = app_with(|settings| settings.lean_id_tokens = lean_id_tokens).await;
        let code = code(&app, ALL);
        let mut answer = redeem(&app, &code).await;
        for way in ["code", "refresh"] {
            assert_eq!(told(&claims(&member(&answer, "id_token"))), expected, "{way}, lean: {lean_id_tokens}");
            let known = userinfo(&app, &member(&answer, "access_token")).await;
            assert_eq!(told(&serde_json::from_str(&known.body).unwrap()), [true; 4], "{way}, lean: {lean_id_tokens}");
            answer = refresh(&app, &member(&answer, "refresh_token")).await;
        }
    }
}

#[tokio::test]
async fn nobody_gets_by_way_of_another_client_what_a_client_refuses_them() {
    let restricted = |disabled, group: &str| Client {
        restrictions: ClientRestrictions { disabled, allowed_groups: vec![group.to_owned()] },
        ..Client::default()
    };
    let through = |connector: &str| Client { allowed_connectors: vec![connector.to_owned()], ..Client::default() };
    let cases = [
        ("open to all", Client::default(), 200),
        ("open to the user's group", restricted(false, "authors"), 200),
        ("open to another group", restricted(false, "admins"), 400),
        ("disabled", restricted(true, "authors"), 400),
        ("open to the user's connector", through("mock"), 200),
        ("open to another connector", through("local"), 400),
    ];
    for (told, change, status) in cases {
        let app = app().await;
        let Client { restrictions, allowed_connectors, .. } = change;
        let restrict = |peer: Client| -> Result<Client, StorageError> {
            let (restrictions, allowed_connectors) = (restrictions.clone(), allowed_connectors.clone());
            Ok(Client { restrictions, allowed_connectors, ..peer })
        };
        let _ = app.app.store.update("peer", restrict).await.unwrap();
        let answer = redeem(&app, &code(&app, &["openid", "audience:server:client_id:peer"])).await;
        assert_eq!(answer.status, status, "{told}: {}", answer.body);
        assert!(status == 200 || member(&answer, "error") == "invalid_scope", "{told}: {}", answer.body);
    }
}
