//! What the connector's keys come to.

use dex_connector::UpstreamError;
use dex_oidc::CodeChallengeMethod;
use dex_upstream_client::{ClientAuth, Overrides, Secret};
use regex::Regex;
use url::Url;

use super::config::{Config, DiscoveryOverrides, ModifyGroupNames, NewGroup};

/// How large a compiled `groupsFilter` may get, in bytes.
const GROUPS_FILTER_BYTES_MAX: usize = 1 << 20;

/// Hosts whose token endpoints take no HTTP Basic; those below them as well.
const BASIC_UNSUPPORTED: [&str; 2] = ["okta.com", "oktapreview.com"];

/// What the keys come to.
pub(super) struct Rules {
    pub(super) issuer: String,
    pub(super) issuer_alias: Option<String>,
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) redirect_uri: String,
    pub(super) overrides: Overrides,
    basic_auth_unsupported: Option<bool>,
    /// With `openid` in front.
    pub(super) scopes: Vec<String>,
    pub(super) acr_values: String,
    pub(super) get_user_info: bool,
    /// Sent with offline access; empty sends none.
    pub(super) prompt: String,
    pub(super) pkce: PkceChoice,
    pub(super) sends_nonce: bool,
    /// Whose tokens are exchanged beside those for our client id; `*` is everybody's.
    pub(super) exchange_audiences: Vec<String>,
    pub(super) claims: ClaimRules,
    pub(super) groups: GroupRules,
}

/// How claims become a user.
pub(super) struct ClaimRules {
    /// Empty means `sub`.
    pub(super) user_id_key: String,
    /// Empty means `name` and what stands in for it.
    pub(super) user_name_key: String,
    pub(super) skip_email_verified: bool,
    /// Whether an address is asked for, and so required.
    pub(super) email_required: bool,
    pub(super) mapping_wins: bool,
    /// The mapped claims; empty means none.
    pub(super) preferred_username: String,
    pub(super) email: String,
}

/// How claims become groups.
pub(super) struct GroupRules {
    pub(super) enabled: bool,
    pub(super) allowed: Vec<String>,
    /// The mapped claim; empty means none.
    pub(super) mapped: String,
    pub(super) mapping_wins: bool,
    pub(super) filter: Option<Regex>,
    pub(super) names: ModifyGroupNames,
    pub(super) new: Vec<NewGroup>,
}

/// Which PKCE method is used.
pub(super) enum PkceChoice {
    /// The best one the provider advertises.
    Detect,
    /// This one, whatever the provider says.
    Always(CodeChallengeMethod),
    /// None.
    Off,
}

impl PkceChoice {
    fn of(configured: &str) -> Result<Self, UpstreamError> {
        match (configured, configured.parse()) {
            ("", _) => Ok(Self::Detect),
            ("none", _) => Ok(Self::Off),
            (_, Ok(method)) => Ok(Self::Always(method)),
            _ => Err(misconfigured(format!(
                "oidc: failed to get PKCE AuthCodeOption for CodeChallenge: unknown challenge method ({configured}); write \
                 S256, plain or none"
            ))),
        }
    }

    /// The method for a provider that advertises these.
    pub(super) fn chosen(&self, supported: &[String]) -> Option<CodeChallengeMethod> {
        let has = |method: CodeChallengeMethod| supported.iter().any(|name| name == method.as_str());
        match self {
            Self::Off => None,
            Self::Always(method) => {
                if !supported.is_empty() && !has(*method) {
                    tracing::warn!(
                        method = method.as_str(),
                        "provided PKCEChallenge method not supported by the connector"
                    );
                }
                Some(*method)
            }
            Self::Detect => {
                [CodeChallengeMethod::S256, CodeChallengeMethod::Plain].into_iter().find(|method| has(*method))
            }
        }
    }
}

impl Rules {
    pub(super) fn of(config: Config) -> Result<Self, UpstreamError> {
        if !config.hosted_domains.is_empty() {
            return Err(misconfigured(
                "support for the Hosted domains option had been deprecated and removed, consider switching to the Google \
                 connector",
            ));
        }
        if let Err(error) = http_url(&config.issuer) {
            return Err(misconfigured(format!("issuer {:?} {error}", config.issuer)));
        }
        let scopes = scopes(config.scopes);
        Ok(Self {
            issuer_alias: Some(config.issuer_alias).filter(|alias| !alias.is_empty()),
            overrides: overrides(&config.provider_discovery_overrides)?,
            claims: ClaimRules {
                user_id_key: config.user_id_key,
                user_name_key: config.user_name_key,
                skip_email_verified: config.insecure_skip_email_verified,
                email_required: scopes.iter().any(|scope| scope == "email"),
                mapping_wins: config.override_claim_mapping,
                preferred_username: config.claim_mapping.preferred_username,
                email: config.claim_mapping.email,
            },
            groups: GroupRules {
                enabled: config.insecure_enable_groups,
                allowed: config.allowed_groups,
                mapped: config.claim_mapping.groups,
                mapping_wins: config.override_claim_mapping,
                filter: groups_filter(&config.claim_modifications.filter_group_claims.groups_filter)?,
                names: config.claim_modifications.modify_group_names,
                new: config.claim_modifications.new_group_from_claims,
            },
            issuer: config.issuer,
            client_id: config.client_id,
            client_secret: config.client_secret,
            redirect_uri: config.redirect_uri,
            basic_auth_unsupported: config.basic_auth_unsupported,
            scopes,
            acr_values: config.acr_values.join(" "),
            get_user_info: config.get_user_info,
            prompt: config.prompt_type.unwrap_or_else(|| "consent".into()),
            pkce: PkceChoice::of(&config.pkce_challenge)?,
            sends_nonce: !config.nonce_unsupported,
            exchange_audiences: config.token_exchange_audiences,
        })
    }

    /// How we prove who we are to the token endpoint of a provider that advertises `methods` (spec 7.2 step 5).
    pub(super) fn client_auth(&self, methods: &[String]) -> ClientAuth {
        let host = Url::parse(&self.issuer).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let takes = |method: &str| methods.iter().any(|name| name == method);
        match self.basic_auth_unsupported {
            Some(true) => ClientAuth::Post,
            None if is_at_or_below(&host, &BASIC_UNSUPPORTED) => ClientAuth::Post,
            None if takes("client_secret_post") && !takes("client_secret_basic") => ClientAuth::Post,
            _ => ClientAuth::Detect,
        }
    }
}

fn is_at_or_below(host: &str, domains: &[&str]) -> bool {
    domains.iter().any(|domain| host == *domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

fn overrides(configured: &DiscoveryOverrides) -> Result<Overrides, UpstreamError> {
    let url = |text: &str, key: &str| match text {
        "" => Ok(None),
        text => match http_url(text) {
            Ok(url) => Ok(Some(url)),
            Err(error) => Err(misconfigured(format!("providerDiscoveryOverrides.{key} {error}"))),
        },
    };
    Ok(Overrides {
        authorization_endpoint: url(&configured.auth_url, "authURL")?,
        token_endpoint: url(&configured.token_url, "tokenURL")?,
        jwks_uri: url(&configured.jwks_url, "jwksURL")?,
        userinfo_endpoint: url(&configured.user_info_url, "userInfoURL")?,
        end_session_endpoint: end_session(&configured.end_session_url)?,
    })
}

fn end_session(text: &str) -> Result<Option<Url>, UpstreamError> {
    if text.is_empty() {
        return Ok(None);
    }
    let url =
        Url::parse(text).map_err(|error| misconfigured(format!("oidc: invalid end_session_endpoint: {error}")))?;
    match url.scheme() {
        "http" | "https" => Ok(Some(url)),
        other => Err(misconfigured(format!("oidc: end_session_endpoint must use http or https scheme, got {other:?}"))),
    }
}

fn http_url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Ok(_) => Err("must begin with http:// or https://".into()),
        Err(error) => Err(format!("is no URL: {error}")),
    }
}

/// `openid`, then the configured scopes or `profile` and `email`.
fn scopes(configured: Vec<String>) -> Vec<String> {
    let rest = if configured.is_empty() { vec!["profile".into(), "email".into()] } else { configured };
    let mut scopes = vec!["openid".to_owned()];
    scopes.extend(rest.into_iter().filter(|scope| scope != "openid" && !scope.is_empty()));
    scopes
}

/// A filter that cannot be read would let every group through, so the connector does not open.
fn groups_filter(pattern: &str) -> Result<Option<Regex>, UpstreamError> {
    if pattern.is_empty() {
        return Ok(None);
    }
    let built = regex::RegexBuilder::new(pattern).size_limit(GROUPS_FILTER_BYTES_MAX).build();
    let error = |error| misconfigured(format!("claimModifications.filterGroupClaims.groupsFilter is invalid: {error}"));
    built.map(Some).map_err(error)
}

fn misconfigured(text: impl Into<String>) -> UpstreamError {
    UpstreamError::Misconfigured(text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rules(change: Value) -> Result<Rules, UpstreamError> {
        let mut config = json!({"issuer": "https://up.example"});
        config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        Rules::of(dex_upstream_client::read_config(&config)?)
    }

    #[test]
    fn keys_that_do_not_fit_stop_the_connector() {
        let cases = [
            (json!({"issuer": ""}), "issuer \"\" is no URL"),
            (json!({"issuer": "ldap://x"}), "must begin with http"),
            (json!({"hostedDomains": ["example.com"]}), "consider switching to the Google connector"),
            (json!({"pkceChallenge": "s256"}), "unknown challenge method (s256)"),
            (
                json!({"providerDiscoveryOverrides": {"tokenURL": "token"}}),
                "providerDiscoveryOverrides.tokenURL is no URL",
            ),
            (json!({"providerDiscoveryOverrides": {"endSessionURL": "a b"}}), "oidc: invalid end_session_endpoint"),
            (
                json!({"providerDiscoveryOverrides": {"endSessionURL": "ftp://x/"}}),
                "must use http or https scheme, got \"ftp\"",
            ),
            (json!({"claimModifications": {"filterGroupClaims": {"groupsFilter": "("}}}), "groupsFilter is invalid"),
            (json!({"scopes": "email"}), "scopes: it is not a list"),
        ];
        for (change, told) in cases {
            let error = rules(change).err().unwrap().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn scopes_begin_with_openid_once() {
        let cases = [
            (json!({}), vec!["openid", "profile", "email"]),
            (json!({"scopes": ["groups", "openid"]}), vec!["openid", "groups"]),
        ];
        for (change, expected) in cases {
            assert_eq!(rules(change).unwrap().scopes, expected);
        }
    }

    #[test]
    fn pkce_is_the_best_that_is_offered_or_what_is_configured() {
        use CodeChallengeMethod::{Plain, S256};
        let cases: [(&str, &[&str], Option<CodeChallengeMethod>); 7] = [
            ("", &["plain", "S256"], Some(S256)),
            ("", &["plain"], Some(Plain)),
            ("", &["S512"], None),
            ("", &[], None),
            ("S256", &[], Some(S256)),
            ("plain", &["S256"], Some(Plain)),
            ("none", &["S256"], None),
        ];
        for (configured, offered, expected) in cases {
            let offered: Vec<_> = offered.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(PkceChoice::of(configured).unwrap().chosen(&offered), expected, "{configured} {offered:?}");
        }
    }

    #[test]
    fn the_secret_goes_where_the_provider_takes_it() {
        use ClientAuth::{Detect, Post};
        let cases: [(Value, &[&str], ClientAuth); 9] = [
            (json!({}), &[], Detect),
            (json!({"basicAuthUnsupported": true}), &[], Post),
            (json!({"issuer": "https://dev.oktapreview.com"}), &[], Post),
            (json!({"issuer": "https://dev.okta.com"}), &[], Post),
            (json!({"issuer": "https://okta.com"}), &[], Post),
            (json!({"issuer": "https://dev.oktaaccounts.com"}), &[], Detect),
            (json!({"issuer": "https://notokta.com"}), &[], Detect),
            (json!({"issuer": "https://okta.com", "basicAuthUnsupported": false}), &["client_secret_post"], Detect),
            (json!({}), &["client_secret_post", "private_key_jwt"], Post),
        ];
        for (change, methods, expected) in cases {
            let methods: Vec<_> = methods.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(rules(change.clone()).unwrap().client_auth(&methods), expected, "{change}");
        }
    }
}
