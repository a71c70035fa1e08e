//! `saml`: an identity provider that posts signed assertions (connectors-protocol spec, 6).
//!
//! Owned here: what the connector's keys mean, the identity provider's metadata and when to read it again, which attribute
//! is what of a user, the gate on groups, logging out on both sides, and telling how a response was judged. Not owned: reading and believing messages,
//! which is `dex-saml`'s; that an assertion is used once, which the login sees to by the [`Once`](dex_connector::Once) that
//! comes with it. Control leaves to the identity provider with the browser, and in reading its metadata.

mod config;
mod explain;
mod files;
mod identity;
mod judge;
mod login;
mod logout;
mod metadata;
mod provider;
mod refresh;
mod send;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{Clock, Connector, LoginMethod, Opening, Refresh, UpstreamError, UpstreamLogout};
use dex_saml::{Certificate, DecryptionKey, ServiceProvider, SigningKey, service_provider_metadata};
use dex_upstream_client::read_config;
use url::Url;

use config::{Config, Rules};
pub use explain::{Explained, explain};
use provider::Provider;

/// The connector.
struct Saml {
    rules: Rules,
    provider: Provider,
    /// What our requests are signed with, if they are.
    signing: Option<Arc<SigningKey>>,
    /// What encrypted assertions are opened with.
    decryption: Vec<DecryptionKey>,
    clock: Clock,
}

/// Opens the connector.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] in Dex's words (connectors-protocol spec, 6.2).
pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    Ok(Arc::new(Saml::open(opening)?))
}

impl Saml {
    fn open(opening: &Opening<'_>) -> Result<Self, UpstreamError> {
        let config: Config = read_config(opening.config)?;
        let rules = Rules::of(&config)?;
        let signing = config.signing.as_ref().map(|files| files.signing_key()).transpose()?;
        let decryption = config.decryption.as_ref().map(|files| files.decryption_key()).transpose()?;
        let provider = Provider::of(&config, opening)?;
        Ok(Self {
            rules,
            provider,
            signing: signing.map(Arc::new),
            decryption: decryption.into_iter().collect(),
            clock: opening.clock.clone(),
        })
    }
}

#[async_trait]
impl Connector for Saml {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Redirect(self)
    }

    async fn prepare(&self) -> Result<(), UpstreamError> {
        self.provider.known(self.clock.now()).await?;
        Ok(())
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }

    fn logout(&self) -> Option<&dyn UpstreamLogout> {
        Some(self)
    }

    fn unsolicited(&self) -> Option<&Url> {
        self.rules.unsolicited.as_ref()
    }

    fn metadata(&self, logout: Option<&Url>) -> Option<(&'static str, String)> {
        let provider = ServiceProvider {
            entity_id: &self.rules.audience,
            acs: &self.rules.redirect_uri,
            logout: logout.map(Url::as_str),
            signing: self.signing.as_deref().map(SigningKey::certificate),
            encryption: self.decryption.iter().map(DecryptionKey::certificate).collect::<Vec<&Certificate>>(),
            format: self.rules.format,
        };
        Some(("application/samlmetadata+xml", service_provider_metadata(&provider)))
    }
}
