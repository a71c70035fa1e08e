//! The configuration of a `gitlab` connector (connectors-platform spec, 3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_connector::UpstreamError;
use dex_upstream_client::{Secret, certificates};
use serde::Deserialize;
use url::Url;

use crate::forge::base_url;

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
    pub(super) groups: Vec<String>,
    #[serde(rename = "useLoginAsID")]
    pub(super) use_login_as_id: bool,
    pub(super) get_groups_permission: bool,
    pub(super) inherited_groups: bool,
    #[serde(rename = "rootCAData")]
    root_ca_data: String,
}

impl Config {
    /// The root of the instance.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] if it is no URL.
    pub(super) fn base(&self) -> Result<Url, UpstreamError> {
        base_url("baseURL", if self.base_url.is_empty() { "https://gitlab.com" } else { &self.base_url })
    }

    /// The authorities to trust, in PEM.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`], in Dex's words.
    pub(super) fn root_cas(&self) -> Result<Vec<String>, UpstreamError> {
        let unbroken: String = self.root_ca_data.split_ascii_whitespace().collect();
        if unbroken.is_empty() {
            return Ok(Vec::new());
        }
        let decoded = STANDARD.decode(unbroken).map_err(|error| {
            UpstreamError::Misconfigured(format!("parse connector config: illegal base64 data in rootCAData: {error}"))
        })?;
        let no_certificate = || UpstreamError::Misconfigured("gitlab: invalid rootCAData".into());
        let pem = String::from_utf8(decoded).map_err(|_| no_certificate())?;
        certificates(std::slice::from_ref(&pem)).map_err(|_| no_certificate())?;
        Ok(vec![pem])
    }

    /// What the operator should know and no login shows.
    pub(super) fn warn(&self, connector: &str) {
        if self.use_login_as_id {
            tracing::warn!(
                connector_id = connector,
                "gitlab: useLoginAsID is set: whoever takes over a username that somebody gave up becomes that user here"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use dex_upstream_client::read_config;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_root_certificate_is_base64_of_pem() {
        let none = STANDARD.encode("no certificate");
        let cases = [
            (json!({"rootCAData": "§§"}), "parse connector config: illegal base64 data"),
            (json!({"rootCAData": none}), "gitlab: invalid rootCAData"),
        ];
        for (config, told) in cases {
            let error = read_config::<Config>(&config).unwrap().root_cas().unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
        assert!(read_config::<Config>(&json!({"rootCAData": null})).unwrap().root_cas().unwrap().is_empty());
    }

    #[test]
    fn the_instance_is_gitlab_com_unless_it_is_named() {
        for (config, base) in [
            (json!({"baseURL": null}), "https://gitlab.com/"),
            (json!({"BASEURL": "https://git.example/sub/"}), "https://git.example/sub/"),
        ] {
            assert_eq!(read_config::<Config>(&config).unwrap().base().unwrap().as_str(), base);
        }
    }
}
