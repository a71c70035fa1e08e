//! Attributes with more values than a server sends at once (MS-ADTS §3.1.1.3.1.3.3): `memberOf;range=0-1499` has the first
//! 1500, `memberOf;range=1500-*` all that are left.

use std::borrow::Cow;

use dex_connector::UpstreamError;

use super::Directory;
use super::attributes::values;
use super::find::failed;
use crate::wire::{Attribute, Entry, Filter, Scope, Search, code};

/// How many values of an attribute are read; as many as groups one may be in.
const VALUES_MAX: usize = 10_000;
/// How often is asked for the next ones. Active Directory sends 1500 at a time.
const PARTS_MAX: usize = 50;

/// Some of the values, from the one of this number on.
struct Part<'a> {
    first: usize,
    /// The number of the last one; `None` if none is left.
    last: Option<usize>,
    values: &'a [Vec<u8>],
}

impl Directory {
    /// Every value of an attribute of the user's, those too that the server sends only when asked again.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] if some cannot be had: with a part of the values a user would be in a part of the groups.
    pub(super) async fn all_values(&self, entry: &Entry, name: &str) -> Result<Vec<Vec<u8>>, UpstreamError> {
        let refused =
            |why: &str| UpstreamError::Unacceptable(format!("ldap: attribute {name:?} of entry {:?} {why}", entry.dn));
        if !is_partial(entry, name) {
            return Ok(values(entry, name).into_iter().map(<[u8]>::to_vec).collect());
        }
        let (mut all, mut entry) = (Vec::new(), Cow::Borrowed(entry));
        for _ in 0..PARTS_MAX {
            let part = part(&entry, name).ok_or_else(|| refused("comes in parts whose numbers cannot be read"))?;
            if part.first != all.len() || !part.is_whole() {
                return Err(refused("comes in parts that do not fit together"));
            }
            all.extend_from_slice(part.values);
            if all.len() > VALUES_MAX {
                return Err(refused(&format!("has more than {VALUES_MAX} values")));
            }
            if part.last.is_none() {
                return Ok(all);
            }
            entry = Cow::Owned(self.next_values(&entry.dn, name, all.len()).await?);
        }
        Err(refused(&format!("comes in more than {PARTS_MAX} parts")))
    }

    /// The entry once more, with the values of the attribute from this one on.
    async fn next_values(&self, dn: &str, name: &str, from: usize) -> Result<Entry, UpstreamError> {
        let filter = Filter::Present("objectClass".to_owned());
        let search = Search {
            base: dn,
            scope: Scope::Base,
            filter: &filter,
            attributes: &[format!("{name};range={from}-*")],
            size_limit: 0,
            entries_max: 1,
            page: 0,
        };
        let (mut found, outcome) = self.search(&search).await?;
        if outcome.code != code::SUCCESS {
            return Err(failed(&filter, &outcome));
        }
        let located = found.pop();
        let gone = || UpstreamError::Unacceptable(format!("ldap: entry {dn:?} is gone"));
        located.map(|located| located.entry).ok_or_else(gone)
    }
}

impl Part<'_> {
    /// Whether there are as many values as its numbers say, and one at least if more are to come.
    fn is_whole(&self) -> bool {
        let counted = |last: usize| last.checked_sub(self.first).and_then(|more| more.checked_add(1));
        self.last.is_none_or(|last| counted(last) == Some(self.values.len()))
    }
}

/// Whether the server has sent a part of the values only.
fn is_partial(entry: &Entry, name: &str) -> bool {
    entry.attributes.iter().any(|attribute| range(attribute, name).is_some())
}

/// The range an attribute has, as it is written.
fn range<'a>(attribute: &'a Attribute, name: &str) -> Option<&'a str> {
    let (plain, options) = attribute.name.split_once(';')?;
    let key_of = |option: &'a str| option.split_once('=').filter(|(key, _)| key.eq_ignore_ascii_case("range"));
    if plain.eq_ignore_ascii_case(name) { options.split(';').find_map(key_of).map(|(_, range)| range) } else { None }
}

/// The values that were sent, if it is said which they are. An attribute without values may stand beside them.
fn part<'a>(entry: &'a Entry, name: &str) -> Option<Part<'a>> {
    let mut ranged = entry.attributes.iter().filter_map(|attribute| Some((attribute, range(attribute, name)?)));
    let (attribute, range) = ranged.next()?;
    let (first, last) = range.split_once('-')?;
    let last = if last == "*" { None } else { Some(last.parse().ok()?) };
    Some(Part { first: first.parse().ok()?, last, values: &attribute.values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_says_which_values_it_has() {
        let cases = [
            ("memberOf", 2, None, None),
            ("memberOf;lang-en", 2, None, None),
            ("member;range=0-1", 2, None, None),
            ("memberOf;range=0-1", 2, Some((0, Some(1))), Some(true)),
            ("MEMBEROF;Range=0-1", 2, Some((0, Some(1))), Some(true)),
            ("memberOf;binary;range=2-*", 2, Some((2, None)), Some(true)),
            ("memberOf;range=2-*", 0, Some((2, None)), Some(true)),
            ("memberOf;range=0-2", 2, Some((0, Some(2))), Some(false)),
            ("memberOf;range=5-4", 0, Some((5, Some(4))), Some(false)),
            ("memberOf;range=0", 2, None, Some(false)),
            ("memberOf;range=-1-*", 2, None, Some(false)),
            ("memberOf;range=*-*", 2, None, Some(false)),
            ("memberOf;range=0-99999999999999999999", 2, None, Some(false)),
            ("memberOf;range=0-18446744073709551615", 0, Some((0, Some(usize::MAX))), Some(false)),
        ];
        for (written, count, numbers, whole) in cases {
            let attribute = Attribute { name: written.into(), values: vec![b"x".to_vec(); count] };
            let beside = Attribute { name: "memberOf".into(), values: Vec::new() };
            let entry = Entry { dn: "cn=x".into(), attributes: vec![beside, attribute] };
            assert_eq!(is_partial(&entry, "memberOf"), whole.is_some(), "{written}");
            let part = part(&entry, "memberOf");
            assert_eq!(part.as_ref().map(|part| (part.first, part.last)), numbers, "{written}");
            assert_eq!(part.is_some_and(|part| part.is_whole()), whole == Some(true), "{written}");
        }
    }
}
