//! A provider that was discovered.

use dex_connector::UpstreamError;
use dex_jose::Algorithm;
use dex_model::Timestamp;
use http::header;
use serde_json::Value;

use super::id_token::{self, Expected};
use super::keys::RemoteKeys;
use super::{Claims, Metadata, Overrides};
use crate::client::{Answer, Auth, Call, Client};

/// A provider: its metadata and its keys.
pub struct Provider {
    /// What it says of itself.
    pub metadata: Metadata,
    keys: RemoteKeys,
}

impl Provider {
    /// Fetches the metadata below `issuer`. With an `alias` the document may name any issuer, and tokens must name the alias.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Unreachable`] when it cannot be asked, [`UpstreamError::Unacceptable`] for a document of another issuer or
    /// one that lacks an endpoint, [`UpstreamError::Misconfigured`] for an issuer that is no URL.
    pub async fn discover(
        client: &Client,
        issuer: &str,
        alias: Option<&str>,
        overrides: &Overrides,
    ) -> Result<Self, UpstreamError> {
        let metadata = Metadata::fetch(client, issuer, alias, overrides).await?;
        Ok(Self { keys: RemoteKeys::new(metadata.jwks_uri.clone()), metadata })
    }

    /// The claims of an ID token that verifies: signature, issuer, audience, times, and what else is `expected`.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Unacceptable`] with the check that failed; [`UpstreamError::Unreachable`] when the keys cannot be had.
    pub async fn verify_id_token(
        &self,
        client: &Client,
        token: &str,
        expected: &Expected<'_>,
        now: Timestamp,
    ) -> Result<Claims, UpstreamError> {
        let verified = self.keys.verify(client, token, &self.metadata.algorithms).await?;
        let claims: Claims = serde_json::from_slice(&verified.payload)
            .map_err(|_| UpstreamError::Unacceptable("oidc: the ID token holds no JSON object".into()))?;
        id_token::check(&claims, verified.algorithm, &self.metadata.issuer, expected, now)?;
        Ok(claims)
    }

    /// The claims of a JWT of the provider's whose signature holds, and nothing else about it is known: the caller checks them.
    ///
    /// # Errors
    ///
    /// As of [`Self::verify_id_token`].
    pub async fn verify_signature(&self, client: &Client, token: &str) -> Result<Claims, UpstreamError> {
        let verified = self.keys.verify(client, token, &Algorithm::ALL).await?;
        serde_json::from_slice(&verified.payload)
            .map_err(|_| UpstreamError::Unacceptable("oidc: the token holds no JSON object".into()))
    }

    /// What userinfo says (OpenID Connect Core §5.3). A signed answer is verified; if it names issuer or audience, they must be
    /// this provider and `client_id`. The caller compares `sub`.
    ///
    /// # Errors
    ///
    /// As of [`Self::verify_id_token`]; [`UpstreamError::Denied`] when the provider does not take the token.
    pub async fn userinfo(&self, client: &Client, token: &str, client_id: &str) -> Result<Claims, UpstreamError> {
        let Some(url) = &self.metadata.userinfo_endpoint else {
            return Err(UpstreamError::Unacceptable("oidc: the provider has no userinfo endpoint".into()));
        };
        let call = Call::get(url).auth(Auth::Bearer(token)).header(header::ACCEPT, "application/json, application/jwt");
        let answer = client.call(call).await?;
        if answer.status == http::StatusCode::UNAUTHORIZED {
            return Err(UpstreamError::Denied(format!("oidc: error loading userinfo: {}", answer.excerpt())));
        }
        let answer = answer.success()?;
        match answer.media_type().as_str() {
            "application/jwt" => self.signed_userinfo(client, &answer, client_id).await,
            _ => Ok(answer.json()?),
        }
    }

    async fn signed_userinfo(
        &self,
        client: &Client,
        answer: &Answer,
        client_id: &str,
    ) -> Result<Claims, UpstreamError> {
        let token =
            std::str::from_utf8(&answer.body).map_err(|_| answer.not_understood("a signed token", "not UTF-8"))?;
        let claims = self.verify_signature(client, token.trim()).await?;
        let issuer = claims.get("iss").and_then(Value::as_str);
        if issuer.is_some_and(|issuer| issuer != self.metadata.issuer) {
            return Err(UpstreamError::Unacceptable("oidc: userinfo is of another issuer".into()));
        }
        let audience = claims.get("aud").filter(|audience| !audience.is_null());
        let for_us = audience.is_none() || id_token::is_for(audience, &[client_id]);
        match for_us {
            true => Ok(claims),
            false => Err(UpstreamError::Unacceptable("oidc: userinfo is for another audience".into())),
        }
    }
}
