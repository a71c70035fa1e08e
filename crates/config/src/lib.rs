//! From a Dex configuration file to a checked, typed [`Config`].
//!
//! Owns the format: YAML as Dex reads it, every key, default and check, variables in the places
//! Dex expands them, feature flags, and the texts an operator gets. Reads no file, opens no
//! storage and no socket, knows no process environment: text and variables are handed in.
//!
//! Control leaves it by [`load`]: a [`Config`] with its warnings, or [`ConfigErrors`] with every
//! problem found. Sections compare with `==`, so that a reload can tell what changed.

#[cfg(test)]
mod documented;
mod duration;
mod env;
mod load;
mod problem;
mod report;
mod secret;
mod serving;
mod storage;
mod support;
mod tokens;
mod tree;
mod users;

pub use env::{Env, FeatureFlag};
pub use load::{Config, Overrides, load};
pub use problem::{ConfigErrors, Location, Origin, Position, Problem, Warning};
pub use secret::Secret;
pub use serving::address::ListenAddress;
pub use serving::frontend::Frontend;
pub use serving::grpc::Grpc;
pub use serving::logger::{LogFormat, LogLevel, Logger};
pub use serving::telemetry::Telemetry;
pub use serving::tls::{TlsFiles, TlsVersion, TlsVersions};
pub use serving::web::{ClientRemoteIp, Web};
pub use storage::{Database, Etcd, Kubernetes, SslFiles, StorageConfig};
pub use support::{Feature, Supported};
pub use tokens::expiry::{Expiry, RefreshTokens};
pub use tokens::oauth2::{CodeChallengeMethod, GrantType, OAuth2, Pkce, ResponseType};
pub use tokens::signer::{Signer, SigningAlgorithm};
pub use users::connector_keys::connector_keys;
pub use users::connectors::{ConnectorConfig, Places};
pub use users::mfa::{Authenticator, AuthenticatorKind, Mfa, WebAuthn};
pub use users::sessions::{Sessions, SsoSharing};
pub use users::static_clients::{RefreshTokenLifetime, StaticClient};
pub use users::static_passwords::StaticPassword;
