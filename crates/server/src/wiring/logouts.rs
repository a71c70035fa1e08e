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
