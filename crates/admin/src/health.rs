//! The health service of gRPC, `grpc.health.v1.Health`.

use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

/// The names under which the health can be asked for: the server as a whole, and its one service.
const NAMES: [&str; 2] = ["", "api.Dex"];

/// What the health service tells. It outlives a change of the configuration, with those who watch it.
#[derive(Clone)]
pub struct Health(HealthReporter);

impl Health {
    /// Fit to serve.
    pub async fn new() -> Self {
        let health = Self(HealthReporter::new());
        health.tell(true).await;
        health
    }

    /// Tells whether the server is fit to serve.
    pub async fn tell(&self, ready: bool) {
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in NAMES {
            self.0.set_service_status(name, status).await;
        }
    }

    /// Tells those who watch for the last time that the server is not fit to serve, and lets go of them.
    pub async fn end(&self) {
        self.tell(false).await;
        let mut reporter = self.0.clone();
        for name in NAMES {
            reporter.clear_service_status(name).await;
        }
    }

    pub(crate) fn service(&self) -> HealthServer<HealthService> {
        HealthServer::new(HealthService::from_health_reporter(self.0.clone()))
    }
}
