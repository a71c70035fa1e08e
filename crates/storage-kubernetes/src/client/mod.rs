//! Asking the API server.
//!
//! Owns the connections, the credentials as they are at the moment, how long an answer is waited for, and what is asked
//! again. It does not know what the objects are. Control leaves with an [`Answer`] that is one of ours to judge, or an
//! [`ApiError`] of one sentence.

mod error;
mod request;
#[cfg(test)]
pub(crate) mod scripted;
mod session;
mod status;

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use tokio::sync::{Mutex, Semaphore};

pub(crate) use self::error::ApiError;
pub(crate) use self::request::{Request, Verb};
use self::session::{Session, Sessions};
pub(crate) use self::status::Status;
use crate::access::{Access, AccessError};

/// How long one call may take, with everything that is tried again (Dex's limit too).
const CALL_LIMIT: Duration = Duration::from_secs(15);

/// How many calls are under way at most, each on a connection of its own; further ones wait.
const CALLS_MAX: usize = 64;

/// How often a call is tried.
const TRIES_MAX: u32 = 5;

/// The pause before a second try; it doubles with each further one.
const PAUSE: Duration = Duration::from_millis(100);

/// The longest pause, in seconds, that is made because the API server asks for it.
const RETRY_AFTER_MAX: u64 = 5;

/// The longest answer read, in bytes. A page of ordinary records is a thousandth of it.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// The API server, and our namespace there.
pub(crate) struct Api {
    server: String,
    pub(crate) namespace: String,
    sessions: Sessions,
    renewing: Mutex<()>,
    room: Semaphore,
}

/// An answer that its asker knows how to take: success, or a status in [`Request::EXPECTED`].
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// What the API server says of a failure.
    pub(crate) fn status(&self) -> Status {
        Status::read(&self.body)
    }
}

/// What became of one try.
enum Tried {
    Answered(Answer),
    /// Nothing was done, or nothing that may not be done twice: try again after a pause.
    Again(Option<Duration>, ApiError),
    /// The credentials were refused.
    Refused,
}

impl Api {
    /// Reads the credentials; asks the API server nothing yet.
    pub(crate) async fn connect(access: Access) -> Result<Self, AccessError> {
        let (server, namespace) = (access.server.clone(), access.namespace.clone());
        let sessions = Sessions::begin(access).await?;
        Ok(Self { server, namespace, sessions, renewing: Mutex::new(()), room: Semaphore::new(CALLS_MAX) })
    }

    /// Asks, again where that is safe: what only reads after any failure; what writes when it was not taken (429, no
    /// connection, 401 with newer credentials).
    pub(crate) async fn call(&self, request: &Request) -> Result<Answer, ApiError> {
        let in_turn = async {
            let _room = self.room.acquire().await.expect("it is never closed");
            self.tries(request).await
        };
        let answer = tokio::time::timeout(CALL_LIMIT, in_turn).await;
        answer.unwrap_or_else(|_| {
            let cause = format!("no answer in {} seconds", CALL_LIMIT.as_secs());
            Err(ApiError::Unreachable { server: self.server.clone(), cause })
        })
    }

    async fn tries(&self, request: &Request) -> Result<Answer, ApiError> {
        let mut renewed = false;
        for tried in 1.. {
            let session = self.session().await?;
            let (pause, error) = match self.send(&session, request).await? {
                Tried::Answered(answer) => return Ok(answer),
                Tried::Again(pause, error) => (pause, error),
                Tried::Refused => {
                    if renewed || !self.renew(&session).await? {
                        return Err(ApiError::Unauthorized { server: self.server.clone() });
                    }
                    renewed = true;
                    continue;
                }
            };
            if tried >= TRIES_MAX {
                return Err(error);
            }
            tokio::time::sleep(pause.unwrap_or(PAUSE * 2_u32.pow(tried - 1))).await;
        }
        unreachable!("the loop ends by returning")
    }

    /// The session to ask with. A token file that is due is read again first.
    async fn session(&self) -> Result<std::sync::Arc<Session>, ApiError> {
        let session = self.sessions.current();
        if self.sessions.is_due(&session) {
            self.renew(&session).await?;
            return Ok(self.sessions.current());
        }
        Ok(session)
    }

    /// Whether there are credentials now that differ from those of `session`. One caller reads them for all.
    async fn renew(&self, session: &std::sync::Arc<Session>) -> Result<bool, ApiError> {
        let _one = self.renewing.lock().await;
        if !std::sync::Arc::ptr_eq(session, &self.sessions.current()) {
            return Ok(true);
        }
        self.sessions.renew().await.map_err(ApiError::Credentials)
    }

    async fn send(&self, session: &Session, request: &Request) -> Result<Tried, ApiError> {
        let url = format!("{}{}", self.server, request.path);
        let mut sent = session.http.request(request.verb.method(), url);
        if let Some(authorization) = &session.authorization {
            sent = sent.header(reqwest::header::AUTHORIZATION, authorization.clone());
        }
        if let Some(body) = &request.body {
            sent = sent.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let unreachable = |error: &reqwest::Error| ApiError::Unreachable {
            server: self.server.clone(),
            cause: error::innermost(error),
        };
        let mut response = match sent.send().await {
            Ok(response) => response,
            Err(error) if request.verb.is_read() || error.is_connect() => {
                return Ok(Tried::Again(None, unreachable(&error)));
            }
            Err(error) => return Err(unreachable(&error)),
        };
        let code = response.status().as_u16();
        let pause = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let pause = pause.map(|seconds| Duration::from_secs(seconds.min(RETRY_AFTER_MAX)));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > ANSWER_BYTES_MAX => return Err(ApiError::TooLong),
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) if request.verb.is_read() => return Ok(Tried::Again(None, unreachable(&error))),
                Err(error) => return Err(unreachable(&error)),
            }
        }
        self.judge(request, Answer { code, body }, pause)
    }

    fn judge(&self, request: &Request, answer: Answer, pause: Option<Duration>) -> Result<Tried, ApiError> {
        if answer.is_success() || Request::EXPECTED.contains(&answer.code) {
            return Ok(Tried::Answered(answer));
        }
        let status = answer.status();
        let failed = || ApiError::Answered { code: answer.code, verb: request.verb, what: request.what.clone() };
        match answer.code {
            401 => Ok(Tried::Refused),
            403 => Err(ApiError::Forbidden {
                user: status.user(),
                verb: request.verb,
                what: request.what.clone(),
                namespace: request.namespaced.then(|| self.namespace.clone()),
            }),
            429 => Ok(Tried::Again(pause, failed())),
            500.. if status.is_too_large() => Ok(Tried::Answered(Answer { code: 413, body: answer.body })),
            500.. if request.verb.is_read() => Ok(Tried::Again(pause, failed())),
            _ => Err(failed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a verb does after an answer: whether it asks again, and what it comes to.
    #[tokio::test]
    async fn only_what_was_not_done_is_done_again() {
        let cases: &[(Verb, &'static str, bool)] = &[
            (Verb::Get, "503 Service Unavailable", true),
            (Verb::List, "500 Internal Server Error", true),
            (Verb::Get, "", true),
            (Verb::Create, "429 Too Many Requests\r\nretry-after: 0", true),
            (Verb::Delete, "429 Too Many Requests\r\nretry-after: 0", true),
            (Verb::Create, "503 Service Unavailable\r\nretry-after: 0", false),
            (Verb::Update, "500 Internal Server Error", false),
            (Verb::Delete, "504 Gateway Timeout", false),
            (Verb::Create, "", false),
            (Verb::Delete, "", false),
            (Verb::Get, "403 Forbidden", false),
            (Verb::Get, "401 Unauthorized", false),
        ];
        for (verb, first, again) in cases {
            let (api, asked) = scripted::api(vec![(first, String::new()), ("200 OK", "{}".into())]).await;
            let request = Request::of_cluster(*verb, "things", "/things");
            let answered = api.call(&request).await;
            assert_eq!(answered.is_ok(), *again, "{verb} after {first:?}");
            asked.abort();
        }
    }

    #[tokio::test]
    async fn tries_and_pauses_have_an_end() {
        let (api, asked) = scripted::api(vec![("429 Too Many\r\nretry-after: 0", String::new()); 6]).await;
        let told = api.call(&Request::of_cluster(Verb::Create, "things", "/things")).await.err().unwrap().to_string();
        assert_eq!(told, "the API server answered 429 to create things");
        asked.abort();
    }

    #[tokio::test]
    async fn what_is_too_large_for_etcd_is_told_as_such() {
        let body = r#"{"kind":"Status","message":"etcdserver: request is too large","code":500}"#;
        let (api, _) = scripted::api(vec![("500 Internal Server Error", body.into())]).await;
        let answer = api.call(&Request::of_cluster(Verb::Create, "things", "/things")).await.ok().unwrap();
        assert_eq!(answer.code, 413);
    }
}
