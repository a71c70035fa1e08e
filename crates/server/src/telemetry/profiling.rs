//! `/debug/pprof/*`: what can honestly be said of a program that is not Go.
//!
//! There is no sampling profiler inside: one that unwinds the stack in a signal handler can crash
//! the process, which an identity provider must not risk for a picture. The kernel's profilers see
//! this process as well, from outside.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;

const INDEX: &str = "\
/debug/pprof/

cmdline   the command line of this process, arguments separated by NUL
metrics   CPU, memory and files are in /metrics (process_*)

Profiles are taken from outside: perf record -g -p PID, or any eBPF profiler.
";

/// What names there are in Go, and not here.
const ABSENT: &str = "\
this program has no Go runtime and no built-in profiler; \
take profiles from outside (perf record -g -p PID), figures from /metrics\n";

pub(super) fn router() -> Router {
    Router::new()
        .route("/debug/pprof/", get(INDEX))
        .route("/debug/pprof/cmdline", get(cmdline))
        .route("/debug/pprof/{profile}", get(absent).post(absent))
}

async fn cmdline() -> String {
    let arguments: Vec<_> = std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect();
    arguments.join("\0")
}

async fn absent(Path(profile): Path<String>) -> Response {
    match profile.as_str() {
        "profile" | "symbol" | "trace" | "heap" | "goroutine" | "allocs" | "block" | "mutex" | "threadcreate" => {
            (StatusCode::NOT_IMPLEMENTED, ABSENT).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
