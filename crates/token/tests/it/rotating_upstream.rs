//! An upstream that takes each of its refresh tokens once, and several replicas.

use std::time::Duration;

use dex_model::{AuthCode, Claims, Connector, ConnectorData, Kind, OfflineSessions, RefreshToken};
use dex_storage::{StorageError, Write};
use dex_testkit::{Failure, Shown, TestApp};
use futures_util::future::join_all;

use crate::kit::{app, member, redeem, refresh, refusal, what_it_stands_for};

const USER: &str = "user";
const CONNECTOR: &str = "rotating";

/// Two replicas, and a connector to the upstream.
async fn replicas() -> (TestApp, TestApp) {
    let one = app().await;
    let connector = Connector {
        id: CONNECTOR.into(),
        kind: CONNECTOR.into(),
        name: "Elsewhere".into(),
        resource_version: "1".into(),
        ..Connector::default()
    };
    assert_eq!(one.app.store.insert(connector).await.expect("memory takes it"), Write::Done);
    let other = one.beside(dex_token::routes).await;
    (one, other)
}

/// A login of the user's by this name, which is the newest of the upstream's from then on.
async fn log_in(app: &TestApp, login: &str) -> String {
    let code = AuthCode {
        connector_id: CONNECTOR.into(),
        connector_data: ConnectorData::new(format!("{login} 0")),
        claims: Claims { user_id: USER.into(), ..Claims::default() },
        ..what_it_stands_for(app, &["openid", "offline_access"])
    };
    let text = app.app.seals.seal_code(&code).expect("it is short");
    member(&redeem(app, &text).await, "refresh_token")
}

async fn stored(app: &TestApp) -> String {
    let sessions = app.app.store.get::<OfflineSessions>((USER, CONNECTOR)).await.expect("memory answers");
    let data = sessions.expect("the user has logged in").connector_data;
    String::from_utf8(data.expose().to_vec()).expect("it is text")
}

fn next(shown: &Shown) -> String {
    assert_eq!(shown.status, 200, "{}", shown.body);
    member(shown, "refresh_token")
}

#[tokio::test(start_paused = true)]
async fn fifty_at_once_of_two_devices_at_two_replicas_use_no_token_twice() {
    let (one, other) = replicas().await;
    one.rotating.answer_after(Duration::from_millis(200));
    let mut devices = [log_in(&one, "phone").await, log_in(&one, "laptop").await];
    for round in 1..=3 {
        let ways = (0..50).map(|way| (if way % 2 == 0 { &one } else { &other }, way / 2 % 2));
        let all = join_all(ways.map(async |(app, device)| (device, refresh(app, &devices[device]).await))).await;
        let mut held = devices.clone();
        for (device, shown) in &all {
            held[*device] = next(shown);
        }
        assert_eq!((one.rotating.asked(), one.rotating.taken_for_stolen()), (4 * round, 0), "one a device and replica");
        let same = all.iter().all(|(device, shown)| next(shown) == held[*device]);
        assert!(same, "each device holds one token");
        devices = held;
        one.clock.advance(Duration::from_secs(3600));
    }
    assert_eq!(stored(&one).await, "laptop 12");
    assert_eq!(one.records_of(Kind::Spent).await, 2, "of the logins' codes; turns leave nothing");
}

#[tokio::test(start_paused = true)]
async fn what_dex_left_with_each_refresh_token_is_used_once_too() {
    let (one, other) = replicas().await;
    let token = log_in(&one, "phone").await;
    let id = dex_oidc::decode_pair(&token).expect("it is one of ours").first;
    let as_dex_does = |token: RefreshToken| -> Result<RefreshToken, StorageError> {
        Ok(RefreshToken { connector_data: ConnectorData::new("phone 0"), ..token })
    };
    let _ = one.app.store.update(id.as_str(), as_dex_does).await.unwrap();
    one.rotating.answer_after(Duration::from_secs(1));
    let both = tokio::join!(refresh(&one, &token), refresh(&other, &token));
    assert_eq!(next(&both.0), next(&both.1));
    assert_eq!((stored(&one).await.as_str(), one.rotating.taken_for_stolen()), ("phone 2", 0));
}

#[tokio::test(start_paused = true)]
async fn a_slow_upstream_is_waited_for_and_a_slower_one_is_asked_again_later() {
    let (one, other) = replicas().await;
    let token = log_in(&one, "phone").await;
    one.rotating.answer_after(Duration::from_secs(4));
    let both = tokio::join!(refresh(&one, &token), refresh(&other, &token));
    assert_eq!(next(&both.0), next(&both.1));
    let token = next(&both.0);
    one.clock.advance(Duration::from_secs(3600));
    one.rotating.answer_after(Duration::from_secs(6));
    let (first, second) = tokio::join!(refresh(&one, &token), refresh(&other, &token));
    assert_eq!(refusal(&second), (503, "temporarily_unavailable".into()));
    assert!(second.headers.contains_key("retry-after"));
    assert_eq!(next(&refresh(&other, &token).await), next(&first), "the token stayed valid");
    assert_eq!(one.rotating.taken_for_stolen(), 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_waited_asks_after_one_who_failed() {
    let (one, other) = replicas().await;
    let mut token = log_in(&one, "phone").await;
    one.rotating.answer_after(Duration::from_secs(1));
    for (failure, now) in [(Failure::Away, "phone 1"), (Failure::AwayAfterwards, "phone 3")] {
        one.rotating.fail_once(failure);
        let (failed, waited) = tokio::join!(refresh(&one, &token), refresh(&other, &token));
        assert_eq!(refusal(&failed), (503, "temporarily_unavailable".into()), "{failure:?}");
        token = next(&waited);
        assert_eq!((stored(&one).await.as_str(), one.rotating.taken_for_stolen()), (now, 0), "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_refresh_has_used_up_is_replaced_for_the_next_one_elsewhere() {
    let (one, other) = replicas().await;
    let token = log_in(&one, "phone").await;
    one.rotating.fail_once(Failure::AwayAfterwards);
    assert_eq!(refusal(&refresh(&one, &token).await), (503, "temporarily_unavailable".into()));
    assert_eq!(stored(&one).await, "phone 1");
    next(&refresh(&other, &token).await);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_loses_nothing() {
    let (one, other) = replicas().await;
    let token = log_in(&one, "phone").await;
    one.rotating.answer_after(Duration::from_secs(1));
    let hung_up = tokio::time::timeout(Duration::from_millis(500), refresh(&one, &token)).await;
    assert!(hung_up.is_err());
    next(&refresh(&other, &token).await);
    assert_eq!((stored(&one).await.as_str(), one.rotating.taken_for_stolen()), ("phone 2", 0));
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_was_killed_holds_its_user_up_for_a_while_only() {
    let (one, other) = replicas().await;
    let token = log_in(&one, "phone").await;
    one.rotating.answer_after(Duration::from_secs(600));
    let (upstream, held) = (one.rotating.clone(), token.clone());
    // What a runtime ran when it is shut down goes no further, as in a process that is killed.
    let replica = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    replica.spawn(async move { refresh(&one, &held).await });
    while upstream.asked() == 0 {
        tokio::task::yield_now().await;
    }
    replica.shutdown_background();
    upstream.answer_after(Duration::ZERO);
    assert_eq!(refusal(&refresh(&other, &token).await), (503, "temporarily_unavailable".into()));
    assert_eq!(upstream.asked(), 1, "while it may go on, nobody asks beside it");
    other.clock.advance(Duration::from_secs(164));
    assert_eq!(refusal(&refresh(&other, &token).await), (503, "temporarily_unavailable".into()));
    other.clock.advance(Duration::from_secs(1));
    let after = refresh(&other, &token).await;
    assert_eq!(upstream.asked(), 2);
    // The answer that told the next token died with the replica.
    assert_eq!(refusal(&after), (400, "invalid_grant".into()));
    let token = log_in(&other, "laptop").await;
    next(&refresh(&other, &token).await);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_comes_meanwhile_brings_what_is_newer() {
    let (one, other) = replicas().await;
    let token = log_in(&one, "phone").await;
    one.rotating.answer_after(Duration::from_secs(1));
    let logs_in = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        log_in(&other, "laptop").await
    };
    let (refreshed, _) = tokio::join!(refresh(&one, &token), logs_in);
    next(&refreshed);
    assert_eq!(stored(&one).await, "laptop 0");
}
