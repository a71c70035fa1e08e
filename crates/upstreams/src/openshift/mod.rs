//! `openshift`: logins with the accounts of an OpenShift cluster (connectors-platform spec, 8).
//!
//! Owned here: finding the cluster's OAuth server, the user with their groups, and the gate they make, checked at login and refresh
//! whatever scopes the client asked for. Not owned: HTTP and the token endpoint, which are `dex-upstream-client`'s.
//!
//! Control leaves to the cluster in [`prepare`](Connector::prepare), at the callback and at a refresh, and comes back with an
//! identity or an [`UpstreamError`].

mod api;
mod config;
mod held;
mod login;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{Clock, Connector, Identity, LoginMethod, Opening, Refresh, UpstreamError};
use dex_upstream_client::{Client, Prepared, TokenEndpoint, filter_groups, read_config};
use url::Url;

use self::config::{Config, Rules};
use self::held::Held;

/// The one user who has no uid: the administrator of a cluster that has no other users yet.
const BOOTSTRAP_ADMIN: &str = "kube:admin";

/// The connector.
struct OpenShift {
    rules: Rules,
    client: Client,
    clock: Clock,
    upstream: Prepared<Upstream>,
}

/// What is known of the cluster's OAuth server once it was asked.
struct Upstream {
    authorize: Url,
    tokens: TokenEndpoint,
    /// Whether it knows PKCE with SHA-256 (RFC 7636).
    pkce: bool,
}

/// Opens the connector.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] for an issuer that is no URL and an authority that cannot be read.
pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    let config: Config = read_config(opening.config)?;
    let client = config.client(opening.id)?;
    let rules = Rules::of(config)?;
    Ok(Arc::new(OpenShift { rules, client, clock: opening.clock.clone(), upstream: Prepared::default() }))
}

#[async_trait]
impl Connector for OpenShift {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Redirect(self)
    }

    async fn prepare(&self) -> Result<(), UpstreamError> {
        self.upstream().await.map(drop)
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }
}

impl OpenShift {
    /// Whose tokens they are, if the gate lets them in. Without `connector_data`.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::NotInRequiredGroups`] if it does not, and whatever asking comes to.
    async fn identity(&self, held: &Held) -> Result<Identity, UpstreamError> {
        let user = self.user(held).await?;
        let (name, uid) = (user.metadata.name, user.metadata.uid.unwrap_or_default());
        if uid.is_empty() && name != BOOTSTRAP_ADMIN {
            return Err(UpstreamError::Unacceptable("openshift: get user: the user has no uid".into()));
        }
        let (groups, required) = (user.groups.unwrap_or_default(), &self.rules.groups);
        if !required.is_empty() && filter_groups(&groups, required).is_empty() {
            return Err(UpstreamError::NotInRequiredGroups { user_id: name, groups: required.clone() });
        }
        Ok(Identity {
            user_id: uid,
            username: name.clone(),
            preferred_username: name.clone(),
            email: name,
            email_verified: false,
            groups,
            connector_data: Vec::new(),
        })
    }
}
