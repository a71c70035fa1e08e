//! From a checked configuration to the running parts.
//!
//! Owns the wiring: which back end is opened, what is laid over it, what the endpoints are told, which loops run.
//! Knows every room; decides nothing about the protocol. Control leaves by [`Parts`] and the [`Router`](axum::Router)
//! made of them.

mod app;
mod fixed;
mod grpc;
mod logouts;
mod loops;
mod real_ip;
mod report;
mod routes;
mod settings;
mod signing;
mod storage;

pub use app::Parts;
pub use grpc::Management;
pub use real_ip::client_address;
pub use report::{config_records, log_settings};
pub use routes::router;
pub use signing::Signing;
pub(crate) use storage::open_as_found as open_storage;

use dex_config::{Feature, Supported};

/// What this build can do. A key beyond it stops the start.
pub fn supported() -> Supported<'static> {
    const KINDS: &[&str] = &connector_kinds();
    Supported {
        connector_kinds: KINDS,
        storage_kinds: &["memory", "sqlite3", "postgres", "mysql", "etcd", "kubernetes"],
        signer_kinds: &["local", "vault"],
        signer_algorithms: &["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"],
        authenticator_kinds: &["TOTP", "WebAuthn"],
        features: &[
            Feature::UnixSockets,
            Feature::Https,
            Feature::ResponseHeaders,
            Feature::Cors,
            Feature::ClientRemoteIp,
            Feature::Telemetry,
            Feature::Profiling,
            Feature::Grpc,
            Feature::GrpcReflection,
            Feature::FrontendDir,
            Feature::ExcludeFields,
            Feature::PasswordGrant,
            Feature::IntrospectionAuthentication,
            Feature::ClientCredentialsClaims,
            Feature::EntStorage,
            Feature::Mfa,
            Feature::Sessions,
        ],
    }
}

const fn connector_kinds() -> [&'static str; dex_upstreams::KINDS.len()] {
    let mut names = [""; dex_upstreams::KINDS.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = dex_upstreams::KINDS[at].0;
        at += 1;
    }
    names
}
