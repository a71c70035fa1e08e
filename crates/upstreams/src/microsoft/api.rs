//! Microsoft Graph (connectors-platform spec, 5.4).

use dex_connector::UpstreamError;
use dex_upstream_client::{Auth, PageLimits, Pages, Secret};
use futures_util::future::try_join_all;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::forge::{Forge, at, told};

/// What is asked of a user.
const USER_FIELDS: &str = "$select=id,displayName,userPrincipalName,mailNickname,onPremisesSamAccountName";

/// How many groups are read, which is as many as Graph tells of one user; beyond it the login fails, for a gate must not be
/// decided by half a list.
const GROUPS: PageLimits = PageLimits { pages: 120, entries: 11_000, page_bytes: 4 * 1024 * 1024, what: "groups" };

/// How many ids Graph takes at once.
const IDS_PER_CALL: usize = 1_000;

/// How many calls for names run at once.
const CALLS_AT_ONCE: usize = 4;

/// The user whose token it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) id: String,
    pub(super) display_name: Option<String>,
    pub(super) user_principal_name: Option<String>,
    pub(super) mail_nickname: Option<String>,
    pub(super) on_premises_sam_account_name: Option<String>,
}

#[derive(Deserialize)]
struct Page<T> {
    value: Option<Vec<T>>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    display_name: Option<String>,
}

/// Graph, asked as one user.
pub(super) struct Api<'a> {
    pub(super) forge: &'a Forge,
    pub(super) root: &'a Url,
    pub(super) token: &'a Secret,
}

impl Api<'_> {
    pub(super) async fn user(&self) -> Result<User, UpstreamError> {
        let mut url = at(self.root, ["v1.0", "me"]);
        url.set_query(Some(USER_FIELDS));
        let user = self.forge.client.get_json::<User>(&url, self.auth()).await;
        let user = user.map_err(|error| told("microsoft: get user", error))?;
        match user.id.is_empty() {
            false => Ok(user),
            true => Err(UpstreamError::Unacceptable("microsoft: get user: the user has no id".into())),
        }
    }

    /// The ids of all groups the user is in, groups within groups included.
    pub(super) async fn group_ids(&self, security_only: bool) -> Result<Vec<String>, UpstreamError> {
        let url = at(self.root, ["v1.0", "me", "getMemberGroups"]);
        let pages = self.pages(url).posting(json!({"securityEnabledOnly": security_only}));
        let ids = pages.all_by(|page: Page<String>| (page.value.unwrap_or_default(), page.next)).await;
        ids.map_err(|error| told("microsoft: get groups", error))
    }

    /// The names of groups, in the order in which Graph tells them. Those it does not find are left out.
    pub(super) async fn group_names(&self, ids: &[String]) -> Result<Vec<String>, UpstreamError> {
        let batches: Vec<_> = ids.chunks(IDS_PER_CALL).collect();
        let mut names = Vec::with_capacity(ids.len());
        for some in batches.chunks(CALLS_AT_ONCE) {
            let told = try_join_all(some.iter().map(|ids| self.names_of(ids))).await?;
            names.extend(told.into_iter().flatten());
        }
        Ok(names)
    }

    async fn names_of(&self, ids: &[String]) -> Result<Vec<String>, UpstreamError> {
        let url = at(self.root, ["v1.0", "directoryObjects", "getByIds"]);
        let pages = self.pages(url).posting(json!({"ids": ids, "types": ["group"]}));
        let name = |group: Group| group.display_name.unwrap_or_default();
        let split = |page: Page<Group>| {
            let names: Vec<_> = page.value.unwrap_or_default().into_iter().map(name).collect();
            (names, page.next)
        };
        pages.all_by(split).await.map_err(|error| told("microsoft: get groups", error))
    }

    fn pages(&self, first: Url) -> Pages<'_> {
        Pages::new(&self.forge.client, first, self.auth(), GROUPS)
    }

    fn auth(&self) -> Auth<'_> {
        Auth::Bearer(self.token.expose())
    }
}
