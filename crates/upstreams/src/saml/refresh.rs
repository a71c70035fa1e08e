//! A refresh: what was said at the login, said again (connectors-protocol spec, 6.10).

use async_trait::async_trait;
use dex_connector::{Identity, Refresh, UpstreamError, Wanted};
use serde::{Deserialize, Serialize};

use super::Saml;
use super::identity::through_the_gate;

/// The connector's data, as Dex writes it (connectors-protocol spec, 1.6).
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kept {
    #[serde(default)]
    user_id: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    preferred_username: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    email_verified: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
}

impl Kept {
    pub(super) fn of(identity: &Identity) -> Self {
        Self {
            user_id: identity.user_id.clone(),
            username: identity.username.clone(),
            preferred_username: identity.preferred_username.clone(),
            email: identity.email.clone(),
            email_verified: identity.email_verified,
            groups: identity.groups.clone(),
        }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts are JSON")
    }
}

#[async_trait]
impl Refresh for Saml {
    async fn refresh(&self, wanted: Wanted, known: Identity) -> Result<Identity, UpstreamError> {
        if known.connector_data.is_empty() {
            return Err(UpstreamError::Denied("saml: no connector data available for refresh".into()));
        }
        let kept: Kept = serde_json::from_slice(&known.connector_data)
            .map_err(|error| UpstreamError::Denied(format!("saml: failed to unmarshal cached identity: {error}")))?;
        let groups =
            through_the_gate(kept.groups, &self.rules.groups).ok_or_else(|| UpstreamError::NotInRequiredGroups {
                user_id: kept.user_id.clone(),
                groups: self.rules.groups.allowed.clone(),
            })?;
        Ok(Identity {
            user_id: kept.user_id,
            username: kept.username,
            preferred_username: kept.preferred_username,
            email: kept.email,
            email_verified: kept.email_verified,
            groups: if wanted.groups { groups } else { Vec::new() },
            connector_data: known.connector_data,
        })
    }
}
