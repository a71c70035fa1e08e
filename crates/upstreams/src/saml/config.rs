//! The connector's keys (connectors-protocol spec, 6.1), and what they come to.

use std::time::Duration;

use dex_connector::UpstreamError;
use dex_saml::NameIdFormat;
use serde::Deserialize;
use url::Url;

use super::files::KeyFiles;

/// How far the clocks of an identity provider and ours may be apart.
pub(super) const SKEW: Duration = Duration::from_secs(30);

/// The keys as they are written.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    #[serde(rename = "ssoURL")]
    pub(super) sso_url: String,
    #[serde(rename = "redirectURI")]
    redirect_uri: String,
    username_attr: String,
    email_attr: String,
    groups_attr: String,
    groups_delim: String,
    allowed_groups: Vec<String>,
    filter_groups: bool,
    entity_issuer: String,
    pub(super) sso_issuer: String,
    pub(super) ca: String,
    pub(super) ca_data: Option<String>,
    pub(super) insecure_skip_signature_validation: bool,
    #[serde(rename = "nameIDPolicyFormat")]
    name_id_policy_format: String,
    /// Where the identity provider's metadata is: a URL or a file.
    pub(super) metadata: String,
    /// The certificates, one of which signs the metadata.
    #[serde(rename = "metadataCA")]
    pub(super) metadata_ca: String,
    /// `post` or `redirect`.
    pub(super) request_binding: String,
    /// Where it is told of logouts.
    #[serde(rename = "sloURL")]
    pub(super) slo_url: String,
    /// `post` or `redirect`.
    pub(super) slo_binding: String,
    #[serde(rename = "insecureAllowSHA1")]
    pub(super) insecure_allow_sha1: bool,
    /// For reading the metadata.
    #[serde(rename = "rootCAs")]
    pub(super) root_cas: Vec<String>,
    /// Where whoever comes from the identity provider unasked begins an ordinary login.
    idp_initiated_login: String,
    pub(super) signing: Option<KeyFiles>,
    pub(super) decryption: Option<KeyFiles>,
}

/// What the keys come to.
pub(super) struct Rules {
    pub(super) redirect_uri: String,
    /// Our entity id, if one is configured: requests name it.
    pub(super) entity_issuer: Option<String>,
    /// Where whoever comes from the identity provider unasked begins an ordinary login.
    pub(super) unsolicited: Option<Url>,
    /// Whom assertions must be for.
    pub(super) audience: String,
    pub(super) format: NameIdFormat,
    pub(super) username_attr: String,
    pub(super) email_attr: String,
    pub(super) groups: GroupRules,
}

/// Where groups are, and who may enter.
pub(super) struct GroupRules {
    pub(super) attribute: Option<String>,
    pub(super) delimiter: Option<String>,
    pub(super) allowed: Vec<String>,
    pub(super) filter: bool,
}

pub(super) fn misconfigured(text: impl Into<String>) -> UpstreamError {
    UpstreamError::Misconfigured(text.into())
}

/// A text unless it is empty.
pub(super) fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl Rules {
    /// Checks the keys that are not about the identity provider.
    pub(super) fn of(config: &Config) -> Result<Self, UpstreamError> {
        // Metadata says where to log in.
        let sso_url = if config.metadata.is_empty() { &*config.sso_url } else { "-" };
        let required = [
            ("ssoURL", sso_url),
            ("usernameAttr", &config.username_attr),
            ("emailAttr", &config.email_attr),
            ("redirectURI", &config.redirect_uri),
        ];
        let missing: Vec<String> =
            required.iter().filter(|(_, value)| value.is_empty()).map(|(key, _)| format!("{key:?}")).collect();
        match &missing[..] {
            [] => {}
            [one] => return Err(misconfigured(format!("missing required field {one}"))),
            several => return Err(misconfigured(format!("missing required fields [{}]", several.join(" ")))),
        }
        let format = match &*config.name_id_policy_format {
            "" => NameIdFormat::PERSISTENT,
            text => NameIdFormat::parse(text).map_err(|error| misconfigured(error.to_string()))?,
        };
        let entity_issuer = given(&config.entity_issuer);
        let groups = GroupRules {
            attribute: given(&config.groups_attr),
            delimiter: given(&config.groups_delim),
            allowed: config.allowed_groups.clone(),
            filter: config.filter_groups,
        };
        if !groups.allowed.is_empty() && groups.attribute.is_none() {
            return Err(misconfigured("allowedGroups without groupsAttr lets nobody in"));
        }
        let unsolicited = given(&config.idp_initiated_login).map(|text| match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
            _ => Err(misconfigured(format!("idpInitiatedLogin {text:?} is no URL of http or https"))),
        });
        Ok(Self {
            unsolicited: unsolicited.transpose()?,
            audience: entity_issuer.clone().unwrap_or_else(|| config.redirect_uri.clone()),
            entity_issuer,
            redirect_uri: config.redirect_uri.clone(),
            format,
            username_attr: config.username_attr.clone(),
            email_attr: config.email_attr.clone(),
            groups,
        })
    }
}
