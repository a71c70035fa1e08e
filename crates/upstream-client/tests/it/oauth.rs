//! The token endpoint.

use std::time::Duration;

use dex_connector::UpstreamError;
use dex_upstream_client::{ClientAuth, Secret, TokenAnswer, TokenEndpoint};
use http::StatusCode;

use crate::server::{Asked, Server, client};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

type Kind = fn(&UpstreamError) -> bool;
type Scripted = (u16, &'static str, &'static str);

async fn server(answer: impl Fn(&Asked) -> Scripted + Clone + Send + Sync + 'static) -> Server {
    Server::start(move |asked, _| {
        let (status, kind, body) = answer(asked);
        (StatusCode::from_u16(status).unwrap(), [("content-type", kind)], body)
    })
    .await
}

fn endpoint(server: &Server, auth: ClientAuth) -> TokenEndpoint {
    TokenEndpoint::new(server.at("/token"), "dex", Secret::new("s3cr3t/+&"), auth)
}

async fn exchange(server: &Server) -> Result<TokenAnswer, UpstreamError> {
    endpoint(server, ClientAuth::Detect)
        .exchange_code(&client(), "code-1", Some("https://id.example/callback"), None)
        .await
}

#[tokio::test]
async fn tokens_are_read_from_json_and_forms() {
    let cases: [(Scripted, Option<u64>, &str); 6] = [
        ((200, JSON, r#"{"access_token":"at-1","token_type":"bearer","expires_in":7200}"#), Some(7200), "Bearer"),
        ((200, JSON, r#"{"access_token":"at-1","token_type":"Mac","expires_in":"30"}"#), Some(30), "MAC"),
        ((200, JSON, r#"{"access_token":"at-1","expires_in":0}"#), None, "Bearer"),
        (
            (200, JSON, r#"{"access_token":"at-1","token_type":"token","expires_in":99999999999}"#),
            Some(2_147_483_647),
            "token",
        ),
        ((200, FORM, "access_token=at-1&scope=user%3Aemail&token_type=bearer"), None, "Bearer"),
        ((200, "text/plain; charset=utf-8", r#"{"access_token":"at-1"}"#), None, "Bearer"),
    ];
    for (scripted, expires, token_type) in cases {
        let server = server(move |_| scripted).await;
        let answer = exchange(&server).await.unwrap();
        assert_eq!(answer.access_token.expose(), "at-1");
        assert_eq!((answer.expires_in, answer.token_type.as_str()), (expires.map(Duration::from_secs), token_type));
        assert_eq!(
            server.asked()[0].body,
            "grant_type=authorization_code&code=code-1&redirect_uri=https%3A%2F%2Fid.example%2Fcallback"
        );
        assert!(!format!("{answer:?}").contains("at-1"));
    }
}

#[tokio::test]
async fn refusals_are_told_with_their_codes_and_asked_once() {
    let denied = |error: &UpstreamError| matches!(error, UpstreamError::Denied(_));
    let unreachable = |error: &UpstreamError| matches!(error, UpstreamError::Unreachable(_));
    let unacceptable = |error: &UpstreamError| matches!(error, UpstreamError::Unacceptable(_));
    let cases: [(Scripted, &str, Kind); 8] = [
        (
            (400, JSON, r#"{"error":"invalid_grant","error_description":"code already used"}"#),
            r#"oauth2: "invalid_grant" "code already used""#,
            denied,
        ),
        (
            (200, FORM, "error=bad_verification_code&error_description=expired"),
            r#"oauth2: "bad_verification_code" "expired""#,
            unacceptable,
        ),
        ((500, "text/html", "<h1>oops</h1>"), "500 Internal Server Error", unreachable),
        ((500, JSON, r#"{"error":"invalid_grant"}"#), "invalid_grant", denied),
        ((400, JSON, r#"{"error":"temporarily_unavailable"}"#), "temporarily_unavailable", unreachable),
        ((200, JSON, r#"{"access_token":"#), "ends in the middle", unacceptable),
        ((200, JSON, "{}"), "missing access_token", unacceptable),
        ((200, JSON, r#"{"access_token":"a","expires_in":1.5}"#), "expires_in", unacceptable),
    ];
    for (scripted, told, kind) in cases {
        let server = server(move |_| scripted).await;
        let error = exchange(&server).await.unwrap_err();
        assert!(error.to_string().contains(told) && kind(&error), "{error:?}");
        assert_eq!(server.asked().len(), 1, "{told}");
    }
}

#[tokio::test]
async fn the_way_of_authenticating_is_found_once_and_kept() {
    let server =
        server(|asked| match (asked.header("authorization"), asked.body.contains("client_secret=s3cr3t%2F%2B%26")) {
            ("", true) => (200, JSON, r#"{"access_token":"at-1"}"#),
            _ => (401, JSON, r#"{"error":"invalid_client"}"#),
        })
        .await;
    let (endpoint, client) = (endpoint(&server, ClientAuth::Detect), client());
    endpoint.exchange_code(&client, "c", None, Some("v")).await.unwrap();
    assert_eq!(server.asked().len(), 2);
    assert_eq!(server.asked()[0].header("authorization"), "Basic ZGV4OnMzY3IzdCUyRiUyQiUyNg==");
    endpoint.refresh(&client, "rt-1").await.unwrap();
    assert_eq!(server.asked().len(), 3);
    let basic = self::endpoint(&server, ClientAuth::Basic).exchange_code(&client, "c", None, None).await.unwrap_err();
    assert!(matches!(basic, UpstreamError::Misconfigured(_)), "{basic}");
    assert_eq!(server.asked().len(), 4);
}

#[tokio::test]
async fn a_public_client_names_itself_in_the_body() {
    let server = server(|_| (200, JSON, r#"{"access_token":"at-1"}"#)).await;
    let endpoint = TokenEndpoint::new(server.at("/token"), "dex", Secret::default(), ClientAuth::Detect);
    endpoint.exchange_code(&client(), "c", None, Some("v")).await.unwrap();
    let asked = &server.asked()[0];
    assert_eq!(
        (asked.header("authorization"), asked.body.as_str()),
        ("", "grant_type=authorization_code&code=c&code_verifier=v&client_id=dex")
    );
}

#[tokio::test]
async fn a_refresh_keeps_the_old_token_unless_a_new_one_came() {
    let server = server(|asked| match asked.body.contains("refresh_token=rt-rotate") {
        true => (200, JSON, r#"{"access_token":"at-2","refresh_token":"rt-2"}"#),
        false => (200, JSON, r#"{"access_token":"at-2","refresh_token":""}"#),
    })
    .await;
    let (endpoint, client) = (endpoint(&server, ClientAuth::Basic), client());
    for (used, kept) in [("rt-rotate", "rt-2"), ("rt-keep", "rt-keep")] {
        let answer = endpoint.refresh(&client, used).await.unwrap();
        assert_eq!(answer.refresh_token.unwrap().expose(), kept);
    }
    let error = endpoint.refresh(&client, "").await.unwrap_err();
    assert!(error.to_string().contains("refresh token is not set"), "{error}");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn what_was_sent_is_not_repeated_in_errors() {
    let server = server(|_| {
        (400, JSON, r#"{"error":"x","error_description":"code-1 of dex with s3cr3t/+& or s3cr3t%2F%2B%26"}"#)
    })
    .await;
    let error = exchange(&server).await.unwrap_err().to_string();
    assert!(error.contains("[..] of dex with [..] or [..]"), "{error}");
}

#[tokio::test]
async fn refreshes_with_one_token_at_once_ask_once_if_it_is_rotated() {
    let server = Server::start(|_, before| {
        let body = match before {
            0 => r#"{"access_token":"at-2","refresh_token":"rt-2"}"#.to_owned(),
            _ => r#"{"error":"invalid_grant"}"#.to_owned(),
        };
        ([("content-type", JSON)], body)
    })
    .await;
    let (endpoint, client) = (endpoint(&server, ClientAuth::Basic), client());
    let (first, second) = tokio::join!(endpoint.refresh(&client, "rt-1"), endpoint.refresh(&client, "rt-1"));
    for answer in [first, second] {
        assert_eq!(answer.unwrap().refresh_token.unwrap().expose(), "rt-2");
    }
    assert_eq!(server.asked().len(), 1);
    endpoint.refresh(&client, "rt-2").await.unwrap_err();
}

#[tokio::test]
async fn an_assertion_is_read_anew_and_sent_instead_of_the_secret() {
    let server = server(|asked| match asked.body.contains("&client_assertion=jwt-2") {
        true => (200, JSON, r#"{"access_token":"at-1"}"#),
        false => (401, JSON, r#"{"error":"invalid_client","error_description":"jwt-1 has expired"}"#),
    })
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let endpoint = endpoint(&server, ClientAuth::Detect).with_assertion(file.path().to_owned());
    let client = client();
    std::fs::write(file.path(), "jwt-1\n").unwrap();
    let error = endpoint.exchange_code(&client, "code-1", None, None).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Misconfigured(_)) && !error.to_string().contains("jwt-1"), "{error}");
    std::fs::write(file.path(), " jwt-2\n").unwrap();
    endpoint.refresh(&client, "rt-1").await.unwrap();
    let asked = server.asked();
    let kind = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    assert_eq!(
        asked[1].body,
        format!("grant_type=refresh_token&refresh_token=rt-1&client_id=dex&{kind}&client_assertion=jwt-2")
    );
    assert_eq!(asked.len(), 2, "nothing is tried twice");
    assert!(asked.iter().all(|asked| asked.header("authorization").is_empty()));
    drop(file);
    let error = endpoint.refresh(&client, "rt-1").await.unwrap_err().to_string();
    assert!(error.contains("failed to read client assertion"), "{error}");
}
