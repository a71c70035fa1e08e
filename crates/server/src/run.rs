//! What `dex serve` and `dex demo` run.
//!
//! Wires the parts together and owns nothing else; control leaves by an [`Ended`].

use std::sync::Arc;

use anyhow::Context;
use arc_swap::ArcSwap;
use axum::Router;
use axum::routing::any;
use jiff::Timestamp;

use crate::cli;
use crate::lifecycle::{Ended, Lifecycle};
use crate::listen::{self, Limits};
use crate::logging::{self, RequestScope};
use crate::telemetry::{self, Health, HttpMetrics, Telemetry};
use crate::version;

/// Runs the server.
pub async fn serve(arguments: cli::Serve) -> Ended {
    let Addresses { http, telemetry } = Addresses {
        http: arguments.web_http_addr,
        telemetry: arguments.telemetry_addr,
    };
    run(Addresses { http, telemetry }).await
}

/// Runs the demo.
pub async fn demo(arguments: cli::Demo) -> Ended {
    run(Addresses {
        http: arguments.web_http_addr,
        telemetry: String::new(),
    })
    .await
}

struct Addresses {
    http: String,
    telemetry: String,
}

async fn run(addresses: Addresses) -> Ended {
    logging::install(wall_clock);
    tracing::info!(
        dex_version = version::DEX,
        go.version = version::COMPILER,
        go.os = std::env::consts::OS,
        go.arch = version::go_arch(),
        "Version info"
    );
    let health = Arc::new(Health::new());
    match start(&addresses, &health).await {
        Ok(lifecycle) => lifecycle.run(&health, async {}).await,
        Err(error) => Ended::Failed(error),
    }
}

async fn start(addresses: &Addresses, health: &Arc<Health>) -> Result<Lifecycle, anyhow::Error> {
    let mut lifecycle = Lifecycle::begin().context("cannot handle signals")?;
    let mut registry = telemetry::new_registry();
    let metrics = HttpMetrics::register(&mut registry);
    if !addresses.telemetry.is_empty() {
        let listener = listen::bind("telemetry", &addresses.telemetry).await?;
        let shown = Telemetry {
            health: health.clone(),
            registry: Arc::new(registry),
            profiling: false,
            now: wall_clock,
        };
        let serving = listen::serve(
            listener,
            cleartext(telemetry::router(shown)),
            lifecycle.stop_last(),
        );
        lifecycle.run_last("telemetry", async { Ok(serving.await?) });
    }
    let listener = listen::bind("http", &addresses.http).await?;
    let app = Router::new()
        .route("/healthz", any("Health check passed"))
        .layer(metrics.layer(""))
        .layer(RequestScope::default());
    let serving = listen::serve(listener, cleartext(app), lifecycle.stop());
    lifecycle.run_beside("http", async { Ok(serving.await?) });
    Ok(lifecycle)
}

fn cleartext(app: Router) -> listen::Serve {
    listen::Serve {
        app: Arc::new(ArcSwap::from_pointee(app)),
        certificates: None,
        cleartext_http2: false,
        limits: Limits::default(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "here the time of day enters the process"
)]
fn wall_clock() -> Timestamp {
    Timestamp::now()
}
