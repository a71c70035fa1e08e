//! `userSearch`.

use dex_connector::UpstreamError;

use super::groups::matchers;
use super::raw::Raw;
use super::{filter, scope};
use crate::login::STATE_ATTRIBUTES;
use crate::wire::{Filter, Scope};

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
    /// What is asked for: all the above, what the group matchers need, and what says how the account is.
    pub(crate) attributes: Vec<String>,
}

impl UserSearch {
    pub(super) fn read(raw: &Raw) -> Result<Self, UpstreamError> {
        let search = &raw.user_search;
        let usernames = search.usernames();
        let mut attributes: Vec<String> = Vec::new();
        let single = [&search.id_attr, &search.email_attr, &search.name_attr, &search.preferred_username_attr];
        let matched = matchers(&raw.group_search);
        let wanted = single.into_iter().chain(&usernames).chain(matched.iter().map(|matcher| &matcher.user_attr));
        for name in wanted.map(String::as_str).chain(STATE_ATTRIBUTES.iter().copied()) {
            let known = attributes.iter().any(|attribute| attribute.eq_ignore_ascii_case(name));
            // The DN is no attribute; it comes with every entry.
            if !name.is_empty() && !known && !name.eq_ignore_ascii_case("dn") {
                attributes.push(name.to_owned());
            }
        }
        Ok(Self {
            base: search.base_dn.clone(),
            scope: scope("userSearch", &search.scope)?,
            filter: filter("userSearch", &search.filter)?,
            usernames,
            id: search.id_attr.clone(),
            email: search.email_attr.clone(),
            name: search.name_attr.clone(),
            preferred_username: search.preferred_username_attr.clone(),
            email_suffix: search.email_suffix.clone(),
            attributes,
        })
    }
}
