//! Bitbucket Cloud's API (connectors-platform spec, 7.3).

use dex_connector::UpstreamError;
use dex_upstream_client::{Auth, CallError, PageLimits, Pages, Secret};
use futures_util::future::join_all;
use serde::Deserialize;
use url::Url;

use crate::forge::{Forge, at, told};

/// How much of each list is read; beyond it the login fails, for a gate must not be decided by half a list.
const WORKSPACES: PageLimits =
    PageLimits { pages: 100, entries: 2_000, page_bytes: 4 * 1024 * 1024, what: "workspaces" };
const EMAILS: PageLimits = PageLimits { pages: 10, entries: 1_000, what: "addresses", ..WORKSPACES };

/// How many permissions are asked for at once.
const PERMISSIONS_AT_ONCE: usize = 16;

/// The user whose token it is.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) uuid: String,
    pub(super) username: String,
}

/// One page of any list.
#[derive(Debug, Deserialize)]
struct Page<T> {
    values: Option<Vec<T>>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Email {
    email: Option<String>,
    is_primary: Option<bool>,
    is_confirmed: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Membership {
    workspace: Option<Workspace>,
}

#[derive(Debug, Deserialize)]
struct Workspace {
    slug: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Permission {
    permission: Option<String>,
}

/// The API, asked as one user.
pub(super) struct Api<'a> {
    pub(super) forge: &'a Forge,
    pub(super) root: &'a Url,
    pub(super) token: &'a Secret,
}

impl Api<'_> {
    pub(super) async fn user(&self) -> Result<User, UpstreamError> {
        let user = self.forge.client.get_json(&at(self.root, ["user"]), self.auth()).await;
        user.map_err(|error| told("bitbucket: get user", error))
    }

    /// The confirmed primary address; pages behind it are not read.
    pub(super) async fn email(&self) -> Result<String, UpstreamError> {
        let pages = Pages::new(&self.forge.client, at(self.root, ["user", "emails"]), self.auth(), EMAILS);
        let usable = |email: &Email| email.is_primary == Some(true) && email.is_confirmed == Some(true);
        let found = pages.all_by(|page: Page<Email>| {
            let emails = page.values.unwrap_or_default();
            let found: Vec<_> = emails.into_iter().filter(usable).filter_map(|email| email.email).collect();
            let next = page.next.filter(|_| found.is_empty());
            (found, next)
        });
        let found = found.await.map_err(|error| told("bitbucket: get user", error))?;
        let none =
            || UpstreamError::Denied("bitbucket: get user: bitbucket: user has no confirmed, primary email".into());
        found.into_iter().find(|email| !email.is_empty()).ok_or_else(none)
    }

    /// The slugs of the user's workspaces.
    pub(super) async fn workspaces(&self) -> Result<Vec<String>, UpstreamError> {
        let pages = Pages::new(&self.forge.client, at(self.root, ["user", "workspaces"]), self.auth(), WORKSPACES);
        let slugs = pages.all_by(|page: Page<Membership>| {
            let found = page.values.unwrap_or_default().into_iter().filter_map(|value| value.workspace?.slug);
            (found.collect(), page.next)
        });
        slugs.await.map_err(|error| told("bitbucket: get user workspaces", error))
    }

    /// The user's permission in each workspace, in order; what cannot be told is `Err`.
    pub(super) async fn permissions(&self, slugs: &[String]) -> Vec<Result<Option<String>, CallError>> {
        let mut all = Vec::with_capacity(slugs.len());
        for some in slugs.chunks(PERMISSIONS_AT_ONCE) {
            all.extend(join_all(some.iter().map(|slug| self.permission(slug))).await);
        }
        all
    }

    async fn permission(&self, slug: &str) -> Result<Option<String>, CallError> {
        let url = at(self.root, ["user", "workspaces", slug, "permission"]);
        let permission: Permission = self.forge.client.get_json(&url, self.auth()).await?;
        Ok(permission.permission.filter(|permission| !permission.is_empty()))
    }

    fn auth(&self) -> Auth<'_> {
        Auth::Bearer(self.token.expose())
    }
}
