//! The configuration of a `linkedin` connector (connectors-platform spec, 6.1).

use dex_connector::UpstreamError;
use dex_upstream_client::Secret;
use serde::Deserialize;
use url::Url;

use crate::forge::{at, base_url};

/// What is asked for unless something else is configured, as in Dex. Applications made since August 2023 cannot have it.
const USUAL_SCOPES: [&str; 2] = ["r_liteprofile", "r_emailaddress"];

/// The keys as they are written.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    #[serde(rename = "clientID")]
    client_id: String,
    client_secret: Secret,
    #[serde(rename = "redirectURI")]
    redirect_uri: String,
    scopes: Vec<String>,
    #[serde(rename = "baseURL")]
    base_url: String,
    #[serde(rename = "apiURL")]
    api_url: String,
}

/// What the keys come to.
pub(super) struct Rules {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scopes: Vec<String>,
    pub(super) authorize: Url,
    /// The root of the API.
    pub(super) api: Url,
}

impl Rules {
    /// The rules, the token endpoint and the secret for it.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] for roots that are no URLs.
    pub(super) fn of(config: Config) -> Result<(Self, Url, Secret), UpstreamError> {
        let or = |configured: &str, usual: &str| if configured.is_empty() { usual } else { configured }.to_owned();
        let base = base_url("baseURL", &or(&config.base_url, "https://www.linkedin.com"))?;
        let api = base_url("apiURL", &or(&config.api_url, "https://api.linkedin.com"))?;
        let scopes = match config.scopes.is_empty() {
            true => USUAL_SCOPES.map(str::to_owned).to_vec(),
            false => config.scopes,
        };
        let rules = Self {
            client_id: config.client_id,
            redirect_uri: config.redirect_uri,
            scopes,
            authorize: at(&base, ["oauth", "v2", "authorization"]),
            api,
        };
        Ok((rules, at(&base, ["oauth", "v2", "accessToken"]), config.client_secret))
    }

    /// Whether the user is told by OpenID Connect's userinfo.
    pub(super) fn openid(&self) -> bool {
        self.scopes.iter().any(|scope| scope == "openid")
    }
}
