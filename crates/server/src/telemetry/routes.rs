//! The routes of the telemetry listener.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};

use super::{Health, exposition, profiling};

/// What the telemetry routes show.
#[derive(Clone)]
pub struct Telemetry {
    /// For `/healthz` and `/healthz/ready`.
    pub health: Arc<Health>,
    /// For `/metrics`.
    pub registry: Arc<Registry>,
    /// Whether `/debug/pprof/` exists.
    pub profiling: bool,
    /// The time of day.
    pub now: fn() -> Timestamp,
}

/// The telemetry router.
pub fn router(telemetry: Telemetry) -> Router {
    let profiling = telemetry.profiling;
    let router = Router::new()
        .route("/healthz", any(ready))
        .route("/healthz/ready", any(ready))
        .route("/healthz/live", any("ok"))
        .route("/metrics", any(metrics))
        .with_state(telemetry);
    if profiling { router.merge(profiling::router()) } else { router }
}

#[derive(Deserialize)]
struct ReadyQuery {
    #[serde(rename = "type")]
    kind: Option<String>,
}

async fn ready(State(telemetry): State<Telemetry>, Query(query): Query<ReadyQuery>) -> Response {
    let results = telemetry.health.results((telemetry.now)());
    let healthy = results.values().all(|result| result.passes());
    let status = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let short = query.kind.as_deref() == Some("short");
    let body = if short {
        let verdict = |passes| if passes { "PASS" } else { "FAIL" };
        let verdicts = results.iter().map(|(name, result)| (*name, verdict(result.passes())));
        tab_indented(&verdicts.collect::<BTreeMap<_, _>>())
    } else {
        tab_indented(&results)
    };
    match body {
        Ok(body) => (status, [(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn tab_indented(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut body = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut body, formatter))?;
    body.push(b'\n');
    Ok(body)
}

async fn metrics(State(telemetry): State<Telemetry>) -> Response {
    match exposition::encode(&telemetry.registry) {
        Ok(text) => ([(CONTENT_TYPE, exposition::CONTENT_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::lifecycle::Stop;

    fn now() -> Timestamp {
        "2026-08-06T15:14:24.123456789Z".parse().expect("a time")
    }

    fn telemetry(health: Arc<Health>) -> Telemetry {
        let registry = Arc::new(crate::telemetry::new_registry());
        Telemetry { health, registry, profiling: true, now }
    }

    async fn get(telemetry: &Telemetry, path: &str) -> (u16, String, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router(telemetry.clone()).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let kind = response.headers().get(CONTENT_TYPE);
        let kind = kind.map_or_else(String::new, |kind| kind.to_str().unwrap().to_owned());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, kind, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Health with a storage check that has just failed with `error`, or never returned.
    async fn checked(error: Option<&str>) -> Arc<Health> {
        let health = Arc::new(Health::new());
        let (trigger, stop) = Stop::new();
        let check = || async {
            if error.is_none() {
                trigger.send_replace(true);
                std::future::pending::<()>().await;
            }
            trigger.send_replace(true);
            error.map_or(Ok(()), Err)
        };
        health.watch("storage", crate::telemetry::CHECK_EVERY, now, check, stop).await;
        health
    }

    #[tokio::test]
    async fn readiness_reads_as_in_dex() {
        let json = "application/json";
        let none = telemetry(Arc::new(Health::new()));
        assert_eq!(get(&none, "/healthz").await, (200, json.into(), "{}\n".into()));

        let pending = telemetry(checked(None).await);
        let body = "{\n\t\"storage\": {\n\t\t\"message\": \"didn't run yet\",\n\t\t\"timestamp\": \"2026-08-06T15:14:24.123456789Z\",\n\t\t\"contiguousFailures\": 0,\n\t\t\"timeOfFirstFailure\": null\n\t}\n}\n";
        assert_eq!(get(&pending, "/healthz/ready").await, (200, json.into(), body.into()));
        let short = "{\n\t\"storage\": \"PASS\"\n}\n";
        assert_eq!(get(&pending, "/healthz/ready?type=short").await.2, short);

        let failed = telemetry(checked(Some("create auth request: disk full")).await);
        let (status, _, body) = get(&failed, "/healthz/ready").await;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 503);
        assert_eq!(body["storage"]["error"]["message"], "create auth request: disk full");
        assert_eq!(body["storage"]["contiguousFailures"], 1);
        assert_eq!(body["storage"]["timeOfFirstFailure"], "2026-08-06T15:14:24.123456789Z");
        assert!(body["storage"]["duration"].as_u64().unwrap() > 0);
        assert_eq!(get(&failed, "/healthz?type=short").await.2, "{\n\t\"storage\": \"FAIL\"\n}\n");
    }

    #[tokio::test]
    async fn shutting_down_fails_readiness_and_not_life() {
        let health = Arc::new(Health::new());
        health.shutting_down();
        let telemetry = telemetry(health);
        assert_eq!(get(&telemetry, "/healthz/ready").await.0, 503);
        let (status, _, body) = get(&telemetry, "/healthz/live").await;
        assert_eq!((status, body.as_str()), (200, "ok"));
    }

    #[tokio::test]
    async fn metrics_name_the_build_and_the_process() {
        let (status, kind, text) = get(&telemetry(Arc::default()), "/metrics").await;
        assert_eq!((status, kind.as_str()), (200, exposition::CONTENT_TYPE));
        assert!(text.contains("\ndex_build_info{go_version=\"rustc"), "{text}");
        for name in [
            "process_cpu_seconds_total",
            "process_resident_memory_bytes",
            "process_virtual_memory_bytes",
            "process_start_time_seconds",
            "process_open_fds",
            "process_max_fds",
        ] {
            assert!(text.contains(&format!("\n# HELP {name} ")), "{name} in {text}");
            assert!(text.contains(&format!("\n{name} ")), "{name} in {text}");
        }
        assert!(!text.contains("# EOF"));
    }

    #[tokio::test]
    async fn profiling_exists_only_when_asked_for_and_says_what_it_cannot() {
        let mut telemetry = telemetry(Arc::default());
        assert_eq!(get(&telemetry, "/debug/pprof/").await.0, 200);
        assert_eq!(get(&telemetry, "/debug/pprof/cmdline").await.0, 200);
        assert_eq!(get(&telemetry, "/debug/pprof/profile?seconds=1").await.0, 501);
        assert_eq!(get(&telemetry, "/debug/pprof/nonsense").await.0, 404);
        telemetry.profiling = false;
        assert_eq!(get(&telemetry, "/debug/pprof/").await.0, 404);
    }
}
