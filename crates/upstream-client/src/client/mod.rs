//! The HTTP client: one for each connector, so that one upstream's slowness and failures stay its own.
//!
//! Owned here: sending a call within its limits. Not owned: what the answer means. Control leaves to the upstream in
//! [`Client::call`] and comes back with an [`Answer`] of any status, or a [`CallError`].

mod answer;
mod breaker;
mod call;
mod excerpt;
mod guard;
mod options;
mod redirect;
mod send;

use std::future::Future;
use std::time::Duration;

use dex_connector::UpstreamError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use url::Url;

pub use answer::Answer;
pub use call::{Auth, Call};
pub use excerpt::EXCERPT_CHARS_MAX;
pub(crate) use excerpt::one_line;
pub use options::{ClientIdentity, ClientOptions};

use crate::error::CallError;
use breaker::Breaker;

/// How many bytes of a body are read unless the call says otherwise; a token endpoint's answer is a few thousand.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The HTTP client of one connector.
pub struct Client {
    http: reqwest::Client,
    name: String,
    call_timeout: Duration,
    login_timeout: Duration,
    public_only: bool,
    redirects_max: usize,
    places: Semaphore,
    breaker: Breaker,
}

impl Client {
    /// A client that trusts, proves and waits as `options` say. Nobody is asked yet.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] for certificates that cannot be read, in Dex's words.
    pub fn open(options: ClientOptions) -> Result<Self, UpstreamError> {
        Ok(Self {
            http: options.build()?,
            name: options.name,
            call_timeout: options.call_timeout,
            login_timeout: options.login_timeout,
            public_only: options.public_only,
            redirects_max: options.redirects_max,
            places: Semaphore::new(options.concurrent_max),
            breaker: Breaker::default(),
        })
    }

    /// Runs the calls of one login, refresh or exchange within the time that it may take as a whole.
    ///
    /// # Errors
    ///
    /// What `work` fails with, or [`UpstreamError::Unreachable`] when the time is up.
    pub async fn login<T>(&self, work: impl Future<Output = Result<T, UpstreamError>>) -> Result<T, UpstreamError> {
        match tokio::time::timeout(self.login_timeout, work).await {
            Ok(done) => done,
            Err(_) => {
                Err(CallError::Slow { what: "the calls of one login together", limit: self.login_timeout }.into())
            }
        }
    }

    /// Fetches JSON.
    ///
    /// # Errors
    ///
    /// [`CallError`]; any status but 2xx is one.
    pub async fn get_json<T: DeserializeOwned>(&self, url: &Url, auth: Auth<'_>) -> Result<T, CallError> {
        let call = Call::get(url).auth(auth).header(http::header::ACCEPT, "application/json");
        self.call(call).await?.success()?.json()
    }

    /// Posts JSON and reads JSON.
    ///
    /// # Errors
    ///
    /// [`CallError`]; any status but 2xx is one.
    pub async fn post_json<T: DeserializeOwned>(
        &self,
        url: &Url,
        auth: Auth<'_>,
        body: &(impl Serialize + Sync),
    ) -> Result<T, CallError> {
        let call = Call::post(url).auth(auth).header(http::header::ACCEPT, "application/json").json(body)?;
        self.call(call).await?.success()?.json()
    }

    /// Posts a form. The answer may have any status.
    ///
    /// # Errors
    ///
    /// [`CallError`]
    pub async fn post_form(&self, url: &Url, auth: Auth<'_>, fields: &[(&str, &str)]) -> Result<Answer, CallError> {
        let call = Call::post(url).auth(auth).header(http::header::ACCEPT, "application/json").form(fields);
        self.call(call).await
    }
}
