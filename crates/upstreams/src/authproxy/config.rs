//! The keys of an `authproxy` connector (connectors-protocol spec, 9), and what they come to.

use dex_connector::UpstreamError;
use http::HeaderName;
use serde::Deserialize;

use super::peers::Peers;

/// The keys as they are written.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    user_header: String,
    #[serde(rename = "userIDHeader")]
    user_id_header: String,
    user_name_header: String,
    email_header: String,
    group_header: String,
    group_header_separator: String,
    static_groups: Vec<String>,
    allowed_groups: Vec<String>,
    trusted_proxies: Option<Vec<String>>,
}

/// What the keys come to.
pub(super) struct Rules {
    pub(super) user: HeaderName,
    pub(super) user_id: HeaderName,
    pub(super) user_name: HeaderName,
    pub(super) email: HeaderName,
    pub(super) group: HeaderName,
    pub(super) separator: String,
    pub(super) static_groups: Vec<String>,
    /// Of which a user needs one; none means everybody may enter.
    pub(super) allowed_groups: Vec<String>,
    /// Who is believed; `None` is everybody.
    pub(super) trusted_proxies: Option<Peers>,
}

impl Config {
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] with the key that does not fit.
    pub(super) fn rules(self) -> Result<Rules, UpstreamError> {
        Ok(Rules {
            user: header("userHeader", &self.user_header, "X-Remote-User")?,
            user_id: header("userIDHeader", &self.user_id_header, "X-Remote-User-Id")?,
            user_name: header("userNameHeader", &self.user_name_header, "X-Remote-User-Name")?,
            email: header("emailHeader", &self.email_header, "X-Remote-User-Email")?,
            group: header("groupHeader", &self.group_header, "X-Remote-Group")?,
            separator: match self.group_header_separator.is_empty() {
                true => ",".to_owned(),
                false => self.group_header_separator,
            },
            static_groups: self.static_groups,
            allowed_groups: self.allowed_groups,
            trusted_proxies: self.trusted_proxies.map(|listed| Peers::parse(&listed)).transpose()?,
        })
    }
}

fn header(key: &str, configured: &str, usual: &str) -> Result<HeaderName, UpstreamError> {
    let name = if configured.is_empty() { usual } else { configured };
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| UpstreamError::Misconfigured(format!("{key} {name:?} is no name of an HTTP header")))
}

#[cfg(test)]
mod tests {
    use dex_upstream_client::read_config;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_is_refused_with_its_key() {
        let cases = [
            (json!({"userHeader": "X Remote"}), "userHeader \"X Remote\" is no name of an HTTP header"),
            (json!({"userIDHeader": "X:"}), "userIDHeader"),
            (json!({"userNameHeader": "ü"}), "userNameHeader"),
            (json!({"emailHeader": "a\r\nb"}), "emailHeader"),
            (json!({"groupHeader": "("}), "groupHeader"),
            (json!({"trustedProxies": ["proxy.example"]}), "trustedProxies[0] \"proxy.example\""),
        ];
        for (config, text) in cases {
            let error = read_config::<Config>(&config).unwrap().rules().err().unwrap().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
