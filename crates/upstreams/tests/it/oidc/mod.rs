//! The `oidc` connector against a provider that says what it is told to.

mod exchange;
mod hostile;
mod keys;
mod login;
mod logout;
mod refresh;

use std::sync::Arc;

use dex_connector::Connector;
use dex_fakes::oidc::Oidc;
use serde_json::{Value, json};

/// A connector for the stand-in with these keys.
fn open(op: &Oidc, keys: &Value) -> Arc<dyn Connector> {
    let mut config = json!({"issuer": op.issuer()});
    config.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    crate::kit::open("oidc", &config).unwrap()
}
