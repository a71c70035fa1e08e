//! GitLab's API (connectors-platform spec, 3.3).

use dex_connector::UpstreamError;
use dex_upstream_client::{Auth, CallError, PageLimits, Pages, Secret};
use futures_util::future::try_join_all;
use http::StatusCode;
use serde::{Deserialize, Deserializer};
use url::Url;

use super::roles::{self, UserInfo};
use crate::forge::{Forge, at, told};

/// GitLab's largest page.
const PER_PAGE: usize = 100;

/// How many groups are read; beyond it the login fails, for a gate must not be decided by half a list.
const GROUPS: PageLimits = PageLimits { pages: 51, entries: 5_000, page_bytes: 4 * 1024 * 1024, what: "groups" };

/// How many groups are asked for the user's role one by one; beyond it the login fails.
const ROLES_MAX: usize = 1_000;

/// How many roles are asked for at once.
const ROLES_AT_ONCE: usize = 16;

/// The user whose token it is.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: i64,
    pub(super) username: String,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) state: Option<String>,
    #[serde(default, deserialize_with = "told_or_null")]
    confirmed_at: Option<Option<String>>,
}

/// `None` when the member is missing, `Some(None)` when it is `null`.
fn told_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

impl User {
    /// Whether the address is confirmed: it is unless GitLab says that it never was.
    pub(super) fn confirmed(&self) -> bool {
        self.confirmed_at != Some(None)
    }
}

/// A group of the groups API.
#[derive(Debug, Deserialize)]
pub(super) struct Group {
    id: Option<i64>,
    full_path: Option<String>,
    path: Option<String>,
}

impl Group {
    /// Its path, or nothing for a record without one.
    pub(super) fn name(&self) -> Option<&str> {
        let named = |path: &'_ Option<String>| path.as_ref().is_some_and(|path| !path.is_empty());
        [&self.full_path, &self.path].into_iter().find(|path| named(path))?.as_deref()
    }
}

#[derive(Debug, Deserialize)]
struct Member {
    access_level: i64,
}

/// What a token is (GitLab's "OAuth 2.0 identity provider API", token information).
#[derive(Debug, Deserialize)]
struct TokenInfo {
    application: Option<Issued>,
}

#[derive(Debug, Deserialize)]
struct Issued {
    uid: Option<String>,
}

/// The API, asked as one user.
pub(super) struct Api<'a> {
    pub(super) forge: &'a Forge,
    pub(super) root: &'a Url,
    pub(super) token: &'a Secret,
}

impl Api<'_> {
    pub(super) async fn user(&self) -> Result<User, UpstreamError> {
        let url = at(self.root, ["api", "v4", "user"]);
        let user = self.forge.client.get_json(&url, self.auth()).await;
        user.map_err(|error| told("gitlab: get user", error))
    }

    pub(super) async fn userinfo(&self) -> Result<UserInfo, UpstreamError> {
        let url = at(self.root, ["oauth", "userinfo"]);
        self.forge.client.get_json(&url, self.auth()).await.map_err(|error| told("gitlab: get groups", error))
    }

    /// Every group the user is in, inherited ones included. The list ends with the first page that is not full.
    pub(super) async fn groups(&self) -> Result<Vec<Group>, UpstreamError> {
        let page = |number: usize| format!("all_available=false&page={number}&per_page={PER_PAGE}");
        let mut first = at(self.root, ["api", "v4", "groups"]);
        first.set_query(Some(&page(1)));
        let mut number = 1;
        let pages = Pages::new(&self.forge.client, first, self.auth(), GROUPS);
        let all = pages.all_by(|groups: Option<Vec<Group>>| {
            let groups = groups.unwrap_or_default();
            number += 1;
            let next = (groups.len() >= PER_PAGE).then(|| format!("?{}", page(number)));
            (groups, next)
        });
        all.await.map_err(|error| told("gitlab: get groups", error))
    }

    /// The roles in groups for which userinfo told none, in order. A group we may not look into has none.
    pub(super) async fn roles(&self, groups: &[&Group], user: i64) -> Result<Vec<Option<&'static str>>, UpstreamError> {
        if groups.len() > ROLES_MAX {
            let text = format!("gitlab: get groups: the role is not told for more than {ROLES_MAX} groups");
            return Err(UpstreamError::Unacceptable(text));
        }
        let mut roles = Vec::with_capacity(groups.len());
        for some in groups.chunks(ROLES_AT_ONCE) {
            roles.extend(try_join_all(some.iter().map(|group| self.role(group, user))).await?);
        }
        Ok(roles)
    }

    async fn role(&self, group: &Group, user: i64) -> Result<Option<&'static str>, UpstreamError> {
        let Some(id) = group.id else {
            let text = "gitlab: get groups: gitlab: group id is required to fetch effective group permissions";
            return Err(UpstreamError::Unacceptable(text.into()));
        };
        let (id, user_id) = (id.to_string(), user.to_string());
        let url = at(self.root, ["api", "v4", "groups", &id, "members", "all", &user_id]);
        match self.forge.client.get_json::<Member>(&url, self.auth()).await {
            Ok(member) => Ok(roles::of_level(member.access_level)),
            Err(CallError::Refused { status: status @ (StatusCode::FORBIDDEN | StatusCode::NOT_FOUND), .. }) => {
                let status = status.as_u16();
                tracing::debug!(
                    groupID = id,
                    userID = user,
                    status,
                    "gitlab: skipping effective group permission lookup"
                );
                Ok(None)
            }
            Err(error) => Err(told("gitlab: get groups", error)),
        }
    }

    /// Checks that the token was issued to our own application: otherwise whoever a user gave a token to for something else
    /// could log in as the user here.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Denied`] for a token of another application or of none.
    pub(super) async fn expect_ours(&self) -> Result<(), UpstreamError> {
        let url = at(self.root, ["oauth", "token", "info"]);
        let denied = || UpstreamError::Denied("gitlab: the token was not issued to this application".into());
        let info = match self.forge.client.get_json::<TokenInfo>(&url, self.auth()).await {
            Ok(info) => info,
            Err(CallError::Refused { status: StatusCode::UNAUTHORIZED, .. }) => return Err(denied()),
            Err(error) => return Err(told("gitlab: get token info", error)),
        };
        let issued = info.application.and_then(|application| application.uid);
        if issued.as_deref() == Some(self.forge.client_id()) { Ok(()) } else { Err(denied()) }
    }

    fn auth(&self) -> Auth<'_> {
        Auth::Bearer(self.token.expose())
    }
}
