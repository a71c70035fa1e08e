//! `groupSearch`.

use dex_connector::UpstreamError;

use super::raw::{RawGroupSearch, RawMatcher};
use super::{filter, scope, wrong};
use crate::wire::{Filter, Scope, condition};

/// Where groups are found, and how a user is matched with them.
pub(crate) struct GroupSearch {
    pub(crate) base: String,
    pub(crate) scope: Scope,
    pub(crate) filter: Option<Filter>,
    /// The attribute that is the group's name; `DN` for the DN.
    pub(crate) name: String,
    pub(crate) matchers: Vec<Matcher>,
}

/// Which value of the user's stands in which attribute of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matcher {
    pub(crate) user: String,
    /// The left side of the condition on the group.
    pub(crate) group: String,
    /// The left side of the condition on a group that holds this group; `None` leaves nested groups out.
    pub(crate) recursion: Option<String>,
}

impl GroupSearch {
    /// `None` if groups are not searched at all.
    pub(super) fn read(id: &str, raw: &RawGroupSearch) -> Result<Option<Self>, UpstreamError> {
        let scope = scope("groupSearch", &raw.scope)?;
        if raw.base_dn.is_empty() {
            return Ok(None);
        }
        if !raw.single.user_attr.is_empty() || !raw.single.group_attr.is_empty() {
            tracing::warn!(
                connector.id = %id,
                deprecated = true,
                "use \"groupSearch.userMatchers\" option instead of \"userAttr/groupAttr\" fields"
            );
        }
        let matchers: Vec<Matcher> = matchers(raw).iter().map(Matcher::from).collect();
        for left in matchers.iter().flat_map(|matcher| std::iter::once(&matcher.group).chain(&matcher.recursion)) {
            condition(left, b"").map_err(|error| wrong(format!("ldap: groupSearch.userMatchers: {error}")))?;
        }
        if matchers.is_empty() {
            tracing::warn!(connector.id = %id, "groupSearch has no userMatchers: nobody has groups");
        }
        let filter = filter("groupSearch", &raw.filter)?;
        Ok(Some(Self { base: raw.base_dn.clone(), scope, filter, name: raw.name_attr.clone(), matchers }))
    }
}

impl From<&RawMatcher> for Matcher {
    fn from(raw: &RawMatcher) -> Self {
        let recursion = Some(raw.recursion_group_attr.clone()).filter(|left| !left.is_empty());
        Self { user: raw.user_attr.clone(), group: raw.group_attr.clone(), recursion }
    }
}

/// The list, or the single pair of keys from before there was one. What names no attribute of the user matches nobody.
pub(super) fn matchers(raw: &RawGroupSearch) -> Vec<RawMatcher> {
    let named = |matcher: &&RawMatcher| !matcher.user_attr.is_empty();
    let list: Vec<RawMatcher> = raw.user_matchers.iter().filter(named).cloned().collect();
    if list.is_empty() { Some(&raw.single).filter(named).into_iter().cloned().collect() } else { list }
}
