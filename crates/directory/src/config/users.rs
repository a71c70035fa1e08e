//! `userSearch`.

use dex_connector::{UpstreamError, Wanted};

use super::groups::matchers;
use super::raw::Raw;
use super::{filter, scope};
use crate::login::STATE_ATTRIBUTES;
use crate::wire::{Filter, NO_ATTRIBUTE, Scope};

/// Where users are found, and which of their attributes mean what. An attribute that is not set is empty.
pub(crate) struct UserSearch {
    pub(crate) base: String,
    pub(crate) scope: Scope,
    pub(crate) filter: Option<Filter>,
    /// The attributes the typed name is compared with.
    pub(crate) usernames: Vec<String>,
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) preferred_username: String,
    pub(crate) email_suffix: String,
    /// What a refresh and a ticket ask for: all the above, what the group matchers need, and what says how the account is.
    pub(crate) attributes: Vec<String>,
    /// What makes claims.
    claims: Vec<String>,
    /// What makes claims, and what the group matchers need.
    claims_and_groups: Vec<String>,
}

impl UserSearch {
    pub(super) fn read(raw: &Raw) -> Result<Self, UpstreamError> {
        let search = &raw.user_search;
        let usernames = search.usernames();
        let matched = matchers(&raw.group_search);
        let claims = [&search.id_attr, &search.email_attr, &search.name_attr, &search.preferred_username_attr];
        let claims = claims.map(String::as_str).into_iter();
        let matched = matched.iter().map(|matcher| matcher.user_attr.as_str());
        let all = claims.clone().chain(usernames.iter().map(String::as_str)).chain(matched.clone());
        Ok(Self {
            base: search.base_dn.clone(),
            scope: scope("userSearch", &search.scope)?,
            filter: filter("userSearch", &search.filter)?,
            attributes: names(all.chain(STATE_ATTRIBUTES.iter().copied())),
            claims_and_groups: names(claims.clone().chain(matched)),
            claims: names(claims),
            usernames,
            id: search.id_attr.clone(),
            email: search.email_attr.clone(),
            name: search.name_attr.clone(),
            preferred_username: search.preferred_username_attr.clone(),
            email_suffix: search.email_suffix.clone(),
        })
    }

    /// The attributes a login by password needs: a bind says how the account is, and only a refresh asks which one it was.
    pub(crate) fn needed(&self, wanted: Wanted) -> &[String] {
        match wanted {
            Wanted { offline_access: true, .. } => &self.attributes,
            Wanted { groups: true, .. } => &self.claims_and_groups,
            _ => &self.claims,
        }
    }
}

/// Each once. An empty list would ask for all there are, so a name no attribute has stands for none (RFC 4511 §4.5.1.8).
fn names<'a>(all: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut listed: Vec<String> = Vec::new();
    for name in all {
        let known = listed.iter().any(|attribute| attribute.eq_ignore_ascii_case(name));
        // The DN is no attribute; it comes with every entry.
        if !name.is_empty() && !known && !name.eq_ignore_ascii_case("dn") {
            listed.push(name.to_owned());
        }
    }
    if listed.is_empty() { vec![NO_ATTRIBUTE.to_owned()] } else { listed }
}
