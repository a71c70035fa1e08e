//! The token and device endpoints: client authentication, and what comes back.

use dex_oidc::GrantType;
use serde::Deserialize;

use super::{Auth, Provider, ProviderError};

/// A successful token response (RFC 6749 section 5.1). No `Debug`: it is nothing but secrets.
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    pub(crate) access_token: String,
    pub(crate) token_type: String,
    pub(crate) expires_in: Option<i64>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) id_token: Option<String>,
    pub(crate) scope: Option<String>,
    /// RFC 8693 section 2.2.1.
    pub(crate) issued_token_type: Option<String>,
}

/// A device authorization response (RFC 8628 section 3.2).
#[derive(Deserialize)]
pub(crate) struct DeviceAnswer {
    pub(crate) device_code: String,
    pub(crate) user_code: String,
    pub(crate) verification_uri: String,
    pub(crate) verification_uri_complete: Option<String>,
    pub(crate) expires_in: i64,
    pub(crate) interval: Option<i64>,
}

/// Whether a refusal only means that the user is not finished, and by how much the interval grows, in seconds (section 3.5).
pub(crate) fn device_pending(error: &ProviderError) -> Option<i64> {
    match error.code()? {
        "authorization_pending" => Some(0),
        "slow_down" => Some(5),
        _ => None,
    }
}

impl Provider {
    /// Asks for tokens by `grant` with further parameters.
    ///
    /// # Errors
    ///
    /// [`ProviderError::Refused`] is the provider's decision; the others are accidents.
    pub(crate) async fn token(
        &self,
        grant: GrantType,
        parameters: &[(&str, &str)],
    ) -> Result<TokenAnswer, ProviderError> {
        let mut form = vec![("grant_type", grant.as_str())];
        form.extend(parameters.iter().filter(|(_, value)| !value.is_empty()));
        let auth = if self.client_secret.expose().is_empty() {
            form.push(("client_id", &self.client_id));
            Auth::None
        } else if self.takes_basic() {
            self.basic()
        } else {
            form.push(("client_id", &self.client_id));
            form.push(("client_secret", self.client_secret.expose()));
            Auth::None
        };
        self.http.post(&self.metadata.token_endpoint, &form, auth).await?.json()
    }

    /// Starts a device flow. Dex reads the client's credentials from the body here, never from the header.
    ///
    /// # Errors
    ///
    /// As [`Self::token`].
    pub(crate) async fn device(
        &self,
        scope: &str,
        code_challenge: Option<&str>,
    ) -> Result<DeviceAnswer, ProviderError> {
        let url = self
            .metadata
            .device_authorization_endpoint
            .as_ref()
            .ok_or(ProviderError::NotOffered("device_authorization_endpoint"))?;
        let mut form = vec![("client_id", self.client_id.as_str()), ("scope", scope)];
        if !self.client_secret.expose().is_empty() {
            form.push(("client_secret", self.client_secret.expose()));
        }
        if let Some(challenge) = code_challenge {
            form.extend([("code_challenge", challenge), ("code_challenge_method", "S256")]);
        }
        self.http.post(url, &form, Auth::None).await?.json()
    }

    /// Basic is the default of a document that lists no methods (OpenID Connect Discovery section 3).
    fn takes_basic(&self) -> bool {
        let methods = &self.metadata.token_endpoint_auth_methods_supported;
        methods.as_ref().is_none_or(|list| list.iter().any(|method| method == "client_secret_basic"))
    }
}
