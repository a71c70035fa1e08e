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
use dex_connector::{
    Arrival, Connector, Finish, Identity, LoginMethod, Opening, RedirectLogin, Redirection, Refresh, Start,
    UpstreamError, Wanted,
};
use dex_upstream_client::{Secret, read_config};
use futures_util::future::try_join_all;
use url::Url;

use self::api::{Api, User};
use self::config::{Config, Settings};
use self::emails::Choice;
use self::groups::Groups;
use crate::forge::{Application, Forge, Held, Layout, Org};

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
    Ok(Arc::new(GitHub { forge, api: site.api, groups, emails, use_login_as_id: config.use_login_as_id }))
}

struct GitHub {
    forge: Forge,
    api: Url,
    groups: Groups,
    emails: Choice,
    use_login_as_id: bool,
}

#[async_trait]
impl Connector for GitHub {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Redirect(self)
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }
}

#[async_trait]
impl RedirectLogin for GitHub {
    async fn start(&self, login: &Start<'_>) -> Result<Redirection, UpstreamError> {
        let mut scopes = vec!["user:email".to_owned()];
        if self.groups.gated() || login.wanted.groups {
            scopes.push("read:org".to_owned());
        }
        self.forge.depart(login, &scopes)
    }

    async fn finish(&self, login: &Finish<'_>) -> Result<Arrival, UpstreamError> {
        let work = async {
            let held = self.forge.redeem(login).await?;
            let mut identity = self.identity(login.wanted, &held.access_token).await?;
            if login.wanted.offline_access {
                identity.connector_data = held.write(Layout::GitHub);
            }
            Ok(identity.into())
        };
        self.forge.client.login(work).await
    }
}

#[async_trait]
impl Refresh for GitHub {
    async fn refresh(&self, wanted: Wanted, identity: Identity) -> Result<Identity, UpstreamError> {
        let work = async {
            let held =
                self.forge.current(&Held::read(&identity.connector_data, "github: unmarshal access token")?).await?;
            let mut fresh = self.identity(wanted, &held.access_token).await?;
            if !self.reads_groups(wanted) {
                fresh.groups = identity.groups;
            }
            fresh.email_verified = identity.email_verified;
            fresh.connector_data = held.write(Layout::GitHub);
            Ok(fresh)
        };
        self.forge.client.login(work).await
    }
}

impl GitHub {
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

    async fn email(&self, api: &Api<'_>, user: &User) -> Result<String, UpstreamError> {
        match user.email.as_deref() {
            Some(public) if !public.is_empty() && self.emails.takes_public() => Ok(public.to_owned()),
            _ => self.emails.of(&api.emails().await?),
        }
    }

    fn reads_groups(&self, wanted: Wanted) -> bool {
        self.groups.gated() || (wanted.groups && matches!(self.groups, Groups::All(_)))
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
