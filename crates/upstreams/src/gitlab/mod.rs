//! `gitlab`: logins through gitlab.com or an own instance (connectors-platform spec, 3).
//!
//! Owned here: the user, the groups with the user's roles in them, and the gate they make, checked at login, refresh and
//! token exchange whatever scopes the client asked for. Not owned: tokens and their renewal, which is `forge`'s.
//!
//! Control leaves to GitLab's API with the user's token and comes back with an [`Identity`].

mod api;
mod config;
mod roles;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{Connector, Identity, Opening, SubjectToken, TokenIdentity, UpstreamError, Wanted};
use dex_upstream_client::{Secret, filter_groups, read_config};
use url::Url;

use self::api::{Api, Group, User};
use self::config::Config;
use self::roles::UserInfo;
use crate::forge::{Application, Forge, Layout, Platform, Through, at};

pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    let config: Config = read_config(opening.config)?;
    let (base, root_cas) = (config.base()?, config.root_cas()?);
    config.warn(opening.id);
    let application = Application {
        whose: "gitlab",
        client_id: config.client_id.clone(),
        client_secret: config.client_secret.clone(),
        redirect_uri: config.redirect_uri.clone(),
        authorize: at(&base, ["oauth", "authorize"]),
        token: at(&base, ["oauth", "token"]),
        registered_only: false,
        root_cas,
    };
    Ok(Arc::new(Through(GitLab { forge: Forge::open(opening, application)?, base, config })))
}

struct GitLab {
    forge: Forge,
    base: Url,
    config: Config,
}

#[async_trait]
impl Platform for GitLab {
    fn forge(&self) -> &Forge {
        &self.forge
    }

    fn layout(&self) -> Layout {
        Layout::GitLab
    }

    fn scopes(&self, wanted: Wanted) -> Vec<String> {
        let groups = self.reads_groups(wanted).then_some("openid");
        let inherited = groups.filter(|_| self.config.inherited_groups).map(|_| "read_api");
        ["read_user"].into_iter().chain(groups).chain(inherited).map(str::to_owned).collect()
    }

    fn reads_groups(&self, wanted: Wanted) -> bool {
        wanted.groups || !self.config.groups.is_empty()
    }

    async fn identity(&self, wanted: Wanted, token: &Secret) -> Result<Identity, UpstreamError> {
        let api = Api { forge: &self.forge, root: &self.base, token };
        let user = api.user().await?;
        if let Some(state) = user.state.as_deref().filter(|state| !matches!(*state, "" | "active")) {
            return Err(UpstreamError::Denied(format!("gitlab: the account is {state:?}")));
        }
        let groups = if self.reads_groups(wanted) { self.groups(&api, &user).await? } else { Vec::new() };
        let (verified, email) = (user.confirmed(), user.email.unwrap_or_default());
        let username = user.name.filter(|name| !name.is_empty()).unwrap_or_else(|| email.clone());
        Ok(Identity {
            user_id: if self.config.use_login_as_id { user.username.clone() } else { user.id.to_string() },
            username,
            preferred_username: user.username,
            email,
            email_verified: verified,
            groups,
            connector_data: Vec::new(),
        })
    }

    fn token_identity(&self) -> Option<&dyn TokenIdentity> {
        Some(self)
    }
}

#[async_trait]
impl TokenIdentity for GitLab {
    async fn identify(&self, token: SubjectToken<'_>) -> Result<Identity, UpstreamError> {
        let (SubjectToken::Access(token) | SubjectToken::Id(token)) = token;
        let token = Secret::new(token);
        let work = async {
            // Without an application of ours every token is as good.
            if !self.forge.client_id().is_empty() {
                Api { forge: &self.forge, root: &self.base, token: &token }.expect_ours().await?;
            }
            self.identity(Wanted { offline_access: false, groups: true }, &token).await
        };
        self.forge.in_turn(work).await
    }
}

impl GitLab {
    /// The groups that pass the gate.
    async fn groups(&self, api: &Api<'_>, user: &User) -> Result<Vec<String>, UpstreamError> {
        let all = match (self.config.inherited_groups, self.config.get_groups_permission) {
            (false, false) => api.userinfo().await?.groups(),
            (false, true) => with_roles(&api.userinfo().await?),
            (true, false) => api.groups().await?.iter().filter_map(|group| group.name().map(str::to_owned)).collect(),
            (true, true) => {
                let groups = api.groups().await?;
                inherited_with_roles(api, &groups, user.id).await?
            }
        };
        if self.config.groups.is_empty() {
            return Ok(all);
        }
        let kept = filter_groups(&all, &self.config.groups);
        match kept.is_empty() {
            false => Ok(kept),
            true => Err(UpstreamError::NotInRequiredGroups {
                user_id: user.username.clone(),
                groups: self.config.groups.clone(),
            }),
        }
    }
}

/// The direct groups, then `group:role` for each whose role is told.
fn with_roles(info: &UserInfo) -> Vec<String> {
    let mut all = info.groups();
    let roles: Vec<_> = all.iter().filter_map(|group| info.role(group).map(|role| format!("{group}:{role}"))).collect();
    all.extend(roles);
    all
}

/// All groups, then `group:role`: first those userinfo tells, then those that had to be asked for.
async fn inherited_with_roles(api: &Api<'_>, groups: &[Group], user: i64) -> Result<Vec<String>, UpstreamError> {
    let info = api.userinfo().await?;
    let named: Vec<_> = groups.iter().filter_map(|group| Some((group, group.name()?))).collect();
    let mut all: Vec<_> = named.iter().map(|(_, name)| (*name).to_owned()).collect();
    all.extend(named.iter().filter_map(|(_, name)| info.role(name).map(|role| format!("{name}:{role}"))));
    let rest: Vec<_> = named.into_iter().filter(|(_, name)| info.role(name).is_none()).collect();
    let asked = api.roles(&rest.iter().map(|(group, _)| *group).collect::<Vec<_>>(), user).await?;
    all.extend(rest.iter().zip(asked).filter_map(|((_, name), role)| role.map(|role| format!("{name}:{role}"))));
    Ok(all)
}
