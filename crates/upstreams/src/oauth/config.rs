//! The connector's keys (connectors-protocol spec, 8), and what they come to.

use dex_connector::UpstreamError;
use dex_upstream_client::Secret;
use serde::Deserialize;
use url::Url;

/// The keys as they are written.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    #[serde(rename = "clientID")]
    client_id: String,
    client_secret: Secret,
    #[serde(rename = "redirectURI")]
    redirect_uri: String,
    #[serde(rename = "authorizationURL")]
    authorization_url: String,
    #[serde(rename = "tokenURL")]
    token_url: String,
    #[serde(rename = "userInfoURL")]
    user_info_url: String,
    scopes: Vec<String>,
    #[serde(rename = "rootCAs")]
    pub(super) root_cas: Vec<String>,
    pub(super) insecure_skip_verify: bool,
    insecure_skip_email_verified: bool,
    #[serde(rename = "userIDKey")]
    user_id_key: String,
    claim_mapping: ClaimMapping,
}

/// `claimMapping`: which members of the userinfo answer are what.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ClaimMapping {
    user_name_key: String,
    preferred_username_key: String,
    groups_key: String,
    email_key: String,
    email_verified_key: String,
}

/// What the keys come to.
pub(super) struct Rules {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) authorization_url: Url,
    pub(super) user_info_url: Url,
    pub(super) scopes: Vec<String>,
    pub(super) claims: ClaimRules,
}

/// Which members of the userinfo answer are what.
pub(super) struct ClaimRules {
    pub(super) user_id: String,
    pub(super) username: String,
    pub(super) preferred_username: String,
    pub(super) groups: String,
    pub(super) email: String,
    pub(super) email_verified: String,
    pub(super) skip_email_verified: bool,
}

impl Rules {
    /// The rules, the token endpoint and the client's secret.
    pub(super) fn of(config: Config) -> Result<(Self, Url, Secret), UpstreamError> {
        let mapping = config.claim_mapping;
        let rules = Self {
            authorization_url: endpoint("authorizationURL", &config.authorization_url)?,
            user_info_url: endpoint("userInfoURL", &config.user_info_url)?,
            client_id: config.client_id,
            redirect_uri: config.redirect_uri,
            scopes: config.scopes,
            claims: ClaimRules {
                user_id: or(config.user_id_key, "id"),
                username: or(mapping.user_name_key, "user_name"),
                preferred_username: or(mapping.preferred_username_key, "preferred_username"),
                groups: or(mapping.groups_key, "groups"),
                email: or(mapping.email_key, "email"),
                email_verified: or(mapping.email_verified_key, "email_verified"),
                skip_email_verified: config.insecure_skip_email_verified,
            },
        };
        Ok((rules, endpoint("tokenURL", &config.token_url)?, config.client_secret))
    }
}

fn or(configured: String, usual: &str) -> String {
    if configured.is_empty() { usual.to_owned() } else { configured }
}

fn endpoint(key: &str, text: &str) -> Result<Url, UpstreamError> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err(UpstreamError::Misconfigured(format!("{key} {text:?} is no URL of http or https"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_endpoint_must_be_a_url() {
        for key in ["authorizationURL", "tokenURL", "userInfoURL"] {
            for wrong in ["", "up.example/x", "ftp://up.example/"] {
                let mut config = json!({
                    "authorizationURL": "https://up.example/a", "tokenURL": "https://up.example/t", "userInfoURL": "https://up.example/u",
                });
                assert!(Rules::of(dex_upstream_client::read_config(&config).unwrap()).is_ok());
                config[key] = wrong.into();
                let error = Rules::of(dex_upstream_client::read_config(&config).unwrap()).err().unwrap().to_string();
                assert!(error.contains(key), "{error}");
            }
        }
    }
}
