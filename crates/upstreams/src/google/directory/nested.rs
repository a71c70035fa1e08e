//! Groups within groups.

use std::collections::{HashMap, HashSet};

use dex_connector::UpstreamError;
use futures_util::future::try_join_all;

use super::api::Member;
use super::token::Admin;
use super::{ANY_DOMAIN, Directory, domain_of};
use crate::forge::told;

/// How many groups are asked for the groups they are in; beyond it the login fails.
const LOOKUPS_MAX: usize = 2_000;

/// How many of them are asked for at once.
const LOOKUPS_AT_ONCE: usize = 16;

/// The groups of each member that was asked for.
type Memberships = HashMap<String, Vec<String>>;

/// The groups of the user, each once; with those they are in themselves if that is configured. Level by level they are asked
/// for, and told as Dex does: each group with what it is in behind it.
pub(super) async fn groups(directory: &Directory, admin: &Admin, user: &str) -> Result<Vec<String>, UpstreamError> {
    let direct = directory.direct_groups(admin, user, Member::Ours).await;
    let direct = direct.map_err(|error| told("could not list groups", error))?;
    let mut known = Memberships::from([(user.to_owned(), direct)]);
    let mut level = if directory.transitive { unknown(&known) } else { Vec::new() };
    while !level.is_empty() {
        if known.len() + level.len() > LOOKUPS_MAX + 1 {
            let text = format!("could not list transitive groups: more than {LOOKUPS_MAX} groups");
            return Err(UpstreamError::Unacceptable(text));
        }
        for some in level.chunks(LOOKUPS_AT_ONCE) {
            let asked = try_join_all(some.iter().map(|group| above(directory, admin, group))).await;
            let asked = asked.map_err(|error| told("could not list transitive groups", error))?;
            known.extend(some.iter().cloned().zip(asked));
        }
        level = unknown(&known);
    }
    Ok(depth_first(user, &known))
}

/// The groups a group is in. One of a domain without an administrator is looked up with the rights that found it.
async fn above(directory: &Directory, admin: &Admin, group: &str) -> Result<Vec<String>, UpstreamError> {
    let domain = domain_of(group);
    match [domain.as_str(), ANY_DOMAIN].iter().find_map(|domain| directory.admins.get(*domain)) {
        Some(own) => directory.direct_groups(own, group, Member::Ours).await,
        None => directory.direct_groups(admin, group, Member::Foreign).await,
    }
}

/// The groups that were found and not yet asked for, each once.
fn unknown(known: &Memberships) -> Vec<String> {
    let found: HashSet<_> = known.values().flatten().filter(|group| !known.contains_key(*group)).collect();
    found.into_iter().cloned().collect()
}

fn depth_first(user: &str, known: &Memberships) -> Vec<String> {
    let above = |member: &str| known.get(member).into_iter().flatten().rev().map(String::as_str);
    let (mut seen, mut all) = (HashSet::new(), Vec::new());
    let mut waiting: Vec<&str> = above(user).collect();
    while let Some(group) = waiting.pop() {
        if seen.insert(group) {
            all.push(group.to_owned());
            waiting.extend(above(group));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_is_told_once_with_what_it_is_in_behind_it() {
        let graph = |edges: &[(&str, &[&str])]| {
            let list = |groups: &[&str]| groups.iter().map(|group| (*group).to_owned()).collect();
            edges.iter().map(|(member, groups)| ((*member).to_owned(), list(groups))).collect::<Memberships>()
        };
        let cases = [
            (graph(&[("u", &["g1", "g2"]), ("g1", &["g0"]), ("g2", &["g0"])]), "g1 g0 g2"),
            (graph(&[("u", &["eng", "all"]), ("eng", &["staff", "eng"])]), "eng staff all"),
            (graph(&[("u", &["a"]), ("a", &["b"]), ("b", &["a", "c"])]), "a b c"),
            (graph(&[("u", &["a", "a"])]), "a"),
            (graph(&[("u", &[])]), ""),
        ];
        for (known, expected) in cases {
            assert_eq!(depth_first("u", &known).join(" "), expected);
        }
    }
}
