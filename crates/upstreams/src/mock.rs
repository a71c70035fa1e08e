//! `mockCallback` and `mockPassword`, for trying dex and testing clients.

use std::sync::Arc;

use dex_connector::mock::{MockCallback, MockPassword};
use dex_connector::{Connector, Opening, UpstreamError};
use serde_json::Value;

pub(crate) fn open_callback(_: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    Ok(Arc::new(MockCallback))
}

pub(crate) fn open_password(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    let text = |key: &str| opening.config.get(key).and_then(Value::as_str).unwrap_or_default();
    Ok(Arc::new(MockPassword::new(text("username"), text("password"))?))
}
