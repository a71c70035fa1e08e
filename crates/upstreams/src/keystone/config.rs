//! The keys of a `keystone` connector (connectors-protocol spec, 10).

use dex_connector::UpstreamError;
use dex_upstream_client::Secret;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::forge::base_url;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    keystone_host: String,
    domain: String,
    keystone_username: String,
    keystone_password: Secret,
    pub(super) groups: Vec<String>,
    #[serde(rename = "rootCAs")]
    pub(super) root_cas: Vec<String>,
    pub(super) insecure_skip_verify: bool,
}

/// The domain all users are in, as the Identity API takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Domain {
    Id(String),
    Name(String),
}

impl Config {
    /// Keystone's URL, without the version at its end, which some write and the Identity API's own clients want.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] if it is none.
    pub(super) fn root(&self) -> Result<Url, UpstreamError> {
        let mut root = base_url("keystoneHost", &self.keystone_host)?;
        let path = root.path().trim_end_matches('/');
        if let Some(before) = path.strip_suffix("/v3") {
            let before = before.to_owned();
            root.set_path(&before);
        }
        Ok(root)
    }

    /// An id if it looks like one, otherwise a name.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] without one: nobody can log in then.
    pub(super) fn domain(&self) -> Result<Domain, UpstreamError> {
        match self.domain.as_str() {
            "" => Err(UpstreamError::Misconfigured("keystone: domain is missing".into())),
            text if text == "default" || is_uuid(text) => Ok(Domain::Id(text.to_owned())),
            text => Ok(Domain::Name(text.to_owned())),
        }
    }

    /// Name and password of the administrator that reads users at refresh.
    pub(super) fn administrator(&self, connector: &str) -> Option<(String, Secret)> {
        if !self.keystone_username.is_empty() && !self.keystone_password.is_empty() {
            return Some((self.keystone_username.clone(), self.keystone_password.clone()));
        }
        tracing::warn!(
            connector_id = connector,
            "keystone: without keystoneUsername and keystonePassword nobody can be looked up later, so that clients get no \
             refresh tokens"
        );
        None
    }
}

/// Whether Dex's library takes it for a UUID: 32 hexadecimal digits, or with hyphens and then perhaps in braces or as a URN.
fn is_uuid(text: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if text.len() == 32 {
        return hex(text);
    }
    let urn = text.get(..9).filter(|start| start.eq_ignore_ascii_case("urn:uuid:")).and_then(|_| text.get(9..));
    let braced = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let parts: Vec<_> = urn.or(braced).unwrap_or(text).split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| hex(part))
}

#[cfg(test)]
mod tests {
    use dex_upstream_client::read_config;
    use serde_json::json;

    use super::*;

    fn config(key: &str, value: &str) -> Config {
        read_config(&json!({key: value})).unwrap()
    }

    #[test]
    fn a_domain_is_an_id_if_it_looks_like_one() {
        let ids = [
            "default",
            "0123456789abcdef0123456789ABCDEF",
            "01234567-89ab-cdef-0123-456789abcdef",
            "{01234567-89ab-cdef-0123-456789abcdef}",
            "urn:uuid:01234567-89ab-cdef-0123-456789abcdef",
        ];
        let names = [
            "Default",
            "heat",
            "0123456789abcdef0123456789abcdeg",
            "0123456789abcdef0123456789abcde",
            "01234567-89ab-cdef-0123456789abcdef",
            "żółw żółw",
        ];
        for id in ids {
            assert_eq!(config("domain", id).domain().unwrap(), Domain::Id(id.into()));
        }
        for name in names {
            assert_eq!(config("domain", name).domain().unwrap(), Domain::Name(name.into()));
        }
        assert_eq!(json!(Domain::Id("default".into())), json!({"id": "default"}));
        assert_eq!(json!(Domain::Name("heat".into())), json!({"name": "heat"}));
        assert!(config("domain", "").domain().is_err());
    }

    #[test]
    fn keystone_may_be_named_with_its_version() {
        let cases = [
            ("http://k.example:5000", "http://k.example:5000/"),
            ("http://k.example:5000/", "http://k.example:5000/"),
            ("http://k.example:5000/v3", "http://k.example:5000/"),
            ("https://k.example/identity", "https://k.example/identity"),
            ("https://k.example/identity/v3/", "https://k.example/identity"),
        ];
        for (written, expected) in cases {
            assert_eq!(config("keystoneHost", written).root().unwrap().as_str(), expected);
        }
        for written in ["", "k.example:5000"] {
            let error = config("keystoneHost", written).root().unwrap_err().to_string();
            assert!(error.ends_with("keystoneHost is not an http or https URL"), "{error}");
        }
    }
}
