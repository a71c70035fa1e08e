//! The configuration of a `google` connector (connectors-platform spec, 4.1).

use std::collections::BTreeMap;

use dex_connector::UpstreamError;
use dex_upstream_client::Secret;
use serde::Deserialize;
use url::Url;

use crate::forge::base_url;

/// Google's issuer, and where its document is.
const ISSUER: &str = "https://accounts.google.com";

/// The key of `domainToAdminEmail` for domains that are not listed.
pub(super) const ANY_DOMAIN: &str = "*";

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
    hosted_domains: Vec<String>,
    groups: Vec<String>,
    pub(super) service_account_file_path: String,
    domain_to_admin_email: BTreeMap<String, String>,
    admin_email: String,
    pub(super) fetch_transitive_group_membership: bool,
    prompt_type: Option<String>,
    #[serde(rename = "baseURL")]
    base_url: String,
    #[serde(rename = "apiURL")]
    api_url: String,
}

impl Config {
    /// On whose behalf the directory of each domain is read, by the domain in lower case.
    pub(super) fn admins(&self) -> BTreeMap<String, String> {
        let listed = self.domain_to_admin_email.iter();
        let mut admins: BTreeMap<_, _> =
            listed.map(|(domain, admin)| (domain.to_ascii_lowercase(), admin.clone())).collect();
        if !self.admin_email.is_empty() {
            admins.insert(ANY_DOMAIN.to_owned(), self.admin_email.clone());
        }
        admins
    }

    /// The root of each of Google's APIs: of its own host, or all of one that is configured.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] if that is no URL.
    pub(super) fn api(&self, host: &str) -> Result<Url, UpstreamError> {
        base_url("apiURL", if self.api_url.is_empty() { host } else { &self.api_url })
    }
}

/// What the keys come to for a login.
pub(super) struct Rules {
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) redirect_uri: String,
    /// With `openid` in front.
    pub(super) scopes: Vec<String>,
    pub(super) hosted_domains: Vec<String>,
    pub(super) groups: Vec<String>,
    /// `prompt` where a refresh token is wanted; empty sends none.
    pub(super) prompt: String,
}

impl Rules {
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] for a gate on groups without an administrator: it would let everybody in.
    pub(super) fn of(config: &Config, connector: &str) -> Result<Self, UpstreamError> {
        let issuer = if config.base_url.is_empty() { ISSUER } else { config.base_url.trim_end_matches('/') };
        base_url("baseURL", issuer)?;
        if !config.admin_email.is_empty() {
            tracing::warn!(
                connector_id = connector,
                deprecated = true,
                "use \"domainToAdminEmail.*\" option instead of \"adminEmail\""
            );
        }
        let no_admin = config.admins().is_empty();
        if no_admin && !config.service_account_file_path.is_empty() {
            let text = "directory service requires the domainToAdminEmail option to be configured";
            return Err(UpstreamError::Misconfigured(text.into()));
        }
        if no_admin && !config.groups.is_empty() {
            let text = "google: groups are configured, which cannot be checked without domainToAdminEmail";
            return Err(UpstreamError::Misconfigured(text.into()));
        }
        Ok(Self {
            issuer: issuer.to_owned(),
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            redirect_uri: config.redirect_uri.clone(),
            scopes: scopes(&config.scopes, connector),
            hosted_domains: config.hosted_domains.clone(),
            groups: config.groups.clone(),
            prompt: config.prompt_type.clone().unwrap_or_else(|| "consent".into()),
        })
    }

    /// `hd`, by which Google offers only accounts of a domain.
    pub(super) fn hosted_domain(&self) -> Option<&str> {
        match self.hosted_domains.as_slice() {
            [] => None,
            [one] => Some(one),
            _ => Some("*"),
        }
    }
}

/// `openid` and what is configured. `groups` is no scope of Google's: it would refuse the whole login.
fn scopes(configured: &[String], connector: &str) -> Vec<String> {
    if configured.iter().any(|scope| scope == "groups") {
        tracing::warn!(
            connector_id = connector,
            "google: groups is no scope of Google's and is not sent; groups come from the directory, see domainToAdminEmail"
        );
    }
    let usual = ["profile".to_owned(), "email".to_owned()];
    let configured = if configured.is_empty() { &usual } else { configured };
    let sent = configured.iter().filter(|scope| !matches!(scope.as_str(), "openid" | "groups")).cloned();
    std::iter::once("openid".to_owned()).chain(sent).collect()
}

#[cfg(test)]
mod tests {
    use dex_upstream_client::read_config;
    use serde_json::{Value, json};

    use super::*;

    fn rules(keys: &Value) -> Result<Rules, UpstreamError> {
        Rules::of(&read_config(keys).unwrap(), "google")
    }

    #[test]
    fn a_gate_that_cannot_be_checked_does_not_open() {
        let cases = [
            (json!({"groups": ["a"]}), "cannot be checked without domainToAdminEmail"),
            (json!({"serviceAccountFilePath": "/k.json"}), "requires the domainToAdminEmail option"),
            (json!({"baseURL": "accounts.example"}), "baseURL is not an http or https URL"),
        ];
        for (keys, told) in cases {
            let error = rules(&keys).err().unwrap().to_string();
            assert!(error.contains(told), "{error}");
        }
        assert!(rules(&json!({"groups": ["a"], "DomainToAdminEmail": {"*": "admin@team.example"}})).is_ok());
        assert!(rules(&json!({"groups": null, "domainToAdminEmail": null, "promptType": null})).is_ok());
    }

    #[test]
    fn openid_comes_first_and_groups_not_at_all() {
        let cases = [
            (json!({}), "openid profile email"),
            (json!({"scopes": ["email", "openid", "groups"]}), "openid email"),
            (json!({"scopes": ["groups"]}), "openid"),
        ];
        for (keys, expected) in cases {
            assert_eq!(rules(&keys).unwrap().scopes.join(" "), expected);
        }
    }

    #[test]
    fn the_old_key_for_the_administrator_wins_over_the_wildcard() {
        let config: Config = read_config(
            &json!({"AdminEmail": "old@x", "domainToAdminEmail": {"*": "new@x", "Team.Example": "team@x", "none": null}}),
        )
        .unwrap();
        let admins = config.admins();
        assert_eq!(
            (admins["*"].as_str(), admins["team.example"].as_str(), admins["none"].as_str()),
            ("old@x", "team@x", "")
        );
    }
}
