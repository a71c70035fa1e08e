//! The configuration of a `gitea` connector (connectors-platform spec, 9.1).

use dex_connector::UpstreamError;
use dex_upstream_client::Secret;
use serde::Deserialize;
use url::Url;

use crate::forge::{Org, base_url};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    #[serde(rename = "baseURL")]
    base_url: String,
    #[serde(rename = "clientID")]
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    #[serde(rename = "redirectURI")]
    pub(super) redirect_uri: String,
    #[serde(rename = "rootCA")]
    pub(super) root_ca: String,
    pub(super) orgs: Vec<Org>,
    pub(super) load_all_groups: bool,
    #[serde(rename = "useLoginAsID")]
    pub(super) use_login_as_id: bool,
}

impl Config {
    /// The root of the instance.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] if it is no URL.
    pub(super) fn base(&self) -> Result<Url, UpstreamError> {
        base_url("baseURL", if self.base_url.is_empty() { "https://gitea.com" } else { &self.base_url })
    }

    /// What the operator should know and no login shows.
    pub(super) fn warn(&self, connector: &str) {
        if self.use_login_as_id {
            tracing::warn!(
                connector_id = connector,
                "gitea: useLoginAsID is set: whoever takes over a login that somebody gave up becomes that user here"
            );
        }
        if self.orgs.iter().any(|org| !org.teams.is_empty()) {
            tracing::info!(
                connector_id = connector,
                "gitea: people in none of the listed teams of an organization are refused"
            );
        }
    }
}
