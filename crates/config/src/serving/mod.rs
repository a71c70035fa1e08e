//! What the process shows the world: listeners, pages and log.
//!
//! Owns the sections `web`, `telemetry`, `grpc`, `frontend` and `logger`, and what addresses and
//! TLS versions are. Opens nothing. Control leaves it as typed sections; what is wrong lands in
//! the report.

pub(crate) mod address;
pub(crate) mod frontend;
pub(crate) mod grpc;
pub(crate) mod logger;
pub(crate) mod telemetry;
pub(crate) mod tls;
pub(crate) mod web;
