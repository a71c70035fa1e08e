//! The groups API (Google's Directory API, `groups.list`).

use dex_connector::UpstreamError;
use dex_upstream_client::{Auth, CallError, PageLimits, Pages, Secret};
use http::StatusCode;
use serde::Deserialize;

use super::Directory;
use super::token::Admin;
use crate::forge::at;

/// The API's largest page, and its usual one.
const PER_PAGE: usize = 200;

/// How many groups of one member are read; beyond it the login fails, for a gate must not be decided by half a list.
const GROUPS: PageLimits = PageLimits { pages: 51, entries: 10_000, page_bytes: 4 * 1024 * 1024, what: "groups" };

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    groups: Option<Vec<Group>>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Group {
    email: Option<String>,
}

/// Whose groups are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Member {
    /// The user, or a group of a domain we read.
    Ours,
    /// A group of a domain that is not configured: it may be another organization's, which tells us nothing.
    Foreign,
}

impl Directory {
    /// The groups of which `key`, the address of a user or a group, is a direct member.
    pub(super) async fn direct_groups(
        &self,
        admin: &Admin,
        key: &str,
        member: Member,
    ) -> Result<Vec<String>, UpstreamError> {
        let token = admin.token(&self.client, &self.source, self.clock.now()).await?;
        let read = match self.pages(&token, key).await {
            Err(error) if error.status() == Some(StatusCode::UNAUTHORIZED) => {
                // It was taken back before its time.
                admin.forget(&token).await;
                let token = admin.token(&self.client, &self.source, self.clock.now()).await?;
                self.pages(&token, key).await
            }
            read => read,
        };
        match read {
            Err(error) if is_busy(&error) => Err(UpstreamError::Unreachable(error.into())),
            Err(error) if member == Member::Foreign && is_refusal(&error) => {
                tracing::debug!(group = key, err = %error, "google: the groups of a foreign group are not told");
                Ok(Vec::new())
            }
            read => Ok(read?),
        }
    }

    async fn pages(&self, token: &Secret, key: &str) -> Result<Vec<String>, CallError> {
        let query = |page_token: &str| {
            let per_page = PER_PAGE.to_string();
            let fields =
                [("alt", "json"), ("maxResults", &per_page), ("pageToken", page_token), ("prettyPrint", "false")];
            dex_oidc::encode_form(fields.into_iter().chain([("userKey", key)]))
        };
        let mut first = at(&self.root, ["admin", "directory", "v1", "groups"]);
        first.set_query(Some(&query("")));
        let pages = Pages::new(&self.client, first, Auth::Bearer(token.expose()), GROUPS);
        let split = |page: Page| {
            let groups = page.groups.unwrap_or_default().into_iter().filter_map(|group| group.email);
            let next = page.next_page_token.filter(|token| !token.is_empty());
            (groups.collect(), next.map(|token| format!("?{}", query(&token))))
        };
        pages.all_by(split).await
    }
}

/// Google says by 403 too that it was asked too often.
fn is_busy(error: &CallError) -> bool {
    let CallError::Refused { status: StatusCode::FORBIDDEN, excerpt, .. } = error else { return false };
    let text = excerpt.to_ascii_lowercase();
    ["quota", "rate limit", "ratelimit"].iter().any(|word| text.contains(word))
}

fn is_refusal(error: &CallError) -> bool {
    matches!(error.status(), Some(StatusCode::FORBIDDEN | StatusCode::NOT_FOUND))
}
