//! `bitbucket-cloud`: logins through bitbucket.org (connectors-platform spec, 7).
//!
//! Owned here: the user, the address, the workspaces with the user's permissions in them, and the gate they make, checked at
//! login and refresh whatever scopes the client asked for. Not owned: tokens and their renewal, which is `forge`'s.
//!
//! Control leaves to Bitbucket's API with the user's token and comes back with an [`Identity`].

mod api;
mod config;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{Connector, Identity, Opening, UpstreamError, Wanted};
use dex_upstream_client::{Secret, filter_groups, read_config};
use url::Url;

use self::api::Api;
use self::config::Config;
use crate::forge::{Application, Forge, Layout, Platform, Through, told};

pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    let config: Config = read_config(opening.config)?;
    let [authorize, token, api] = config.site()?;
    config.warn(opening.id);
    let application = Application {
        whose: "bitbucket",
        client_id: config.client_id.clone(),
        client_secret: config.client_secret.clone(),
        redirect_uri: config.redirect_uri.clone(),
        authorize,
        token,
        registered_only: true,
        root_cas: Vec::new(),
    };
    let forge = Forge::open(opening, application)?;
    let (teams, permissions) = (config.teams, config.get_workspace_permissions);
    Ok(Arc::new(Through(BitbucketCloud { forge, api, teams, permissions })))
}

struct BitbucketCloud {
    forge: Forge,
    api: Url,
    teams: Vec<String>,
    permissions: bool,
}

#[async_trait]
impl Platform for BitbucketCloud {
    fn forge(&self) -> &Forge {
        &self.forge
    }

    fn layout(&self) -> Layout {
        Layout::Whole
    }

    fn scopes(&self, _: Wanted) -> Vec<String> {
        ["account", "email"].map(str::to_owned).into()
    }

    fn reads_groups(&self, wanted: Wanted) -> bool {
        wanted.groups || !self.teams.is_empty()
    }

    async fn identity(&self, wanted: Wanted, token: &Secret) -> Result<Identity, UpstreamError> {
        let api = Api { forge: &self.forge, root: &self.api, token };
        let user = api.user().await?;
        let email = api.email().await?;
        let groups = if self.reads_groups(wanted) { self.groups(&api, &user.username).await? } else { Vec::new() };
        Ok(Identity {
            user_id: user.uuid,
            username: user.username,
            preferred_username: String::new(),
            email,
            email_verified: true,
            groups,
            connector_data: Vec::new(),
        })
    }
}

impl BitbucketCloud {
    /// The groups that pass the gate.
    async fn groups(&self, api: &Api<'_>, username: &str) -> Result<Vec<String>, UpstreamError> {
        let mut all = api.workspaces().await?;
        if self.permissions {
            let permissions = self.permissions(api, &all).await?;
            all.extend(permissions);
        }
        if self.teams.is_empty() {
            return Ok(all);
        }
        let kept = filter_groups(&all, &self.teams);
        match kept.is_empty() {
            false => Ok(kept),
            true => {
                Err(UpstreamError::NotInRequiredGroups { user_id: username.to_owned(), groups: self.teams.clone() })
            }
        }
    }

    /// `workspace:permission` for each workspace that tells it. One that does not is passed over, unless the gate is about
    /// permissions and Bitbucket is merely not there: nobody is refused for that.
    async fn permissions(&self, api: &Api<'_>, slugs: &[String]) -> Result<Vec<String>, UpstreamError> {
        let gate_is_about_them = self.teams.iter().any(|team| team.contains(':'));
        let mut all = Vec::new();
        for (slug, permission) in slugs.iter().zip(api.permissions(slugs).await) {
            let error = match permission {
                Ok(permission) => {
                    all.extend(permission.map(|permission| format!("{slug}:{permission}")));
                    continue;
                }
                Err(error) => told("bitbucket: get workspace permission", error),
            };
            if gate_is_about_them && matches!(error, UpstreamError::Unreachable(_)) {
                return Err(error);
            }
            let text = "bitbucket: failed to get permission for workspace, skipping permission suffix";
            tracing::warn!(workspace = slug, err = %error, "{text}");
        }
        Ok(all)
    }
}
