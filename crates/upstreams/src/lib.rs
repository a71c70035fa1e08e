//! Every kind of upstream, one folder each, and the table of kinds.
//!
//! Owned here: opening a connector from its configuration. Not owned: the contract, which is `dex-connector`'s, and
//! the local password database, which needs the store and lives in `dex-web`. An upstream never sees the store.
//!
//! Control leaves to the upstreams, from inside the connectors that are opened here.

mod mock;

use std::sync::Arc;

use dex_connector::{Connector, UpstreamError};

/// Opens a connector from its configuration, a JSON object.
pub type Open = fn(&serde_json::Value) -> Result<Arc<dyn Connector>, UpstreamError>;

/// Every kind of upstream, by the `type` its configuration names.
pub const KINDS: &[(&str, Open)] = &[("mockCallback", mock::open_callback), ("mockPassword", mock::open_password)];

/// Opens a connector of a kind.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] for a kind that is not known or a configuration that does not fit it.
pub fn open(kind: &str, config: &serde_json::Value) -> Result<Arc<dyn Connector>, UpstreamError> {
    let found = KINDS.iter().find(|(name, _)| *name == kind);
    let (_, open) = found.ok_or_else(|| UpstreamError::Misconfigured(format!("unknown connector type {kind:?}")))?;
    open(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_opened_by_name_with_their_own_configuration() {
        let cases = [
            ("mockCallback", "{}", None),
            ("mockPassword", r#"{"username":"u","password":"p"}"#, None),
            ("mockPassword", "{}", Some("no username supplied")),
            ("mockpassword", "{}", Some(r#"unknown connector type "mockpassword""#)),
        ];
        for (kind, config, refused) in cases {
            let opened = open(kind, &serde_json::from_str(config).unwrap());
            match (opened.err().map(|error| error.to_string()), refused) {
                (None, None) => {}
                (Some(error), Some(text)) => assert!(error.ends_with(text), "{error}"),
                (got, expected) => panic!("{kind}: {got:?} for {expected:?}"),
            }
        }
    }
}
