//! Posting logout tokens to clients.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use dex_session::backchannel::{Deliver, Undelivered};
use dex_upstream_client::{Call, Client, ClientOptions};
use http::header;
use url::Url;

/// How much of a client's answer is read, in bytes. Nothing in it matters.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// How many hosts' connections are kept. One more begins anew with none.
const HOSTS_MAX: usize = 200;

/// Posts over HTTP, to each host by a client of its own, so that the failures of one are not the others'.
#[derive(Default)]
pub(super) struct Http(Mutex<HashMap<String, Arc<Client>>>);

impl Http {
    fn client(&self, uri: &Url) -> Result<Arc<Client>, Undelivered> {
        let host = uri.origin().ascii_serialization();
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&host) {
            return Ok(client.clone());
        }
        if clients.len() >= HOSTS_MAX {
            clients.clear();
        }
        let client = Client::open(ClientOptions::new(&host)).map_err(|error| Undelivered::Failed(error.to_string()))?;
        let client = Arc::new(client);
        clients.insert(host, client.clone());
        Ok(client)
    }
}

#[async_trait]
impl Deliver for Http {
    async fn deliver(&self, uri: &Url, logout_token: &str) -> Result<(), Undelivered> {
        let call = Call::post(uri)
            .header(header::CACHE_CONTROL, "no-cache, no-store")
            .form(&[("logout_token", logout_token)])
            .secret(logout_token)
            .body_max(BODY_BYTES_MAX);
        let status = match self.client(uri)?.call(call).await {
            Ok(answer) => answer.status,
            Err(error) => error.status().ok_or_else(|| Undelivered::Failed(error.to_string()))?,
        };
        if status.is_success() { Ok(()) } else { Err(Undelivered::Answered(status)) }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::any;
    use http::{HeaderMap, StatusCode};
    use tokio::net::TcpListener;

    use super::*;

    async fn told(headers: HeaderMap, body: String) -> StatusCode {
        let kind = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/x-www-form-urlencoded");
        let cache = headers.get(header::CACHE_CONTROL).is_some_and(|cache| cache == "no-cache, no-store");
        match kind && cache && body == "logout_token=a.b.c" {
            true => StatusCode::NO_CONTENT,
            false => StatusCode::BAD_REQUEST,
        }
    }

    async fn client() -> String {
        let elsewhere = || async { (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/logout")]) };
        let router = Router::new()
            .route("/logout", any(told))
            .route("/moved", any(elsewhere))
            .route("/long", any(|| async { "x".repeat(BODY_BYTES_MAX + 1) }))
            .route("/broken", any(|| async { StatusCode::SERVICE_UNAVAILABLE }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn a_token_is_posted_as_a_form_to_the_address_alone() {
        let client = client().await;
        let http = Http::default();
        let cases = [
            ("/logout?x=1", Ok(())),
            ("/moved", Err(Undelivered::Answered(StatusCode::TEMPORARY_REDIRECT))),
            ("/long", Ok(())),
            ("/nowhere", Err(Undelivered::Answered(StatusCode::NOT_FOUND))),
            ("/broken", Err(Undelivered::Answered(StatusCode::SERVICE_UNAVAILABLE))),
        ];
        for (path, expected) in cases {
            let uri = Url::parse(&format!("{client}{path}")).unwrap();
            assert_eq!(http.deliver(&uri, "a.b.c").await, expected, "{path}");
        }
    }

    #[tokio::test]
    async fn who_is_not_there_is_told_apart_and_shown_no_token() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = Url::parse(&format!("http://{}/logout", listener.local_addr().unwrap())).unwrap();
        drop(listener);
        let failed = Http::default().deliver(&uri, "a.b.c").await;
        assert!(matches!(failed, Err(Undelivered::Failed(text)) if !text.contains("a.b.c")));
    }
}
