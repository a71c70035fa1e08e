//! The health service of gRPC, `grpc.health.v1.Health`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

/// The names under which the health can be asked for: the server as a whole, and its one service.
const NAMES: [&str; 2] = ["", "api.Dex"];

/// What the health service tells. It outlives a change of the configuration, with those who watch it.
#[derive(Clone)]
pub struct Health {
    reporter: HealthReporter,
    /// What was told last.
    ready: Arc<AtomicBool>,
}

impl Health {
    /// Fit to serve.
    pub async fn new() -> Self {
        let health = Self { reporter: HealthReporter::new(), ready: Arc::new(AtomicBool::new(true)) };
        health.set(ServingStatus::Serving).await;
        health
    }

    /// Tells whether the server is fit to serve. Those who watch hear of it if it is news.
    pub async fn tell(&self, ready: bool) {
        if self.ready.swap(ready, Ordering::SeqCst) != ready {
            self.set(if ready { ServingStatus::Serving } else { ServingStatus::NotServing }).await;
        }
    }

    async fn set(&self, status: ServingStatus) {
        for name in NAMES {
            self.reporter.set_service_status(name, status).await;
        }
    }

    /// Tells those who watch for the last time that the server is not fit to serve, and lets go of them.
    pub async fn end(&self) {
        self.tell(false).await;
        let mut reporter = self.reporter.clone();
        for name in NAMES {
            reporter.clear_service_status(name).await;
        }
    }

    pub(crate) fn service(&self) -> HealthServer<HealthService> {
        HealthServer::new(HealthService::from_health_reporter(self.reporter.clone()))
    }
}
