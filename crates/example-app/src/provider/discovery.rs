//! The discovery document (OpenID Connect Discovery 1.0 section 3), as far as a client of ours needs it.

use serde::Deserialize;
use url::Url;

use super::http::{Auth, Http, ProviderError};

/// What the provider says about itself. Lists that are absent stay apart from empty ones: the defaults differ.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) jwks_uri: Url,
    pub(crate) userinfo_endpoint: Option<Url>,
    pub(crate) introspection_endpoint: Option<Url>,
    pub(crate) device_authorization_endpoint: Option<Url>,
    pub(crate) end_session_endpoint: Option<Url>,
    pub(crate) grant_types_supported: Option<Vec<String>>,
    pub(crate) scopes_supported: Option<Vec<String>>,
    pub(crate) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    pub(crate) backchannel_logout_supported: bool,
}

impl Metadata {
    fn endpoints(&self) -> impl Iterator<Item = &Url> {
        let always = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        let perhaps = [
            &self.userinfo_endpoint,
            &self.introspection_endpoint,
            &self.device_authorization_endpoint,
            &self.end_session_endpoint,
        ];
        always.into_iter().chain(perhaps.into_iter().flatten())
    }

    /// Whether a refresh token is asked for by the scope `offline_access`, or else by Google's `access_type=offline`.
    pub(crate) fn has_offline_scope(&self) -> bool {
        self.scopes_supported.as_ref().is_none_or(|scopes| scopes.iter().any(|scope| scope == "offline_access"))
    }
}

/// Reads and checks the document. The issuer must be spelled exactly as asked for (section 4.3).
pub(super) async fn read(http: &Http, issuer: &str) -> Result<Metadata, ProviderError> {
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let url = Url::parse(&url).map_err(|_| ProviderError::NotOffered("discovery"))?;
    let metadata: Metadata = http.get(&url, Auth::None).await?.json()?;
    if metadata.issuer != issuer {
        return Err(ProviderError::OtherIssuer { asked: issuer.to_owned(), found: metadata.issuer });
    }
    let strange = metadata.endpoints().find(|url| !matches!(url.scheme(), "http" | "https"));
    match strange.cloned() {
        Some(strange) => Err(ProviderError::BadEndpoint(strange)),
        None => Ok(metadata),
    }
}
