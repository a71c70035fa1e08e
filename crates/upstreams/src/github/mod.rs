//! `github`: logins through github.com, an own instance, or GitHub with data residency (connectors-platform spec, 2).
//!
//! Owned here: the user, the address, the organizations and teams, and the gate they make, checked at login and refresh
//! whatever scopes the client asked for. Not owned: tokens and their renewal, which is `forge`'s.
//!
//! Control leaves to GitHub's API with the user's token and comes back with an [`Identity`].

mod api;
mod config;
mod emails;
mod groups;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{Connector, Identity, Opening, UpstreamError, Wanted};
use dex_upstream_client::{Secret, read_config};
use futures_util::future::try_join_all;
use url::Url;

use self::api::{Api, User};
use self::config::{Config, Settings};
use self::emails::Choice;
use self::groups::Groups;
use crate::forge::{Application, Forge, Layout, Org, Platform, Through};

/// How many memberships are asked for at once.
const MEMBERSHIPS_AT_ONCE: usize = 8;

pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    let config: Config = read_config(opening.config)?;
    let Settings { site, groups, emails } = config.settings()?;
    config.warn(opening.id);
    let application = Application {
        whose: "github",
        client_id: config.client_id,
        client_secret: config.client_secret,
        redirect_uri: config.redirect_uri,
        authorize: site.authorize,
        token: site.token,
        registered_only: false,
        root_cas: vec![config.root_ca],
    };
    let forge = Forge::open(opening, application)?;
    Ok(Arc::new(Through(GitHub { forge, api: site.api, groups, emails, use_login_as_id: config.use_login_as_id })))
}

struct GitHub {
    forge: Forge,
    api: Url,
    groups: Groups,
    emails: Choice,
    use_login_as_id: bool,
}

#[async_trait]
impl Platform for GitHub {
    fn forge(&self) -> &Forge {
        &self.forge
    }

    fn layout(&self) -> Layout {
        Layout::GitHub
    }

    fn scopes(&self, wanted: Wanted) -> Vec<String> {
        let orgs = (self.groups.gated() || wanted.groups).then_some("read:org");
        ["user:email"].into_iter().chain(orgs).map(str::to_owned).collect()
    }

    fn reads_groups(&self, wanted: Wanted) -> bool {
        self.groups.gated() || (wanted.groups && matches!(self.groups, Groups::All(_)))
    }

    async fn identity(&self, wanted: Wanted, token: &Secret) -> Result<Identity, UpstreamError> {
        let api = Api { forge: &self.forge, root: &self.api, token };
        let user = api.user().await?;
        let email = self.email(&api, &user).await?;
        let groups = self.groups(&api, wanted, &user.login).await?;
        let user_id = if self.use_login_as_id { user.login.clone() } else { user.id.to_string() };
        let username = user.name.filter(|name| !name.is_empty()).unwrap_or_else(|| user.login.clone());
        Ok(Identity {
            user_id,
            username,
            preferred_username: user.login,
            email,
            email_verified: true,
            groups,
            connector_data: Vec::new(),
        })
    }
}

impl GitHub {
    async fn email(&self, api: &Api<'_>, user: &User) -> Result<String, UpstreamError> {
        match user.email.as_deref() {
            Some(public) if !public.is_empty() && self.emails.takes_public() => Ok(public.to_owned()),
            _ => self.emails.of(&api.emails().await?),
        }
    }

    async fn groups(&self, api: &Api<'_>, wanted: Wanted, login: &str) -> Result<Vec<String>, UpstreamError> {
        match &self.groups {
            Groups::Orgs(orgs, names) => {
                let refused = || refused(login, Org::required(orgs));
                let within = memberships(api, orgs, login).await?;
                if within.is_empty() {
                    return Err(refused());
                }
                groups::admitted(&within, &api.teams().await?, *names, login).ok_or_else(refused)
            }
            Groups::Legacy(org, names) => match api.is_member(org, login).await? {
                true => Ok(groups::labels(org, &api.teams().await?, *names)),
                false => Err(refused(login, vec![org.clone()])),
            },
            Groups::All(names) if wanted.groups => Ok(groups::all(&api.orgs().await?, &api.teams().await?, *names)),
            Groups::All(_) => Ok(Vec::new()),
            Groups::None => {
                if wanted.groups {
                    tracing::debug!(user = login, "github: no groups are read: neither orgs nor loadAllGroups is set");
                }
                Ok(Vec::new())
            }
        }
    }
}

/// Those of the organizations that somebody is in, in the order of the configuration.
async fn memberships<'o>(api: &Api<'_>, orgs: &'o [Org], login: &str) -> Result<Vec<&'o Org>, UpstreamError> {
    let mut within = Vec::new();
    for some in orgs.chunks(MEMBERSHIPS_AT_ONCE) {
        let found = try_join_all(some.iter().map(|org| api.is_member(&org.name, login))).await?;
        within.extend(some.iter().zip(found).filter(|(_, found)| *found).map(|(org, _)| org));
    }
    Ok(within)
}

fn refused(login: &str, groups: Vec<String>) -> UpstreamError {
    UpstreamError::NotInRequiredGroups { user_id: login.to_owned(), groups }
}
