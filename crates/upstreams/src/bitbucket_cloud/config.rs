//! The configuration of a `bitbucket-cloud` connector (connectors-platform spec, 7.1).

use dex_connector::UpstreamError;
use dex_upstream_client::Secret;
use serde::Deserialize;
use url::Url;

use crate::forge::{at, base_url};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    #[serde(rename = "clientID")]
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    #[serde(rename = "redirectURI")]
    pub(super) redirect_uri: String,
    #[serde(rename = "baseURL")]
    base_url: String,
    #[serde(rename = "apiURL")]
    api_url: String,
    pub(super) teams: Vec<String>,
    pub(super) get_workspace_permissions: bool,
    include_team_groups: bool,
}

impl Config {
    /// The authorization endpoint, the token endpoint and the root of the API.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] with the key that is no URL.
    pub(super) fn site(&self) -> Result<[Url; 3], UpstreamError> {
        let or = |text: &'_ str, usual: &str| if text.is_empty() { usual.to_owned() } else { text.to_owned() };
        let base = base_url("baseURL", &or(&self.base_url, "https://bitbucket.org"))?;
        let api = base_url("apiURL", &or(&self.api_url, "https://api.bitbucket.org/2.0"))?;
        Ok([at(&base, ["site", "oauth2", "authorize"]), at(&base, ["site", "oauth2", "access_token"]), api])
    }

    /// What the operator should know and no login shows.
    pub(super) fn warn(&self, connector: &str) {
        if self.include_team_groups {
            tracing::warn!(
                connector_id = connector,
                "bitbucket: includeTeamGroups is deprecated and has no effect; the Bitbucket 1.0 API it relied on has been \
                 removed by Atlassian"
            );
        }
        if !self.get_workspace_permissions && self.teams.iter().any(|team| team.contains(':')) {
            tracing::warn!(
                connector_id = connector,
                "bitbucket: teams names a permission, which lets nobody in without getWorkspacePermissions"
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
    fn bitbucket_is_where_it_is_unless_it_is_named() {
        let usual = read_config::<Config>(&json!({"includeTeamGroups": true})).unwrap().site().unwrap();
        assert_eq!(
            usual.map(String::from),
            [
                "https://bitbucket.org/site/oauth2/authorize",
                "https://bitbucket.org/site/oauth2/access_token",
                "https://api.bitbucket.org/2.0",
            ]
        );
        let error = read_config::<Config>(&json!({"apiURL": "x"})).unwrap().site().unwrap_err().to_string();
        assert!(error.ends_with("apiURL is not an http or https URL"), "{error}");
    }
}
