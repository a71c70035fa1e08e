//! Time, tries, places, rate limits and the breaker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dex_connector::UpstreamError;
use dex_upstream_client::{Auth, CallError};
use http::StatusCode;
use serde_json::Value;

use crate::server::{Server, client, client_with, raw};

#[tokio::test]
async fn a_get_is_tried_again_when_the_upstream_is_away_for_a_moment() {
    let server = Server::start(|_, before| {
        let status = [502, 503].get(before).copied().unwrap_or(200);
        (StatusCode::from_u16(status).unwrap(), "{}")
    })
    .await;
    client().get_json::<Value>(&server.url, Auth::None).await.unwrap();
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_post_is_sent_once_and_a_get_three_times() {
    let server = Server::start(|_, _| StatusCode::SERVICE_UNAVAILABLE).await;
    let client = client();
    let error = client.post_form(&server.url, Auth::None, &[("code", "c")]).await.err().unwrap();
    assert!(matches!(UpstreamError::from(error), UpstreamError::Unreachable(_)));
    assert_eq!(server.asked().len(), 1);
    client.get_json::<Value>(&server.url, Auth::None).await.unwrap_err();
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn a_short_rate_limit_is_waited_for_and_a_long_one_told() {
    let server = Server::start(|_, before| match before {
        0 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]),
        1 => (StatusCode::OK, [("retry-after", "0")]),
        _ => (StatusCode::FORBIDDEN, [("retry-after", "3600")]),
    })
    .await;
    let client = client();
    assert_eq!(client.post_form(&server.url, Auth::None, &[]).await.unwrap().status, StatusCode::OK);
    let error = client.post_form(&server.url, Auth::None, &[]).await.err().unwrap();
    assert!(matches!(error, CallError::RateLimited { after: Some(after), .. } if after.as_secs() == 3600), "{error}");
    assert!(matches!(UpstreamError::from(error), UpstreamError::Unreachable(_)));
}

#[tokio::test]
async fn an_upstream_that_says_nothing_is_left_after_the_time_limit() {
    let silent = raw(b"", true).await;
    let client = client_with(|options| options.call_timeout = Duration::from_millis(200));
    let began = Instant::now();
    let error = client.get_json::<Value>(&silent, Auth::None).await.unwrap_err();
    assert!(matches!(error, CallError::Slow { .. }) && began.elapsed() < Duration::from_secs(2), "{error}");
    let client = client_with(|options| options.login_timeout = Duration::from_millis(200));
    let login = client.login(async { Ok(client.get_json::<Value>(&silent, Auth::None).await?) });
    assert!(matches!(login.await, Err(UpstreamError::Unreachable(_))) && began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_upstream_that_fails_in_a_row_is_left_alone_and_one_that_answers_badly_is_not() {
    let server = Server::start(|asked, _| match asked.path.as_str() {
        "/away" => StatusCode::BAD_GATEWAY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    })
    .await;
    let client = client();
    for _ in 0..10 {
        let answer = client.post_form(&server.at("/bad"), Auth::None, &[]).await.unwrap();
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    }
    for _ in 0..5 {
        client.post_form(&server.at("/away"), Auth::None, &[]).await.err().unwrap();
    }
    let error = client.post_form(&server.at("/bad"), Auth::None, &[]).await.err().unwrap();
    assert!(matches!(error, CallError::LeftAlone { .. }), "{error}");
    assert_eq!(server.asked().len(), 15);
}

#[tokio::test]
async fn only_so_many_calls_run_at_once() {
    let silent = raw(b"", true).await;
    let client = Arc::new(client_with(|options| {
        options.concurrent_max = 1;
        options.call_timeout = Duration::from_secs(1);
    }));
    let held = tokio::spawn({
        let (client, silent) = (client.clone(), silent.clone());
        async move { client.get_json::<Value>(&silent, Auth::None).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let server = Server::start(|_, _| "{}").await;
    let other =
        tokio::time::timeout(Duration::from_millis(300), client.get_json::<Value>(&server.url, Auth::None)).await;
    assert!(other.is_err() && server.asked().is_empty());
    held.await.unwrap().unwrap_err();
    client.get_json::<Value>(&server.url, Auth::None).await.unwrap();
}

#[tokio::test]
async fn a_strangers_url_does_not_lead_into_our_network() {
    let server = Server::start(|_, _| "{}").await;
    let client = client_with(|options| options.public_only = true);
    let error = client.get_json::<Value>(&server.url, Auth::None).await.unwrap_err();
    assert!(matches!(error, CallError::NotPublic), "{error}");
    let mut named = server.url.clone();
    named.set_host(Some("localhost")).unwrap();
    let error = client.get_json::<Value>(&named, Auth::None).await.unwrap_err();
    assert!(error.to_string().contains("no public address"), "{error}");
    assert!(server.asked().is_empty());
}

/// Set in the process that is started with a proxy in its environment.
const ASKED: &str = "DEX_TEST_ASKS_BY_PROXY";

#[tokio::test]
async fn calls_go_through_the_proxy_of_the_environment() {
    if let Ok(url) = std::env::var(ASKED) {
        let url = url.parse().unwrap();
        client().get_json::<Value>(&url, Auth::None).await.unwrap();
        client_with(|options| options.public_only = true).get_json::<Value>(&url, Auth::None).await.unwrap_err();
        return;
    }
    let proxy = Server::start(|_, _| "{}").await;
    let done = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "limits::calls_go_through_the_proxy_of_the_environment"])
        .env(ASKED, "http://id.invalid/me")
        .env("HTTP_PROXY", proxy.url.as_str())
        .env_remove("NO_PROXY")
        .output()
        .await
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    assert_eq!(proxy.asked().len(), 1);
}
