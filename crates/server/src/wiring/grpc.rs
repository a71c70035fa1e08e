//! The management API under a configuration.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use dex_admin::{Health, Options};
use dex_config::{Config, FeatureFlag};
use dex_web::{App, PeerAddr};
use http::{Extensions, HeaderMap};
use prometheus_client::registry::Registry;

use super::Parts;
use crate::logging::{ClientAddress, RequestScope};
use crate::run::ProcessEnv;
use crate::telemetry::{GrpcMetrics, count_calls};
use crate::version;

/// What of the management API stays when the configuration changes.
#[derive(Clone)]
pub struct Management {
    /// What is told of the server's health.
    pub health: Health,
    /// How often what was called.
    pub metrics: GrpcMetrics,
}

impl Management {
    /// Healthy, and nothing called yet.
    pub async fn register(registry: &mut Registry) -> Self {
        Self { health: Health::new().await, metrics: GrpcMetrics::register(registry, dex_admin::methods()) }
    }

    /// What answers the calls.
    pub fn router(&self, parts: &Parts, config: &Config, app: &Arc<App>) -> Router {
        let options = Options {
            version: version::DEX,
            workers: parts.workers.clone(),
            connectors: FeatureFlag::ApiConnectorsCrud.enabled(&ProcessEnv),
            sessions: FeatureFlag::ApiSessionsIdentitiesCrud.enabled(&ProcessEnv),
            reflection: config.grpc.as_ref().is_some_and(|grpc| grpc.reflection),
            configured_connectors: config.connectors.iter().map(|connector| connector.id.clone()).collect(),
            health: self.health.clone(),
        };
        // Whoever changed something shows in the log by address.
        let caller: ClientAddress = Arc::new(|extensions: &Extensions, _: &HeaderMap| {
            extensions.get::<PeerAddr>().and_then(|peer| peer.0).map(|address| address.ip())
        });
        dex_admin::routes(app.clone(), options)
            .layer(from_fn_with_state(self.metrics.clone(), count_calls))
            .layer(RequestScope::new(Some(caller)))
    }
}
