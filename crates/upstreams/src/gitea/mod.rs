//! `gitea`: logins through Gitea or Forgejo (connectors-platform spec, 9).
//!
//! Owned here: the user, the organizations and teams, and the gate they make, checked at login and refresh whatever scopes
//! the client asked for. Not owned: tokens and their renewal, which is `forge`'s.
//!
//! Control leaves to the instance's API with the user's token and comes back with an [`Identity`].

mod config;
mod groups;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{Connector, Identity, Opening, UpstreamError, Wanted};
use dex_upstream_client::{Auth, PageLimits, Pages, Secret, read_config};
use serde::Deserialize;
use url::Url;

use self::config::Config;
use self::groups::Team;
use crate::forge::{Application, Forge, Layout, Org, Platform, Through, at, told};

/// Teams on a page: the most an instance gives unless it is told otherwise.
const LIMIT: usize = 50;

/// How many teams are read; beyond it the login fails, for a gate must not be decided by half a list.
const TEAMS: PageLimits = PageLimits { pages: 101, entries: 5_000, page_bytes: 4 * 1024 * 1024, what: "teams" };

pub(crate) fn open(opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    let config: Config = read_config(opening.config)?;
    let base = config.base()?;
    config.warn(opening.id);
    let application = Application {
        whose: "gitea",
        client_id: config.client_id.clone(),
        client_secret: config.client_secret.clone(),
        redirect_uri: config.redirect_uri.clone(),
        authorize: at(&base, ["login", "oauth", "authorize"]),
        token: at(&base, ["login", "oauth", "access_token"]),
        registered_only: false,
        root_cas: vec![config.root_ca.clone()],
    };
    // Of a refresh token that was used before or is none of its own, an instance says that the client is not allowed to use it.
    let forge = Forge::open(opening, application)?.with_worthless("unauthorized_client");
    Ok(Arc::new(Through(Gitea { forge, base, config })))
}

struct Gitea {
    forge: Forge,
    base: Url,
    config: Config,
}

/// The user whose token it is.
#[derive(Debug, Deserialize)]
struct User {
    id: i64,
    login: String,
    full_name: Option<String>,
    email: Option<String>,
}

#[async_trait]
impl Platform for Gitea {
    fn forge(&self) -> &Forge {
        &self.forge
    }

    fn layout(&self) -> Layout {
        Layout::Whole
    }

    fn scopes(&self, _: Wanted) -> Vec<String> {
        Vec::new()
    }

    fn reads_groups(&self, _: Wanted) -> bool {
        self.config.load_all_groups || !self.config.orgs.is_empty()
    }

    async fn identity(&self, wanted: Wanted, token: &Secret) -> Result<Identity, UpstreamError> {
        let auth = Auth::Bearer(token.expose());
        let url = at(&self.base, ["api", "v1", "user"]);
        let user: User =
            self.forge.client.get_json(&url, auth).await.map_err(|error| told("gitea: get user", error))?;
        let groups = if self.reads_groups(wanted) { self.groups(auth, &user.login).await? } else { Vec::new() };
        let email = user.email.unwrap_or_default();
        let username = user.full_name.filter(|name| !name.is_empty()).unwrap_or_else(|| email.clone());
        Ok(Identity {
            user_id: if self.config.use_login_as_id { user.login.clone() } else { user.id.to_string() },
            username,
            preferred_username: user.login,
            email,
            email_verified: true,
            groups,
            connector_data: Vec::new(),
        })
    }
}

impl Gitea {
    /// The groups that pass the gate.
    async fn groups(&self, auth: Auth<'_>, login: &str) -> Result<Vec<String>, UpstreamError> {
        let teams = self.teams(auth).await?;
        if self.config.orgs.is_empty() {
            return Ok(groups::all(&teams));
        }
        let refused = || UpstreamError::NotInRequiredGroups {
            user_id: login.to_owned(),
            groups: Org::required(&self.config.orgs),
        };
        groups::admitted(&self.config.orgs, &teams).ok_or_else(refused)
    }

    /// Every team of the user's. The list ends with an empty page, as instances cap pages at a size of their own; one that
    /// ignores the page number gives the first page again, which ends it too.
    async fn teams(&self, auth: Auth<'_>) -> Result<Vec<Team>, UpstreamError> {
        let page = |number: usize| format!("page={number}&limit={LIMIT}");
        let mut first = at(&self.base, ["api", "v1", "user", "teams"]);
        first.set_query(Some(&page(1)));
        let (mut number, mut before) = (1, None);
        let pages = Pages::new(&self.forge.client, first, auth, TEAMS);
        let all = pages.all_by(|teams: Option<Vec<Team>>| {
            let teams = teams.unwrap_or_default();
            let head = teams.first().and_then(|team| team.id);
            if teams.is_empty() || (head.is_some() && head == before) {
                return (Vec::new(), None);
            }
            (number, before) = (number + 1, head);
            (teams, Some(format!("?{}", page(number))))
        });
        all.await.map_err(|error| told("gitea: get teams", error))
    }
}
