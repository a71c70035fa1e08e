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
use dex_web::{App, Connectors, Issuer, Revoked, Settings};
use http::Request;
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::{Browser, ISSUER, Shown, TestClock, world};

/// How many records of a kind are counted.
const COUNTED_MAX: u32 = 10_000;

/// A dex without a port: the endpoints a test is about, over the memory store unless another is given.
pub struct TestApp {
    /// What the endpoints share.
    pub app: Arc<App>,
    /// The time.
    pub clock: TestClock,
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
        let clock = TestClock::default();
        let store = Store::new(backend.clone());
        world::populate(&store).await;
        let app = Arc::new(App {
            issuer: Issuer::parse(ISSUER).expect("the issuer of all tests is a URL"),
            connectors: Connectors::new(store.clone(), world::opener(store.clone())),
            signer: Arc::new(Signer::default()),
            seals: Arc::default(),
            revoked: Arc::new(Revoked::default()),
            discovery: dex_web::ReadyDocument::default(),
            attempts: Arc::default(),
            pages: Arc::new(pages()),
            clock: clock.for_app(),
            settings,
            store,
        });
        make_keys(&app).await;
        let router = routes(&app);
        Self { app, clock, backend, router }
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
