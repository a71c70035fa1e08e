//! Sending a call: place, breaker, tries, body, and what a rate limit says.

use std::time::Duration;

use bytes::BytesMut;
use http::{HeaderMap, Method, StatusCode, header};
use tokio::time::{Instant, sleep};
use url::Url;

use super::{Answer, Call, Client, guard, redirect};
use crate::error::{CallError, chain};

/// How often a call is tried.
const TRIES_MAX: u32 = 3;

/// How long before the second try; each further one waits four times as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How long we wait ourselves when the upstream says when to come back.
const RATE_LIMIT_WAIT_MAX: Duration = Duration::from_secs(2);

/// Beyond this a number in `X-RateLimit-Reset` is a time of day and not a number of seconds to wait.
const SECONDS_NOT_TIME_MAX: u64 = 1_000_000;

impl Client {
    /// Sends a call; the answer may have any status but those that mean "not now".
    ///
    /// GET is tried three times at most when the upstream is not there or says 502, 503 or 504; any call is when nothing of
    /// it was sent, or when the upstream asks to come back within two seconds.
    ///
    /// # Errors
    ///
    /// [`CallError`]: all but [`CallError::Refused`], [`CallError::NotUnderstood`] and those of pages; 502, 503 and 504 are
    /// [`CallError::Refused`].
    pub async fn call(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let limit = self.call_timeout;
        let sent = tokio::time::timeout(limit, self.followed(&call)).await;
        sent.unwrap_or_else(|_| {
            self.breaker.failed(Instant::now());
            Err(CallError::Slow { what: "a call to the upstream", limit })
        })
    }

    async fn followed(&self, call: &Call<'_>) -> Result<Answer, CallError> {
        let mut url = call.url.clone();
        for _ in 0..self.redirects_max {
            let answer = self.tried(call, &url).await?;
            match redirect::target(call, &url, &answer)? {
                Some(next) => url = next,
                None => return Ok(answer),
            }
        }
        let answer = self.tried(call, &url).await?;
        match self.redirects_max > 0 && redirect::target(call, &url, &answer)?.is_some() {
            true => Err(CallError::BadLink("it is one redirect too many".into())),
            false => Ok(answer),
        }
    }

    async fn tried(&self, call: &Call<'_>, url: &Url) -> Result<Answer, CallError> {
        if self.public_only {
            guard::check(url)?;
        }
        let _place = self.places.acquire().await;
        if let Err(wait) = self.breaker.admit(Instant::now()) {
            return Err(CallError::LeftAlone { host: origin(url), wait });
        }
        let done = self.tries(call, url).await;
        // 500 says that the upstream is there: a stranger's bad request may bring it about.
        let failed = match &done {
            Err(CallError::Transport { .. }) => true,
            Err(error) => error.status().is_some_and(away),
            Ok(_) => false,
        };
        match failed {
            true => self.breaker.failed(Instant::now()),
            false => self.breaker.answered(),
        }
        done
    }

    async fn tries(&self, call: &Call<'_>, url: &Url) -> Result<Answer, CallError> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        loop {
            let (error, wait) = match self.once(call, url).await {
                Ok(answer) => return Ok(answer),
                Err(Failed { error, again: Some(wait) }) if tries < TRIES_MAX => (error, wait.unwrap_or(pause)),
                Err(Failed { error, .. }) => return Err(error),
            };
            tracing::debug!(connector_id = self.name, err = %error, "the upstream is asked again");
            sleep(wait).await;
            tries += 1;
            pause *= 4;
        }
    }

    async fn once(&self, call: &Call<'_>, url: &Url) -> Result<Answer, Failed> {
        let host = origin(url);
        let response = match self.request(call, url)?.send().await {
            Ok(response) => response,
            Err(error) => {
                let again = (error.is_connect() || call.method == Method::GET).then_some(None);
                let cause = chain(&error);
                return Err(Failed { error: CallError::Transport { method: call.method.clone(), host, cause }, again });
            }
        };
        let (status, headers) = (response.status(), response.headers().clone());
        if let Some(after) = rate_limited(status, &headers) {
            let again = after.filter(|after| *after <= RATE_LIMIT_WAIT_MAX).map(Some);
            return Err(Failed { error: CallError::RateLimited { host, status, after }, again });
        }
        let body = body(response, call.body_max, &host).await?;
        let answer = Answer { status, headers, body: body.freeze(), host, secrets: call.secrets.clone() };
        match away(status) {
            false => Ok(answer),
            true => {
                let again = (call.method == Method::GET).then(|| retry_after(&answer.headers));
                let again = again.filter(|after| after.is_none_or(|after| after <= RATE_LIMIT_WAIT_MAX));
                let error = CallError::Refused { status, excerpt: answer.excerpt(), host: answer.host };
                Err(Failed { error, again })
            }
        }
    }

    fn request(&self, call: &Call<'_>, url: &Url) -> Result<reqwest::RequestBuilder, CallError> {
        let mut request = self.http.request(call.method.clone(), url.clone());
        if let Some(value) = call.auth.header()? {
            request = request.header(header::AUTHORIZATION, value);
        }
        for (name, value) in &call.headers {
            request = request.header(name, *value);
        }
        Ok(match &call.body {
            Some(body) => request.body(body.clone()),
            None => request,
        })
    }
}

/// A try that failed; `again` is whether another may be made, and after how long if the upstream said so.
struct Failed {
    error: CallError,
    again: Option<Option<Duration>>,
}

impl From<CallError> for Failed {
    fn from(error: CallError) -> Self {
        Self { error, again: None }
    }
}

/// Statuses of a gateway that does not reach its server, or of a server that is not ready.
fn away(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT)
}

/// Whether the answer says "too many requests", and if so when to come back, if it says that too. GitHub says it by 403.
fn rate_limited(status: StatusCode, headers: &HeaderMap) -> Option<Option<Duration>> {
    let spent = headers.get("x-ratelimit-remaining").is_some_and(|left| left.as_bytes() == b"0");
    match status {
        StatusCode::TOO_MANY_REQUESTS => Some(retry_after(headers)),
        StatusCode::FORBIDDEN if spent || headers.contains_key(header::RETRY_AFTER) => Some(retry_after(headers)),
        _ => None,
    }
}

/// `Retry-After` in seconds (RFC 9110 §10.2.3), or a reset that is a number of seconds. Times of day are left to the operator
/// to read: comparing them would need the upstream's clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let reset = || seconds("ratelimit-reset").or_else(|| seconds("x-ratelimit-reset"));
    let wait = seconds("retry-after").or_else(reset).filter(|seconds| *seconds <= SECONDS_NOT_TIME_MAX)?;
    Some(Duration::from_secs(wait))
}

async fn body(mut response: reqwest::Response, limit: usize, host: &str) -> Result<BytesMut, CallError> {
    let status = response.status();
    let too_long = || CallError::TooLong { host: host.to_owned(), status, limit };
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(too_long());
    }
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > limit => return Err(too_long()),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(CallError::Truncated { host: host.to_owned(), status, cause: chain(&error) }),
        }
    }
}

/// Scheme, host and port: what of a URL may stand in a log.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers = &'static [(&'static str, &'static str)];

    #[test]
    fn rate_limits_are_told_from_other_refusals() {
        let cases: [(u16, Headers, Option<Option<u64>>); 9] = [
            (429, &[], Some(None)),
            (429, &[("retry-after", "30")], Some(Some(30))),
            (429, &[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")], Some(None)),
            (429, &[("ratelimit-reset", "7")], Some(Some(7))),
            (403, &[("retry-after", "60")], Some(Some(60))),
            (403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1790000000")], Some(None)),
            (403, &[("x-ratelimit-remaining", "17"), ("x-ratelimit-reset", "5")], None),
            (403, &[], None),
            (200, &[("x-ratelimit-remaining", "0")], None),
        ];
        for (status, pairs, expected) in cases {
            let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            let got = rate_limited(StatusCode::from_u16(status).unwrap(), &headers);
            assert_eq!(got, expected.map(|after| after.map(Duration::from_secs)), "{status} {pairs:?}");
        }
    }
}
