//! The keys of an `atlassian-crowd` connector (connectors-protocol spec, 11).

use dex_connector::UpstreamError;
use dex_upstream_client::Secret;
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
    pub(super) groups: Vec<String>,
    preferred_username_field: String,
    pub(super) username_prompt: String,
    #[serde(rename = "rootCAs")]
    pub(super) root_cas: Vec<String>,
}

/// What of a user becomes `preferred_username`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PreferredUsername {
    Key,
    Name,
    Email,
    Nothing,
}

impl Config {
    /// Crowd's URL with its context path.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] if it is none.
    pub(super) fn root(&self) -> Result<Url, UpstreamError> {
        if self.base_url.is_empty() {
            return Err(UpstreamError::Misconfigured("crowd: no baseURL provided for crowd connector".into()));
        }
        base_url("baseURL", &self.base_url)
    }

    pub(super) fn preferred_username(&self, connector: &str) -> PreferredUsername {
        match self.preferred_username_field.as_str() {
            "key" => PreferredUsername::Key,
            "name" => PreferredUsername::Name,
            "email" => PreferredUsername::Email,
            "" => PreferredUsername::Nothing,
            other => {
                tracing::warn!(
                    connector_id = connector,
                    field = other,
                    "crowd: preferred_username stays empty, because preferredUsernameField is none of key, name and email"
                );
                PreferredUsername::Nothing
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dex_upstream_client::read_config;
    use serde_json::json;

    use super::*;

    #[test]
    fn crowd_must_be_somewhere() {
        let cases = [
            (json!({}), "crowd: no baseURL provided for crowd connector"),
            (json!({"baseURL": "crowd.example"}), "baseURL is not an http or https URL"),
        ];
        for (config, text) in cases {
            let error = read_config::<Config>(&config).unwrap().root().unwrap_err().to_string();
            assert!(error.ends_with(text), "{error}");
        }
    }

    #[test]
    fn an_unknown_field_is_none() {
        let cases = [
            ("key", PreferredUsername::Key),
            ("name", PreferredUsername::Name),
            ("email", PreferredUsername::Email),
            ("", PreferredUsername::Nothing),
            ("Name", PreferredUsername::Nothing),
        ];
        for (field, expected) in cases {
            let config: Config = read_config(&json!({"preferredUsernameField": field})).unwrap();
            assert_eq!(config.preferred_username("crowd"), expected, "{field}");
        }
    }
}
