//! Against a server that misbehaves as no OpenBao can be made to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use dex_signer_vault::{Environment, Vault};
use dex_web::signing::{RemoteError, RemoteKey, RemoteSigner};
use http::StatusCode;
use tokio::net::{TcpListener, UnixListener};

/// RFC 8037 appendix A.2.
const KEYS: &str =
    r#"{"data":{"type":"ed25519","keys":{"1":{"public_key":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}}}}"#;

type Answer = fn(Request, usize) -> Response;

/// Answers every request by `answer`, which is told how many came before for the same thing.
async fn server(answer: Answer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router(answer)).into_future());
    url
}

fn router(answer: Answer) -> Router {
    let handler = async move |State(asked): State<Arc<AtomicUsize>>, request: Request| {
        if request.uri().path().ends_with("/lookup-self") {
            return r#"{"data":{"ttl":0}}"#.into_response();
        }
        answer(request, asked.fetch_add(1, Ordering::SeqCst))
    };
    Router::new().fallback(handler).with_state(Arc::default())
}

async fn keys(url: &str, environment: &Environment) -> Result<usize, RemoteError> {
    Vault::open(url, "secret-token", "k", environment).unwrap().keys().await.map(|keys| keys.len())
}

#[tokio::test]
async fn a_moment_of_absence_is_waited_out_and_a_longer_one_is_told() {
    let environment = Environment::default();
    let twice = server(|_, before| match before {
        0 | 1 => StatusCode::BAD_GATEWAY.into_response(),
        _ => KEYS.into_response(),
    });
    assert_eq!(keys(&twice.await, &environment).await, Ok(1));
    let thrice = server(|_, before| match before {
        0..=2 => StatusCode::BAD_GATEWAY.into_response(),
        _ => KEYS.into_response(),
    });
    assert!(matches!(keys(&thrice.await, &environment).await, Err(RemoteError::Unavailable(_))));
    let refusing = server(|_, before| match before {
        0 => StatusCode::FORBIDDEN.into_response(),
        _ => KEYS.into_response(),
    });
    assert!(matches!(keys(&refusing.await, &environment).await, Err(RemoteError::Refused(_))), "asked once only");
}

#[tokio::test]
async fn a_standby_leads_to_the_active_one_with_all_that_was_sent() {
    let active = server(|request, _| match request.headers().get("x-vault-token") {
        Some(token) if token == "secret-token" => KEYS.into_response(),
        _ => StatusCode::FORBIDDEN.into_response(),
    });
    let standby = server(|request, _| {
        let active = request.headers()["x-vault-namespace"].to_str().unwrap().to_owned();
        Redirect::temporary(&format!("{active}{}", request.uri())).into_response()
    });
    // The namespace plays the messenger: the standby has no other way to know where the active one is.
    let environment = Environment { namespace: Some(active.await), ..Environment::default() };
    assert_eq!(keys(&standby.await, &environment).await, Ok(1));
    let circle = server(|request, _| Redirect::temporary(&request.uri().to_string()).into_response());
    assert!(matches!(keys(&circle.await, &Environment::default()).await, Err(RemoteError::Unavailable(_))));
}

#[tokio::test]
async fn rubbish_is_refused_and_holds_no_memory() {
    let environment = Environment::default();
    let cases: [(Answer, &str); 3] = [
        (|_, _| "<html>".into_response(), "200 OK without JSON"),
        (|_, _| "{}".into_response(), "what it told of key `k` is no key"),
        (|_, _| Body::from(vec![b' '; 5 << 20]).into_response(), "an answer of more than 4194304 bytes"),
    ];
    for (answer, expected) in cases {
        let got = keys(&server(answer).await, &environment).await;
        assert_eq!(got, Err(RemoteError::Refused(expected.to_owned())));
    }
}

#[tokio::test]
async fn nobody_there_is_not_available() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let environment = Environment { timeout: Some(Duration::from_secs(5)), ..Environment::default() };
    let Err(RemoteError::Unavailable(why)) = keys(&url, &environment).await else { panic!("there is somebody") };
    assert!(!why.contains("secret-token"), "{why}");
}

#[tokio::test]
async fn an_agent_is_reached_by_its_socket_and_brings_its_own_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let answer: Answer = |request, _| {
        let headers = request.headers();
        let as_agents_ask = headers["x-vault-request"] == "true" && !headers.contains_key("x-vault-token");
        if as_agents_ask { KEYS.into_response() } else { StatusCode::PRECONDITION_REQUIRED.into_response() }
    };
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(axum::serve(listener, router(answer)).into_future());
    let vault = Vault::open(&format!("unix://{}", path.display()), "", "k", &Environment::default()).unwrap();
    assert_eq!(vault.keys().await.map(|keys| keys.len()), Ok(1));
}

#[tokio::test]
async fn one_that_hangs_holds_sixty_four_connections_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let accepted = Arc::new(AtomicUsize::new(0));
    let counted = accepted.clone();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            held.push(connection);
        }
    });
    let environment = Environment { timeout: Some(Duration::from_secs(2)), ..Environment::default() };
    let vault = Arc::new(Vault::open(&url, "t", "k", &environment).unwrap());
    let public = dex_jose::SigningKey::generate(dex_jose::Algorithm::EdDSA).public();
    let key = RemoteKey { version: 1, public, signs: true };
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (vault, key) = (vault.clone(), key.clone());
        waiting.spawn(async move { vault.sign(&key, "header.payload").await });
    }
    tokio::time::sleep(environment.timeout.unwrap() / 2).await;
    assert_eq!(accepted.load(Ordering::SeqCst), 64);
    for answered in waiting.join_all().await {
        assert!(matches!(answered, Err(RemoteError::Unavailable(_))), "{answered:?}");
    }
}
