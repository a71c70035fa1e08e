//! Real servers for tests, each on a port of its own, with its data in a folder that goes with it.
//!
//! Owned here: starting a program that is installed on the machine, knowing when it is ready, pausing and ending it.
//! Not owned: installing it, which `cargo xtask setup` does, and everything that is asked of it. A server that cannot be
//! started is an error with the end of its log, never a reason to skip a test.
//!
//! Control leaves to the servers, which run beside the test as processes of their own.

mod apache;
mod etcd;
mod gitea;
mod kdc;
mod keycloak;
mod keystone;
pub mod kube_apiserver;
mod mariadb;
mod oauth2_proxy;
mod oidc_provider;
mod openbao;
mod pages;
mod postgres;
mod process;
mod relay;
mod samba_ad;
mod service;
mod simplesamlphp;
mod slapd;
mod tool;

pub use apache::Apache;
pub use etcd::Etcd;
pub use gitea::Gitea;
pub use kdc::{Kdc, kinit, shown};
pub use keycloak::Keycloak;
pub use keystone::Keystone;
pub use kube_apiserver::KubeApiserver;
pub use mariadb::Mariadb;
pub use oauth2_proxy::{Guard, Oauth2Proxy};
pub use oidc_provider::OidcProvider;
pub use openbao::OpenBao;
pub use postgres::Postgres;
pub use process::{Process, free_port};
pub use relay::Relay;
pub use samba_ad::SambaAd;
pub use simplesamlphp::{ServiceProvider, SimpleSamlPhp};
pub use slapd::{Slapd, TlsFiles};
