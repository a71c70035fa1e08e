//! What an operator's machines ask: are you alive, are you ready, how much of what was done.
//!
//! Owns the telemetry router (`/healthz`, `/metrics`, `/debug/pprof`), the registry of health
//! checks and the metrics Dex has about HTTP, gRPC, the build and the process. Does not own the metrics of
//! other rooms, which register their own in the same [`Registry`]. `go_*` metrics are left out: a
//! program that has no garbage collector and no goroutines has nothing honest to say there.

mod exposition;
mod grpc_metrics;
mod health;
mod http_metrics;
mod process;
mod profiling;
mod routes;

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

pub use exposition::encode;
pub use grpc_metrics::{GrpcMetrics, count_calls};
pub use health::{CHECK_EVERY, Health};
pub use http_metrics::{HttpMetrics, MeasureRequests};
pub use process::ProcessCollector;
pub use routes::{Telemetry, router};

use crate::version;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BuildInfo {
    go_version: &'static str,
    platform: String,
    version: &'static str,
}

/// A registry with `dex_build_info` and the `process_*` metrics.
#[must_use]
pub fn new_registry() -> Registry {
    let mut registry = Registry::default();
    let info = Family::<BuildInfo, Gauge<u64, AtomicU64>>::default();
    // The label is Dex's; what stands there is the compiler we were built by.
    let labels = BuildInfo {
        go_version: version::COMPILER,
        platform: format!("{}/{}", std::env::consts::OS, version::go_arch()),
        version: version::DEX,
    };
    info.get_or_create(&labels).set(1);
    registry.register("dex_build_info", "A metric with a constant '1' value, labelled by version", info);
    registry.register_collector(Box::new(ProcessCollector));
    registry
}
