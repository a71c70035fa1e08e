//! What every stand-in is built from: a server on a port of its own that records what it is asked, fails on demand,
//! and can go down and come back.
//!
//! Owned here: [`Fake`], the faults, the records, TLS, and the OAuth 2.0 endpoints most upstreams share. Not owned: what
//! an upstream answers, which is one file each beside this folder. Control leaves to the router of that file, for every
//! request that no fault answers.

mod fault;
mod oauth;
mod paging;
mod record;
mod refusal;
mod serve;

pub use fault::{Answer, Fault};
pub use oauth::{CLIENT_ID, CLIENT_SECRET, OAuth, Terms, Token};
pub use paging::Page;
pub(crate) use paging::at_page;
pub use record::Recorded;
pub use refusal::Refusal;

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use http::{Request, header};
use tower::ServiceExt;
use url::Url;

use crate::kit::fault::Faults;
use crate::kit::record::Records;
use crate::kit::serve::Serving;

/// A stand-in that answers on a port of this machine until it is dropped.
pub struct Fake {
    url: Url,
    router: Router,
    faults: Arc<Faults>,
    records: Arc<Records>,
    tls: Option<serve::Tls>,
    serving: Mutex<Option<Serving>>,
}

impl Fake {
    /// Answers on a free port. `router` is told the URL under which it will be reached.
    ///
    /// # Errors
    ///
    /// When no port can be had.
    pub async fn start(router: impl FnOnce(&Url) -> Router) -> anyhow::Result<Self> {
        Self::start_at(0, None, router).await
    }

    /// The same on a port that is named; 0 is any free one.
    ///
    /// # Errors
    ///
    /// When the port is taken.
    pub async fn start_on(port: u16, router: impl FnOnce(&Url) -> Router) -> anyhow::Result<Self> {
        Self::start_at(port, None, router).await
    }

    /// Answers over TLS, with a certificate that only [`Fake::ca`] vouches for.
    ///
    /// # Errors
    ///
    /// When no port can be had or no certificate made.
    pub async fn start_tls(router: impl FnOnce(&Url) -> Router) -> anyhow::Result<Self> {
        Self::start_at(0, Some(serve::Tls::new()?), router).await
    }

    async fn start_at(port: u16, tls: Option<serve::Tls>, router: impl FnOnce(&Url) -> Router) -> anyhow::Result<Self> {
        let listener = serve::bind(port).await?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = Url::parse(&format!("{scheme}://{}/", listener.local_addr()?))?;
        let (faults, records) = (Arc::<Faults>::default(), Arc::<Records>::default());
        let router = fault::before(router(&url), faults.clone());
        let router = record::before(router, records.clone());
        let serving = Mutex::new(Some(Serving::start(listener, router.clone(), tls.clone())));
        Ok(Self { url, router, faults, records, tls, serving })
    }

    /// Where it is reached; the path is `/`.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The URL without the slash at its end, as operators write a base URL.
    #[must_use]
    pub fn base(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The certificate that vouches for it, in PEM; `None` without TLS.
    #[must_use]
    pub fn ca(&self) -> Option<&str> {
        self.tls.as_ref().map(serve::Tls::ca)
    }

    /// Fails from now on as told. Faults are tried in the order in which they were added; the first that fits counts.
    pub fn fail(&self, fault: Fault) {
        self.faults.add(fault);
    }

    /// Takes every fault back.
    pub fn heal(&self) {
        self.faults.clear();
    }

    /// What was asked since the start or the last [`Fake::forget`], oldest first; [`Fake::browse`] included.
    #[must_use]
    pub fn recorded(&self) -> Vec<Recorded> {
        self.records.all()
    }

    /// What was asked, as `GET /path?query`, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.recorded().iter().map(Recorded::line).collect()
    }

    /// Forgets what was asked.
    pub fn forget(&self) {
        self.records.clear();
    }

    /// Stops listening and cuts every connection.
    pub async fn go_down(&self) {
        let serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(serving) = serving {
            serving.end().await;
        }
    }

    /// Listens again, on the same port and with the same state.
    ///
    /// # Errors
    ///
    /// When the port was taken meanwhile.
    pub async fn come_back(&self) -> anyhow::Result<()> {
        let port = self.url.port_or_known_default().context("a server has a port")?;
        let serving = Serving::start(serve::bind(port).await?, self.router.clone(), self.tls.clone());
        *self.serving.lock().unwrap_or_else(PoisonError::into_inner) = Some(serving);
        Ok(())
    }

    /// Goes to one of its pages as a browser would, and tells where that redirects to. Works while it is down too.
    ///
    /// # Errors
    ///
    /// When the page does not redirect; the text holds what it answers instead.
    pub async fn browse(&self, page: &Url) -> anyhow::Result<Url> {
        let path = &page[url::Position::BeforePath..url::Position::AfterQuery];
        let request = Request::get(path).body(Body::empty())?;
        let response = self.router.clone().oneshot(request).await?;
        let (head, body) = response.into_parts();
        let Some(to) = head.headers.get(header::LOCATION) else {
            let body = axum::body::to_bytes(body, record::BODY_MAX).await?;
            anyhow::bail!("{} is no redirect: {}", head.status, String::from_utf8_lossy(&body));
        };
        Ok(page.join(to.to_str()?)?)
    }
}
