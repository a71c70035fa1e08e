//! A whole dex in process.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use dex_jose::Algorithm;
use dex_model::Kind;
use dex_pages::{Frontend, Pages};
use dex_storage::{Backend, Memory, Store};
use dex_web::signing::{Rotation, Signer};
use dex_web::{App, Connectors, Issuer, LogoutNotice, Revoked, SessionSettings, Settings};
use http::Request;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::logouts::Recorded;
use crate::{Browser, ISSUER, Rotating, Shown, TestClock, world};

/// How many records of a kind are counted.
const COUNTED_MAX: u32 = 10_000;

/// A dex without a port: the endpoints a test is about, over the memory store unless another is given.
pub struct TestApp {
    /// What the endpoints share.
    pub app: Arc<App>,
    /// The time.
    pub clock: TestClock,
    /// The upstream behind connectors of the kind `rotating`, of which the test makes one.
    pub rotating: Rotating,
    logouts: Arc<Recorded>,
    backend: Arc<dyn Backend>,
    router: Router,
}

impl TestApp {
    /// A dex with the default settings.
    ///
    /// # Panics
    ///
    /// When it cannot start, as all methods here.
    pub async fn start(routes: impl FnOnce(&Arc<App>) -> Router) -> Self {
        Self::start_with(Settings::default(), routes).await
    }

    /// A dex with these settings.
    ///
    /// # Panics
    ///
    /// When it cannot start.
    pub async fn start_with(settings: Settings, routes: impl FnOnce(&Arc<App>) -> Router) -> Self {
        Self::start_on(Arc::new(Memory::new()), settings, routes).await
    }

    /// A dex whose browsers stay signed in, with the default settings otherwise.
    ///
    /// # Panics
    ///
    /// When it cannot start.
    pub async fn start_with_sessions(routes: impl FnOnce(&Arc<App>) -> Router) -> Self {
        let settings = Settings { sessions: Some(SessionSettings::default()), ..Settings::default() };
        Self::start_with(settings, routes).await
    }

    /// A dex with these settings over another, empty back end.
    ///
    /// # Panics
    ///
    /// When it cannot start.
    pub async fn start_on(
        backend: Arc<dyn Backend>,
        settings: Settings,
        routes: impl FnOnce(&Arc<App>) -> Router,
    ) -> Self {
        world::populate(&Store::new(backend.clone())).await;
        Self::open(backend, (TestClock::default(), Rotating::default()), settings, routes).await
    }

    /// Another replica over the same store, in the same time and with the same upstreams.
    ///
    /// # Panics
    ///
    /// When it cannot start.
    pub async fn beside(&self, routes: impl FnOnce(&Arc<App>) -> Router) -> Self {
        let world = (self.clock.clone(), self.rotating.clone());
        Self::open(self.backend.clone(), world, self.app.settings.clone(), routes).await
    }

    async fn open(
        backend: Arc<dyn Backend>,
        (clock, rotating): (TestClock, Rotating),
        settings: Settings,
        routes: impl FnOnce(&Arc<App>) -> Router,
    ) -> Self {
        let store = Store::new(backend.clone());
        let logouts = Arc::new(Recorded::default());
        let app = Arc::new(App {
            issuer: Issuer::parse(ISSUER).expect("the issuer of all tests is a URL"),
            connectors: Connectors::new(store.clone(), world::opener(store.clone(), rotating.clone())),
            signer: Arc::new(Signer::default()),
            seals: Arc::default(),
            revoked: Arc::new(Revoked::default()),
            logouts: logouts.clone(),
            discovery: dex_web::ReadyDocument::default(),
            attempts: Arc::default(),
            pages: Arc::new(pages()),
            clock: clock.for_app(),
            settings,
            store,
        });
        make_keys(&app).await;
        let router = routes(&app);
        Self { app, clock, rotating, logouts, backend, router }
    }

    /// A new browser without cookies.
    pub fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }

    /// Answers one request, as it comes from the wire.
    ///
    /// # Panics
    ///
    /// When the body of the response does not arrive.
    pub async fn send(&self, request: Request<Body>) -> Shown {
        let address = request.uri().to_string();
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body in memory arrives whole").to_bytes();
        Shown {
            address,
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// The notices of ended sessions since this was last asked, in their order.
    pub fn logouts(&self) -> Vec<LogoutNotice> {
        self.logouts.take()
    }

    /// How many records of all kinds are stored.
    ///
    /// # Panics
    ///
    /// When the store fails.
    pub async fn records(&self) -> usize {
        let mut count = 0;
        for kind in Kind::ALL {
            count += self.records_of(*kind).await;
        }
        count
    }

    /// How many records of a kind are stored.
    ///
    /// # Panics
    ///
    /// When the store fails.
    pub async fn records_of(&self, kind: Kind) -> usize {
        let listed = self.backend.list(kind, None, COUNTED_MAX).await;
        listed.expect("the store answers").len()
    }
}

fn pages() -> Pages {
    let frontend = Frontend { issuer_path: "/dex".into(), ..Frontend::default() };
    Pages::builtin(frontend).expect("our own pages load")
}

/// ES256, whose keys are made in no time.
async fn make_keys(app: &App) {
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let rotation = Rotation { algorithm: Algorithm::ES256, period: hours(6), tokens_valid_for: hours(24) };
    let now = app.clock.now();
    app.signer.tend(&app.store, &rotation, now).await.expect("a signing key is made");
    app.seals.load(&app.store, now).await.expect("a sealing key is made");
}
