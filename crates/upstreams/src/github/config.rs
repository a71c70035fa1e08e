//! The configuration of a `github` connector (connectors-platform spec, 2.1).

use dex_connector::UpstreamError;
use dex_upstream_client::Secret;
use serde::Deserialize;
use url::Url;

use super::emails::Choice;
use super::groups::{Groups, TeamNames};
use crate::forge::{Org, at, base_url};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    #[serde(rename = "clientID")]
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    #[serde(rename = "redirectURI")]
    pub(super) redirect_uri: String,
    org: String,
    orgs: Vec<Org>,
    host_name: String,
    #[serde(rename = "baseURL")]
    base_url: String,
    #[serde(rename = "apiURL")]
    api_url: String,
    #[serde(rename = "rootCA")]
    pub(super) root_ca: String,
    team_name_field: String,
    load_all_groups: bool,
    #[serde(rename = "useLoginAsID")]
    pub(super) use_login_as_id: bool,
    preferred_email_domain: String,
}

/// Where a GitHub is.
pub(super) struct Site {
    pub(super) authorize: Url,
    pub(super) token: Url,
    pub(super) api: Url,
}

/// What the configuration comes to.
pub(super) struct Settings {
    pub(super) site: Site,
    pub(super) groups: Groups,
    pub(super) emails: Choice,
}

impl Config {
    /// Checks everything, in Dex's order.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`], in Dex's words.
    pub(super) fn settings(&self) -> Result<Settings, UpstreamError> {
        if !self.org.is_empty() && !self.orgs.is_empty() {
            return misconfigured("github: cannot use both 'org' and 'orgs' fields simultaneously");
        }
        if self.host_name.contains('/') {
            return misconfigured("invalid hostname: hostname cannot contain `/`");
        }
        if !self.root_ca.is_empty() && self.host_name.is_empty() && self.base_url.is_empty() {
            return misconfigured("invalid connector config: Host name field required for a root certificate file");
        }
        let names = TeamNames::named(&self.team_name_field).ok_or_else(|| {
            UpstreamError::Misconfigured(format!(
                "invalid connector config: unsupported team name field value `{}`",
                self.team_name_field
            ))
        })?;
        if self.preferred_email_domain.ends_with('*') {
            return misconfigured("invalid PreferredEmailDomain: glob pattern cannot end with \"*\"");
        }
        Ok(Settings {
            site: self.site()?,
            groups: Groups::new(&self.org, &self.orgs, self.load_all_groups, names),
            emails: Choice {
                preferred_domain: self.preferred_email_domain.clone(),
                all_verified: !self.host_name.is_empty(),
            },
        })
    }

    /// An own instance has its API under a path; `baseURL` and `apiURL` are for hosts that have it elsewhere, as
    /// `api.acme.ghe.com`.
    fn site(&self) -> Result<Site, UpstreamError> {
        let (base, api) = match self.host_name.as_str() {
            "" => ("https://github.com".to_owned(), "https://api.github.com".to_owned()),
            host => (format!("https://{host}"), format!("https://{host}/api/v3")),
        };
        let or = |key: &str, text: &str, usual: &str| match text {
            "" => base_url("hostName", usual),
            text => base_url(key, text),
        };
        let (base, api) = (or("baseURL", &self.base_url, &base)?, or("apiURL", &self.api_url, &api)?);
        let oauth = |page| at(&base, ["login", "oauth", page]);
        Ok(Site { authorize: oauth("authorize"), token: oauth("access_token"), api })
    }

    /// What the operator should know and no login shows.
    pub(super) fn warn(&self, connector: &str) {
        if !self.org.is_empty() {
            tracing::warn!(
                connector_id = connector,
                "github: legacy field 'org' being used. Switch to the newer 'orgs' field structure. People outside {:?} \
                 are refused",
                self.org
            );
        }
        if self.use_login_as_id {
            tracing::warn!(
                connector_id = connector,
                "github: useLoginAsID is set: whoever takes over a login that somebody gave up becomes that user here"
            );
        }
    }
}

fn misconfigured<T>(text: &str) -> Result<T, UpstreamError> {
    Err(UpstreamError::Misconfigured(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use dex_upstream_client::read_config;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_configuration_that_does_not_fit_is_refused_in_dexs_words() {
        let cases = [
            (
                json!({"org": "a", "orgs": [{"name": "b"}], "hostName": "x/y"}),
                "github: cannot use both 'org' and 'orgs' fields simultaneously",
            ),
            (json!({"hostName": "git.example/x"}), "invalid hostname: hostname cannot contain `/`"),
            (
                json!({"rootCA": "/ca.pem", "teamNameField": "x"}),
                "invalid connector config: Host name field required for a root certificate file",
            ),
            (json!({"teamNameField": "id"}), "invalid connector config: unsupported team name field value `id`"),
            (
                json!({"preferredEmailDomain": "acme.*"}),
                "invalid PreferredEmailDomain: glob pattern cannot end with \"*\"",
            ),
            (json!({"apiURL": "api.acme.ghe.com"}), "apiURL is not an http or https URL"),
            (json!({"hostName": "a b"}), "hostName is not an http or https URL"),
        ];
        for (config, told) in cases {
            let config: Config = read_config(&config).unwrap();
            let error = config.settings().map(|_| ()).unwrap_err().to_string();
            assert!(error.ends_with(told), "{error}");
        }
    }

    #[test]
    fn a_github_is_where_its_keys_say() {
        let cases = [
            (json!({}), "https://github.com/login/oauth/access_token", "https://api.github.com/"),
            (
                json!({"hostName": "git.example:8443", "org": null, "orgs": null}),
                "https://git.example:8443/login/oauth/access_token",
                "https://git.example:8443/api/v3",
            ),
            (
                json!({"baseURL": "https://acme.ghe.com/", "apiURL": "https://api.acme.ghe.com"}),
                "https://acme.ghe.com/login/oauth/access_token",
                "https://api.acme.ghe.com/",
            ),
        ];
        for (config, token, api) in cases {
            let config: Config = read_config(&config).unwrap();
            let site = config.settings().unwrap().site;
            assert_eq!((site.token.as_str(), site.api.as_str()), (token, api));
        }
    }
}
