//! The endpoints, with what surrounds all of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use dex_web::{App, PageError, files, not_found};
use http::StatusCode;

use crate::logging::{ClientAddress, RequestScope};
use crate::telemetry::HttpMetrics;

/// Every endpoint under the issuer's path.
pub fn router(app: &Arc<App>, metrics: &HttpMetrics, client_address: Option<ClientAddress>) -> Router {
    let health = Router::new().route(&app.issuer.local("/healthz"), any(healthz)).with_state(app.clone());
    dex_login::routes(app.clone())
        .merge(dex_token::routes(app))
        .merge(health)
        .layer(metrics.layer(app.issuer.path()))
        .merge(files(app))
        .fallback(not_found)
        .layer(RequestScope::new(client_address))
}

/// The health of the main port, for probes that know no telemetry.
async fn healthz(State(app): State<Arc<App>>) -> Response {
    match app.store.ping().await {
        Ok(()) => "Health check passed".into_response(),
        Err(error) => {
            let unhealthy = PageError::new(StatusCode::INTERNAL_SERVER_ERROR, "Health check failed.");
            tracing::error!(err = %error, "health check failed");
            (unhealthy.status, unhealthy.message).into_response()
        }
    }
}
