//! The groups a user is in (connectors-protocol spec, 4.9 and 4.10).

use std::collections::HashSet;

use dex_connector::UpstreamError;

use super::Directory;
use super::attributes::claim;
use super::find::failed;
use crate::config::{GroupSearch, Matcher};
use crate::wire::{Entry, Filter, NO_ATTRIBUTE, Search, code, condition};

/// The most groups one user may be in.
const GROUPS_MAX: u32 = 10_000;
/// How deep groups may be nested.
const DEPTH_MAX: usize = 64;
/// How many conditions go into one search.
const CONDITIONS_MAX: usize = 50;

impl Directory {
    /// The names of the groups the user of `entry` is in, each once.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`]; a user whose groups cannot be told is not logged in.
    pub(super) async fn groups(&self, entry: &Entry) -> Result<Vec<String>, UpstreamError> {
        let Some(groups) = &self.settings.groups else { return Ok(Vec::new()) };
        let mut names = Names::default();
        for matcher in &groups.matchers {
            self.matched(groups, matcher, entry, &mut names).await?;
        }
        if names.listed.is_empty() {
            tracing::info!(connector.id = %self.id, user_dn = entry.dn, "ldap: groups search returned no groups");
        }
        Ok(names.listed)
    }

    /// The groups of one matcher: those that name the user, then those that hold these, and so on.
    async fn matched(
        &self,
        groups: &GroupSearch,
        matcher: &Matcher,
        entry: &Entry,
        names: &mut Names,
    ) -> Result<(), UpstreamError> {
        let mut seen = HashSet::new();
        let mut level = self.all_values(entry, &matcher.user).await?;
        let mut left = &matcher.group;
        for _ in 0..DEPTH_MAX {
            let mut next = Vec::new();
            for batch in level.chunks(CONDITIONS_MAX) {
                for group in self.holding(groups, left, batch).await? {
                    if !seen.insert(group.dn.to_lowercase()) {
                        continue;
                    }
                    names.add(name(groups, &group)?)?;
                    next.push(group.dn.into_bytes());
                }
            }
            match &matcher.recursion {
                Some(recursion) if !next.is_empty() => (left, level) = (recursion, next),
                _ => return Ok(()),
            }
        }
        Err(UpstreamError::Unacceptable(format!("ldap: groups are nested more than {DEPTH_MAX} deep")))
    }

    /// The groups with any of `values` in the attribute that is the left side of the condition.
    async fn holding(&self, groups: &GroupSearch, left: &str, values: &[Vec<u8>]) -> Result<Vec<Entry>, UpstreamError> {
        let conditions: Result<_, _> = values.iter().map(|value| condition(left, value)).collect();
        let conditions = conditions.map_err(|error| UpstreamError::Misconfigured(format!("ldap: {error}")))?;
        let filter = Filter::any(conditions).within(groups.filter.as_ref());
        let by_dn = groups.name.eq_ignore_ascii_case("dn") || groups.name.is_empty();
        let attributes = [if by_dn { NO_ATTRIBUTE.to_owned() } else { groups.name.clone() }];
        let search = Search {
            base: &groups.base,
            scope: groups.scope,
            filter: &filter,
            attributes: &attributes,
            size_limit: 0,
            entries_max: GROUPS_MAX,
            page: self.settings.page,
        };
        let (found, outcome) = self.search(&search).await?;
        match outcome.code {
            code::SUCCESS => Ok(found.into_iter().map(|located| located.entry).collect()),
            code::NO_SUCH_OBJECT => {
                tracing::info!(connector.id = %self.id, base_dn = groups.base, "ldap: the base of the groups is not there");
                Ok(Vec::new())
            }
            _ => Err(failed(&filter, &outcome)),
        }
    }
}

/// What the group is called.
fn name(groups: &GroupSearch, group: &Entry) -> Result<String, UpstreamError> {
    claim(group, &groups.name)?.ok_or_else(|| {
        let text = format!("ldap: group entity {:?} missing required attribute {:?}", group.dn, groups.name);
        UpstreamError::Unacceptable(text)
    })
}

/// Names in the order they were found, each once.
#[derive(Default)]
struct Names {
    listed: Vec<String>,
    known: HashSet<String>,
}

impl Names {
    fn add(&mut self, name: String) -> Result<(), UpstreamError> {
        if self.known.insert(name.clone()) {
            self.listed.push(name);
        }
        if self.listed.len() > GROUPS_MAX as usize {
            return Err(UpstreamError::Unacceptable(format!("ldap: the user is in more than {GROUPS_MAX} groups")));
        }
        Ok(())
    }
}
