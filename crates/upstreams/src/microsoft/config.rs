//! The configuration of a `microsoft` connector (connectors-platform spec, 5.1).

use dex_connector::UpstreamError;
use dex_upstream_client::Secret;
use serde::Deserialize;
use url::Url;

use crate::forge::{at, base_url};

/// Tenants that stand for many: their users are of no directory whose groups could be asked for.
const MANY_TENANTS: [&str; 3] = ["common", "consumers", "organizations"];

/// Permissions by which groups can be read; a configured one is enough.
const GROUP_SCOPES: [&str; 4] =
    ["directory.read.all", "groupmember.read.all", "group.read.all", "directory.accessasuser.all"];

/// The keys as they are written. `batchGroupLookups` is known and means nothing: names are always looked up in batches.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    #[serde(rename = "clientID")]
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) client_assertion: String,
    #[serde(rename = "redirectURI")]
    pub(super) redirect_uri: String,
    tenant: String,
    only_security_groups: bool,
    groups: Vec<String>,
    group_name_format: String,
    use_groups_as_whitelist: bool,
    email_to_lowercase: bool,
    #[serde(rename = "apiURL")]
    api_url: String,
    #[serde(rename = "graphURL")]
    graph_url: String,
    prompt_type: String,
    domain_hint: String,
    scopes: Vec<String>,
    preferred_username_field: String,
}

impl Config {
    fn tenant(&self) -> &str {
        if self.tenant.is_empty() { "common" } else { &self.tenant }
    }

    /// Where browsers are sent, with what every login tells.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] if `apiURL` is no URL.
    pub(super) fn authorize(&self) -> Result<Url, UpstreamError> {
        let mut url = self.endpoint("authorize")?;
        for (name, value) in [("domain_hint", &self.domain_hint), ("prompt", &self.prompt_type)] {
            if !value.is_empty() {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        Ok(url)
    }

    /// Where codes are redeemed.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] if `apiURL` is no URL.
    pub(super) fn token(&self) -> Result<Url, UpstreamError> {
        self.endpoint("token")
    }

    fn endpoint(&self, name: &str) -> Result<Url, UpstreamError> {
        let usual = "https://login.microsoftonline.com";
        let base = base_url("apiURL", if self.api_url.is_empty() { usual } else { &self.api_url })?;
        Ok(at(&base, [self.tenant(), "oauth2", "v2.0", name]))
    }

    /// What the operator should know and no login shows.
    pub(super) fn warn(&self, connector: &str) {
        if PreferredUsername::of(&self.preferred_username_field).is_none() {
            let field = self.preferred_username_field.as_str();
            tracing::warn!(
                connector_id = connector,
                field,
                "preferred_username left empty. Invalid microsoft field mapped to preferred_username"
            );
        }
        if self.use_groups_as_whitelist && self.groups.is_empty() {
            tracing::warn!(
                connector_id = connector,
                "microsoft: useGroupsAsWhitelist without groups: clients see no groups at all"
            );
        }
    }
}

/// What a group is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupNames {
    DisplayNames,
    Ids,
}

/// Where `preferred_username` comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PreferredUsername {
    None,
    Name,
    Email,
    MailNickname,
    OnPremises,
}

impl PreferredUsername {
    fn of(field: &str) -> Option<Self> {
        Some(match field {
            "" => Self::None,
            "name" => Self::Name,
            "email" => Self::Email,
            "mailNickname" => Self::MailNickname,
            "onPremisesSamAccountName" => Self::OnPremises,
            _ => return None,
        })
    }
}

/// What the keys come to for a user.
pub(super) struct Rules {
    /// Whether all users are of one directory.
    pub(super) one_tenant: bool,
    pub(super) graph: Url,
    pub(super) scopes: Vec<String>,
    pub(super) groups: Vec<String>,
    /// Whether clients see no groups but those of the gate.
    pub(super) required_only: bool,
    pub(super) security_groups_only: bool,
    pub(super) group_names: GroupNames,
    pub(super) lower_case_email: bool,
    pub(super) preferred_username: PreferredUsername,
}

impl Rules {
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`], in Dex's words where Dex checks it; and for a gate on groups that cannot be checked,
    /// because users come from many directories.
    pub(super) fn of(config: &Config) -> Result<Self, UpstreamError> {
        let group_names = match config.group_name_format.as_str() {
            "" | "name" => GroupNames::DisplayNames,
            "id" => GroupNames::Ids,
            other => return Err(UpstreamError::Misconfigured(format!("invalid groupNameFormat: {other}"))),
        };
        let tenant = config.tenant();
        let one_tenant = !MANY_TENANTS.iter().any(|many| tenant.eq_ignore_ascii_case(many));
        if !one_tenant && !config.groups.is_empty() {
            return Err(UpstreamError::Misconfigured(format!(
                "microsoft: groups are configured, which cannot be checked for the tenant {tenant:?}: name your own tenant"
            )));
        }
        let usual = "https://graph.microsoft.com";
        let graph = base_url("graphURL", if config.graph_url.is_empty() { usual } else { &config.graph_url })?;
        let scopes = if config.scopes.is_empty() { vec!["user.read".to_owned()] } else { config.scopes.clone() };
        Ok(Self {
            one_tenant,
            graph,
            scopes,
            groups: config.groups.clone(),
            required_only: config.use_groups_as_whitelist,
            security_groups_only: config.only_security_groups,
            group_names,
            lower_case_email: config.email_to_lowercase,
            preferred_username: PreferredUsername::of(&config.preferred_username_field)
                .unwrap_or(PreferredUsername::None),
        })
    }

    /// Whether a configured scope lets us read groups already. It may be written as a URL of Graph's.
    pub(super) fn scopes_read_groups(&self) -> bool {
        let name = |scope: &str| scope.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        self.scopes.iter().any(|scope| GROUP_SCOPES.contains(&name(scope).as_str()))
    }
}

#[cfg(test)]
mod tests {
    use dex_upstream_client::read_config;
    use serde_json::{Value, json};

    use super::*;

    fn config(keys: &Value) -> Config {
        read_config(keys).unwrap()
    }

    #[test]
    fn what_cannot_be_meant_does_not_open() {
        for (keys, told) in [
            (json!({"groupNameFormat": "upn"}), "invalid groupNameFormat: upn"),
            (json!({"groups": ["a"]}), "cannot be checked for the tenant \"common\""),
            (json!({"groups": ["a"], "tenant": "Consumers"}), "cannot be checked for the tenant \"Consumers\""),
            (json!({"groups": ["a"], "tenant": "organizations"}), "cannot be checked"),
            (json!({"graphURL": "graph.example"}), "graphURL is not an http or https URL"),
        ] {
            let error = Rules::of(&config(&keys)).err().unwrap().to_string();
            assert!(error.contains(told), "{error}");
        }
        assert!(config(&json!({"apiURL": "ftp://x"})).token().is_err());
        assert!(Rules::of(&config(&json!({"groups": ["a"], "tenant": "fjord.example"}))).is_ok());
    }

    #[test]
    fn endpoints_are_those_of_the_tenant() {
        let root = "https://login.microsoftonline.com";
        for (keys, authorize) in [
            (json!({"tenant": null}), format!("{root}/common/oauth2/v2.0/authorize")),
            (json!({"tenant": "organizations"}), format!("{root}/organizations/oauth2/v2.0/authorize")),
            (
                json!({"apiURL": "https://login.example/", "tenant": "t-1", "promptType": "login", "domainHint": "fjord"}),
                "https://login.example/t-1/oauth2/v2.0/authorize?domain_hint=fjord&prompt=login".to_owned(),
            ),
        ] {
            assert_eq!(config(&keys).authorize().unwrap().as_str(), authorize);
        }
        assert_eq!(config(&json!({})).token().unwrap().as_str(), format!("{root}/common/oauth2/v2.0/token"));
    }

    #[test]
    fn a_scope_for_groups_is_known_however_it_is_written() {
        for (scope, expected) in [
            ("GroupMember.Read.All", true),
            ("https://graph.microsoft.com/Directory.Read.All", true),
            ("user.read", false),
            ("user.read.all", false),
        ] {
            assert_eq!(
                Rules::of(&config(&json!({"scopes": [scope]}))).unwrap().scopes_read_groups(),
                expected,
                "{scope}"
            );
        }
    }
}
