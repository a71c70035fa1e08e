//! Families of refresh tokens.

use std::time::Duration;

use dex_model::{AuthCode, Claims, ConnectorData, Kind, OfflineSessions, Password};
use dex_storage::{StorageError, Write};
use futures_util::future::join_all;

use crate::kit::{
    REUSE_INTERVAL, app, app_with, apps, claims, code, member, post, redeem, refresh, refusal, what_it_stands_for,
};

const OFFLINE: &[&str] = &["openid", "email", "offline_access"];

async fn log_in(app: &dex_testkit::TestApp) -> String {
    member(&redeem(app, &code(app, OFFLINE)).await, "refresh_token")
}

#[tokio::test]
async fn a_family_moves_on_with_each_use_and_its_replay_ends_it() {
    let app = app().await;
    let first = log_in(&app).await;
    let answer = refresh(&app, &first).await;
    let second = member(&answer, "refresh_token");
    assert_ne!(first, second);
    assert!(claims(&member(&answer, "id_token"))["c_hash"].is_null());
    app.clock.advance(REUSE_INTERVAL + Duration::from_secs(1));
    assert_eq!(refusal(&refresh(&app, &first).await), (400, "invalid_grant".into()));
    assert_eq!(refusal(&refresh(&app, &second).await), (400, "invalid_grant".into()), "the family is revoked");
}

#[tokio::test]
async fn an_answer_that_was_lost_is_told_again_inside_the_interval() {
    let app = app().await;
    let first = log_in(&app).await;
    let second = member(&refresh(&app, &first).await, "refresh_token");
    app.clock.advance(REUSE_INTERVAL);
    assert_eq!(member(&refresh(&app, &first).await, "refresh_token"), second);
    assert_eq!(refresh(&app, &second).await.status, 200);
}

#[tokio::test]
async fn a_hundred_refreshes_at_once_are_one_family_and_none_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    for (store, app) in apps(folder.path()).await {
        let first = log_in(&app).await;
        let all = join_all((0..100).map(|_| refresh(&app, &first))).await;
        assert!(all.iter().all(|shown| shown.status == 200), "{store}");
        let second = member(&all[0], "refresh_token");
        assert!(
            all.iter().all(|shown| member(shown, "refresh_token") == second),
            "the answers are the same on {store}"
        );
        assert_eq!(refresh(&app, &second).await.status, 200, "{store}");
    }
}

#[tokio::test]
async fn two_devices_refresh_side_by_side_for_a_month() {
    let app = app_with(|settings| settings.refresh.absolute_lifetime = None).await;
    let (mut phone, mut laptop) = (log_in(&app).await, log_in(&app).await);
    for _ in 0..30 {
        app.clock.advance(Duration::from_secs(24 * 3600));
        phone = member(&refresh(&app, &phone).await, "refresh_token");
        laptop = member(&refresh(&app, &laptop).await, "refresh_token");
        assert!(!phone.is_empty() && !laptop.is_empty());
    }
    assert_eq!(app.records_of(Kind::RefreshToken).await, 2);
    assert_eq!(app.records_of(Kind::OfflineSessions).await, 1);
}

#[tokio::test]
async fn a_user_who_is_gone_ends_the_refresh_and_a_password_of_another_too() {
    let app = app().await;
    let form = [
        ("grant_type", "password"),
        ("username", dex_testkit::LOCAL_USER),
        ("password", dex_testkit::LOCAL_PASSWORD),
        ("scope", "openid offline_access"),
    ];
    let answer = post(&app, "/token", &form).await;
    let token = member(&answer, "refresh_token");
    assert!(!token.is_empty(), "{}", answer.body);
    assert_eq!(app.app.store.remove::<Password>(dex_testkit::LOCAL_USER).await.unwrap(), Write::Done);
    assert_eq!(refusal(&refresh(&app, &token).await), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn scopes_are_narrowed_for_one_answer_and_never_widened() {
    let app = app().await;
    let token = log_in(&app).await;
    let form = |scope| [("grant_type", "refresh_token"), ("refresh_token", token.as_str()), ("scope", scope)];
    let wider = post(&app, "/token", &form("openid groups")).await;
    assert_eq!(refusal(&wider), (400, "invalid_scope".into()));
    let narrow = post(&app, "/token", &form(" openid")).await;
    assert!(claims(&member(&narrow, "id_token"))["email"].is_null());
    let whole = refresh(&app, &member(&narrow, "refresh_token")).await;
    assert_eq!(claims(&member(&whole, "id_token"))["email"], "kilgore@kilgore.trout");
}

#[tokio::test]
async fn a_family_dies_at_the_end_of_its_life() {
    let app = app().await;
    let token = log_in(&app).await;
    app.clock.advance(Duration::from_secs(30 * 24 * 3600 + 1));
    let shown = refresh(&app, &token).await;
    assert_eq!(refusal(&shown), (400, "invalid_grant".into()));
    assert_eq!(member(&shown, "error_description"), "Refresh token expired.");
}

#[tokio::test]
async fn an_upstreams_token_that_another_refresh_has_used_is_not_the_end() {
    let app = app().await;
    let code = AuthCode {
        connector_id: "scripted".into(),
        connector_data: ConnectorData::new("spent"),
        claims: Claims { user_id: "user".into(), ..Claims::default() },
        ..what_it_stands_for(&app, OFFLINE)
    };
    let text = app.app.seals.seal_code(&code).expect("it is short");
    let token = member(&redeem(&app, &text).await, "refresh_token");
    assert_eq!(refusal(&refresh(&app, &token).await), (400, "invalid_grant".into()), "nothing newer is known");
    let brought = |sessions: OfflineSessions| -> Result<OfflineSessions, StorageError> {
        Ok(OfflineSessions { connector_data: ConnectorData::new("fresh"), ..sessions })
    };
    let _ = app.app.store.update(("user", "scripted"), brought).await.unwrap();
    let answer = refresh(&app, &token).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}
