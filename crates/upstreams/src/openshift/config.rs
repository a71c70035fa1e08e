//! The configuration of an `openshift` connector (connectors-platform spec, 8.1).

use dex_connector::UpstreamError;
use dex_upstream_client::{Client, ClientOptions, Secret};
use serde::Deserialize;
use url::Url;

use crate::forge::{base_url, told};

/// How many redirects of the cluster are followed.
const REDIRECTS_MAX: usize = 5;

/// The keys as they are written.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    issuer: String,
    #[serde(rename = "clientID")]
    client_id: String,
    client_secret: Secret,
    #[serde(rename = "redirectURI")]
    redirect_uri: String,
    groups: Vec<String>,
    #[serde(rename = "insecureCA")]
    insecure_ca: bool,
    #[serde(rename = "rootCA")]
    root_ca: String,
}

impl Config {
    /// The client that believes the cluster's certificate.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`], in Dex's words.
    pub(super) fn client(&self, connector: &str) -> Result<Client, UpstreamError> {
        let options = ClientOptions {
            root_cas: vec![self.root_ca.clone()],
            insecure_skip_verify: self.insecure_ca,
            redirects_max: REDIRECTS_MAX,
            ..ClientOptions::new(connector)
        };
        Client::open(options).map_err(|error| told("failed to create HTTP client", error))
    }
}

/// What the keys come to.
pub(super) struct Rules {
    /// The API server.
    pub(super) issuer: Url,
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) redirect_uri: String,
    pub(super) groups: Vec<String>,
}

impl Rules {
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] for an issuer that is no URL.
    pub(super) fn of(config: Config) -> Result<Self, UpstreamError> {
        Ok(Self {
            issuer: base_url("issuer", &config.issuer)?,
            client_id: config.client_id,
            client_secret: config.client_secret,
            redirect_uri: config.redirect_uri,
            groups: config.groups,
        })
    }
}
