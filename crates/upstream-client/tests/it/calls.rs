//! Answers of every sort, and what they become.

use dex_connector::UpstreamError;
use dex_upstream_client::{Auth, Call, CallError};
use http::StatusCode;
use serde_json::{Value, json};

use crate::server::{Server, client, client_with, endless, raw};

#[tokio::test]
async fn json_is_read_and_authenticated_calls_say_who_we_are() {
    let server = Server::start(|_, _| ([("content-type", "application/json")], r#"{"a":1}"#)).await;
    let client = client();
    let auths = [
        (Auth::None, ""),
        (Auth::Bearer("at-1"), "Bearer at-1"),
        (Auth::Scheme("token", "at-1"), "token at-1"),
        (Auth::Client("dex", "s3cr3t/+&"), "Basic ZGV4OnMzY3IzdCUyRiUyQiUyNg=="),
        (Auth::Basic("dex", "s3cr3t/+&"), "Basic ZGV4OnMzY3IzdC8rJg=="),
    ];
    for (index, (auth, expected)) in auths.into_iter().enumerate() {
        let got: Value = client.get_json(&server.at("/me"), auth).await.unwrap();
        assert_eq!(got, json!({"a": 1}));
        assert_eq!(server.asked()[index].header("authorization"), expected);
    }
    let asked = server.asked();
    assert!(asked[0].header("user-agent").starts_with("dex/"));
    assert_eq!(asked[0].header("accept"), "application/json");
}

#[tokio::test]
async fn json_and_forms_are_posted() {
    let server = Server::start(|_, _| "{}").await;
    let client = client();
    let _: Value = client.post_json(&server.at("/"), Auth::None, &json!({"q": "x"})).await.unwrap();
    client.post_form(&server.at("/"), Auth::None, &[("a", "x y"), ("b", "&")]).await.unwrap();
    let asked = server.asked();
    assert_eq!((asked[0].body.as_str(), asked[0].header("content-type")), (r#"{"q":"x"}"#, "application/json"));
    assert_eq!(asked[1].body, "a=x+y&b=%26");
}

#[tokio::test]
async fn what_is_not_json_is_not_acceptable_and_quoted_briefly() {
    let answers = [
        ("text/html", "<html><title>Log in</title>..", "HTML page"),
        ("application/json", r#"{"a":"#, "ends in the middle"),
        ("application/json", "", "it is empty"),
        ("application/json", r#"{"a":1} trailing"#, "not JSON"),
        ("application/json", "[]", "of another type"),
    ];
    for (kind, body, told) in answers {
        let server = Server::start(move |_, _| ([("content-type", kind)], body)).await;
        let error = client().get_json::<serde_json::Map<String, Value>>(&server.url, Auth::None).await.unwrap_err();
        assert_eq!(error.status(), Some(StatusCode::OK));
        let error = UpstreamError::from(error);
        assert!(
            matches!(&error, UpstreamError::Unacceptable(text) if text.contains(told) && text.len() < 500),
            "{error}"
        );
    }
}

#[tokio::test]
async fn statuses_are_told_apart_and_secrets_left_out() {
    let cases = [(400, false), (401, false), (404, false), (301, false), (500, true), (501, true)];
    for (status, unreachable) in cases {
        let server = Server::start(move |asked, _| {
            (StatusCode::from_u16(status).unwrap(), format!("you sent {}", asked.header("authorization")))
        })
        .await;
        let error = client().get_json::<Value>(&server.url, Auth::Bearer("hunter2")).await.unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
        let error = UpstreamError::from(error);
        assert_eq!(matches!(error, UpstreamError::Unreachable(_)), unreachable, "{error}");
        let text = error.to_string();
        assert!(text.contains(&status.to_string()) && text.contains("you sent") && !text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn bodies_that_do_not_end_or_end_too_soon_are_not_acceptable() {
    let client = client();
    let error = client.get_json::<Value>(&endless().await, Auth::None).await.unwrap_err();
    assert!(matches!(error, CallError::TooLong { .. }), "{error}");
    let announced = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n{", true).await;
    let error = client.get_json::<Value>(&announced, Auth::None).await.unwrap_err();
    assert!(matches!(error, CallError::TooLong { .. }), "{error}");
    let truncated = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"a\":", false).await;
    let error = UpstreamError::from(client.get_json::<Value>(&truncated, Auth::None).await.unwrap_err());
    assert!(matches!(&error, UpstreamError::Unacceptable(text) if text.contains("ended in the middle")), "{error}");
    let nonsense = raw(b"SSH-2.0-OpenSSH_9.2\r\n", false).await;
    let error = UpstreamError::from(client.get_json::<Value>(&nonsense, Auth::None).await.unwrap_err());
    assert!(matches!(error, UpstreamError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn redirects_are_followed_if_wanted_and_a_token_stays_at_home() {
    let other = Server::start(|_, _| "{}").await;
    let away = other.url.to_string();
    let server = Server::start(move |asked, _| match asked.path.as_str() {
        "/home" => (StatusCode::FOUND, [("location", "/end".to_owned())], ""),
        "/away" => (StatusCode::PERMANENT_REDIRECT, [("location", away.clone())], ""),
        "/round" => (StatusCode::FOUND, [("location", "/round".to_owned())], ""),
        "/file" => (StatusCode::FOUND, [("location", "file:///etc/passwd".to_owned())], ""),
        "/broken" => (StatusCode::FOUND, [("location", "http://[".to_owned())], ""),
        _ => (StatusCode::OK, [("location", "/ignored".to_owned())], "{}"),
    })
    .await;
    let answer = client().call(Call::get(&server.at("/home"))).await.unwrap();
    assert_eq!(answer.status, StatusCode::FOUND);
    let follower = client_with(|options| options.redirects_max = 3);
    follower.get_json::<Value>(&server.at("/home"), Auth::Bearer("at-1")).await.unwrap();
    let posted = follower.post_form(&server.at("/home"), Auth::None, &[]).await.unwrap();
    assert_eq!(posted.status, StatusCode::FOUND, "a POST is never repeated elsewhere");
    for (path, told) in
        [("/away", "another host"), ("/round", "too many"), ("/file", "another host"), ("/broken", "no URL")]
    {
        let error = follower.get_json::<Value>(&server.at(path), Auth::Bearer("at-1")).await.unwrap_err();
        assert!(matches!(&error, CallError::BadLink(text) if text.contains(told)), "{path}: {error}");
    }
    let away = server.at("/away");
    let own_header = Call::get(&away).header(http::HeaderName::from_static("x-auth-token"), "at-1");
    for call in [own_header, Call::get(&away).secret("in-the-path")] {
        let error = follower.call(call).await.map(|answer| answer.status).unwrap_err();
        assert!(error.to_string().contains("another host"), "{error}");
    }
    assert!(other.asked().is_empty(), "the token must not leave");
    follower.get_json::<Value>(&server.at("/away"), Auth::None).await.unwrap();
    let error = follower.get_json::<Value>(&server.at("/file"), Auth::None).await.unwrap_err();
    assert!(error.to_string().contains("out of TLS"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_a_header_is_not_sent() {
    let server = Server::start(|_, _| "{}").await;
    let error = client().get_json::<Value>(&server.url, Auth::Bearer("a\nb")).await.unwrap_err();
    assert!(matches!(UpstreamError::from(error), UpstreamError::Misconfigured(_)));
    assert!(server.asked().is_empty());
}
