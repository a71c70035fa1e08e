//! Requests to the vault: what they carry, how long they may take, and what their failures mean.

use std::time::Duration;

use dex_web::signing::RemoteError;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reqwest::{Client, Method, Proxy, redirect};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;

use crate::environment::{Environment, OpenError, TIMEOUT};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How many requests run at once, each on a connection; further ones wait within their time.
const CONCURRENT_MAX: usize = 64;

/// How many bytes of an answer are read: a key of a thousand versions and more.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How many redirects are followed: a standby names the one that is active.
const REDIRECTS_MAX: usize = 2;

/// How long is waited before each further attempt, when the vault is not there for a moment.
const RETRY_AFTER: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(250)];

/// How many characters of the vault's own words are kept.
const WORDS_MAX: usize = 300;

/// The vault is asked for JSON under this name of its own.
const TOKEN: HeaderName = HeaderName::from_static("x-vault-token");
const NAMESPACE: HeaderName = HeaderName::from_static("x-vault-namespace");
const REQUEST: HeaderName = HeaderName::from_static("x-vault-request");

/// The way to one vault.
pub(crate) struct Http {
    client: Client,
    base: Url,
    headers: HeaderMap,
    timeout: Duration,
    places: Semaphore,
}

impl Http {
    pub(crate) fn open(addr: &str, token: &str, environment: &Environment) -> Result<Self, OpenError> {
        // A second installation is refused, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let url = Url::parse(addr).map_err(|_| OpenError::Address(addr.to_owned()))?;
        let mut builder = Client::builder()
            .user_agent(concat!("dex/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .retry(reqwest::retry::never())
            .redirect(to_the_active_one())
            .referer(false)
            .tls_danger_accept_invalid_certs(environment.skip_verify);
        let base = match url.scheme() {
            "unix" => {
                builder = builder.unix_socket(url.path().to_owned()).no_proxy();
                Url::parse("http://localhost").expect("a constant")
            }
            "http" | "https" => url,
            _ => return Err(OpenError::Address(addr.to_owned())),
        };
        let authorities = environment.authorities()?;
        if !authorities.is_empty() {
            builder = builder.tls_certs_only(authorities);
        }
        if let Some(identity) = environment.identity()? {
            builder = builder.identity(identity);
        }
        if let Some(proxy) = &environment.proxy {
            builder = builder.proxy(Proxy::all(proxy).map_err(|error| unusable("PROXY_ADDR", &error))?);
        }
        let client = builder.build().map_err(|error| unusable("the HTTP client", &error))?;
        let timeout = environment.timeout.unwrap_or(TIMEOUT);
        let (headers, places) = (headers(token, environment)?, Semaphore::new(CONCURRENT_MAX));
        Ok(Self { client, base, headers, timeout, places })
    }

    /// Reads `/v1/` and these segments.
    pub(crate) async fn get(&self, path: &[&str]) -> Result<Value, RemoteError> {
        self.ask(Method::GET, path, None).await
    }

    /// Writes `body` there. What we write may be written twice: signing and renewing are.
    pub(crate) async fn post(&self, path: &[&str], body: &impl Serialize) -> Result<Value, RemoteError> {
        let body = serde_json::to_vec(body).expect("our own requests are JSON");
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn ask(&self, method: Method, path: &[&str], body: Option<Vec<u8>>) -> Result<Value, RemoteError> {
        let attempts = async {
            let _place = self.places.acquire().await.expect("it is never closed");
            let mut waits = RETRY_AFTER.iter();
            loop {
                match self.attempt(&method, path, body.as_ref()).await {
                    Err(RemoteError::Unavailable(why)) => match waits.next() {
                        Some(wait) => tokio::time::sleep(*wait).await,
                        None => return Err(RemoteError::Unavailable(why)),
                    },
                    answered => return answered,
                }
            }
        };
        let late = |_| Err(RemoteError::Unavailable(format!("no answer within {:?}", self.timeout)));
        tokio::time::timeout(self.timeout, attempts).await.unwrap_or_else(late)
    }

    async fn attempt(&self, method: &Method, path: &[&str], body: Option<&Vec<u8>>) -> Result<Value, RemoteError> {
        let mut request = self.client.request(method.clone(), self.url(path)).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.header(http::header::CONTENT_TYPE, "application/json").body(body.clone());
        }
        let mut answer = request.send().await.map_err(|error| unreachable(&error))?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| unreachable(&error))? {
            if bytes.len() + part.len() > BODY_BYTES_MAX {
                return Err(RemoteError::Refused(format!("an answer of more than {BODY_BYTES_MAX} bytes")));
            }
            bytes.extend_from_slice(&part);
        }
        if status.is_success() {
            let understood = serde_json::from_slice(&bytes);
            return understood.map_err(|_| RemoteError::Refused(format!("{status} without JSON")));
        }
        Err(failure(status, &bytes))
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        let mut segments = url.path_segments_mut().expect("http and https URLs have a path");
        segments.pop_if_empty().push("v1").extend(path);
        drop(segments);
        url
    }
}

fn headers(token: &str, environment: &Environment) -> Result<HeaderMap, OpenError> {
    let mut headers = HeaderMap::new();
    headers.insert(REQUEST, HeaderValue::from_static("true"));
    headers.insert(http::header::ACCEPT, HeaderValue::from_static("application/json"));
    // An agent on the way may add its own.
    if !token.is_empty() {
        let mut value = HeaderValue::from_str(token.trim()).map_err(|_| OpenError::Token)?;
        value.set_sensitive(true);
        headers.insert(TOKEN, value);
    }
    if let Some(namespace) = &environment.namespace {
        let value = HeaderValue::from_str(namespace);
        let why = || OpenError::Variable { name: "NAMESPACE", why: "holds what no header may hold".to_owned() };
        headers.insert(NAMESPACE, value.map_err(|_| why())?);
    }
    Ok(headers)
}

fn unusable(name: &'static str, error: &reqwest::Error) -> OpenError {
    OpenError::Variable { name, why: chain(error) }
}

/// Follows a standby to the active one; the token travels along, so never from TLS to none.
fn to_the_active_one() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let from_tls = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
        if attempt.previous().len() > REDIRECTS_MAX {
            attempt.error("too many redirects")
        } else if from_tls && attempt.url().scheme() != "https" {
            attempt.error("the redirect leaves TLS")
        } else {
            attempt.follow()
        }
    })
}

fn unreachable(error: &reqwest::Error) -> RemoteError {
    RemoteError::Unavailable(chain(error))
}

fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// What any status but success means: sealed, standby, throttled or behind the active one, or a refusal.
fn failure(status: StatusCode, body: &[u8]) -> RemoteError {
    #[derive(Deserialize, Default)]
    struct Errors {
        #[serde(default)]
        errors: Vec<String>,
    }
    let words = serde_json::from_slice::<Errors>(body).unwrap_or_default().errors.join("; ");
    let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS_MAX).collect();
    let text = if words.is_empty() { status.to_string() } else { format!("{status}: {words}") };
    match status {
        StatusCode::PRECONDITION_FAILED | StatusCode::TOO_MANY_REQUESTS => RemoteError::Unavailable(text),
        // 472 and 473 are the health of replicas that cannot answer.
        status if status.is_server_error() || matches!(status.as_u16(), 472 | 473) => RemoteError::Unavailable(text),
        _ => RemoteError::Refused(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_passing_or_for_somebody_to_look_at() {
        let cases: [(u16, &str, bool, &str); 7] = [
            (503, r#"{"errors":["Vault is sealed"]}"#, true, "503 Service Unavailable: Vault is sealed"),
            (500, "oops", true, "500 Internal Server Error"),
            (429, "{}", true, "429 Too Many Requests"),
            (
                412,
                r#"{"errors":["index\n not yet there","x"]}"#,
                true,
                "412 Precondition Failed: index not yet there; x",
            ),
            (403, r#"{"errors":["permission denied"]}"#, false, "403 Forbidden: permission denied"),
            (404, r#"{"errors":[]}"#, false, "404 Not Found"),
            (400, r#"{"errors":"text"}"#, false, "400 Bad Request"),
        ];
        for (status, body, passing, text) in cases {
            let expected = if passing { RemoteError::Unavailable } else { RemoteError::Refused };
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(failure(status, body.as_bytes()), expected(text.to_owned()), "{status}");
        }
    }

    #[test]
    fn a_path_lies_below_the_address_and_names_stay_one_segment() {
        let cases = [
            ("http://v:8200", "http://v:8200/v1/transit/keys/a%2Fb"),
            ("https://v/bao/", "https://v/bao/v1/transit/keys/a%2Fb"),
            ("unix:///run/agent.sock", "http://localhost/v1/transit/keys/a%2Fb"),
        ];
        for (addr, expected) in cases {
            let http = Http::open(addr, "t", &Environment::default()).unwrap();
            assert_eq!(http.url(&["transit", "keys", "a/b"]).as_str(), expected);
        }
        for addr in ["", "v:8200/", "ftp://v"] {
            assert!(matches!(Http::open(addr, "t", &Environment::default()), Err(OpenError::Address(_))), "{addr}");
        }
        assert!(matches!(Http::open("http://v", "a\nb", &Environment::default()), Err(OpenError::Token)));
    }
}
