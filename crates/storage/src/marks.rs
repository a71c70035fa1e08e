//! What was spent, kept small: each login leaves a mark for a minute, and there are many logins.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use dex_model::{AnyRecord, Record as _, Spent, Timestamp};

use crate::Write;
use crate::packed::{PREFIX, pack, unpack};

/// The marks. Those of codes, of which there are by far the most, are kept by their bits, in about 80 bytes each; a record of
/// the general kind takes several times that.
#[derive(Default)]
pub(crate) struct Marks {
    codes: Index<u128>,
    others: Index<Arc<str>>,
}

impl Marks {
    pub(crate) fn insert(&mut self, mark: &Spent) -> Write {
        match pack(&mark.id) {
            Some(code) => self.codes.insert(code, mark.expiry),
            None => self.others.insert(mark.id.as_str().into(), mark.expiry),
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<Timestamp> {
        match pack(id) {
            Some(code) => self.codes.get(&code),
            None => self.others.get(id),
        }
    }

    /// Puts `mark` in the place of the one that expires when it was seen to.
    pub(crate) fn replace(&mut self, seen: Timestamp, mark: &Spent) -> Write {
        if self.get(&mark.id) != Some(seen) {
            return Write::Lost;
        }
        let _ = self.remove(&mark.id);
        self.insert(mark)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Write {
        match pack(id) {
            Some(code) => self.codes.remove(&code),
            None => self.others.remove(id),
        }
    }

    pub(crate) fn list(&self, after: Option<&str>, limit: usize) -> Vec<AnyRecord> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let others = self.others.by_id.range::<str, _>((from, Bound::Unbounded)).take(limit);
        let codes = codes_behind(after).map(|from| self.codes.by_id.range((from, Bound::Unbounded)));
        let codes = codes.into_iter().flatten().map(|(code, expiry)| (unpack(*code), *expiry));
        let codes = codes.skip_while(|(id, _)| after.is_some_and(|after| id.as_str() <= after)).take(limit);
        let mut page: Vec<(String, Timestamp)> = others.map(|(id, expiry)| (id.as_ref().to_owned(), *expiry)).collect();
        page.extend(codes);
        page.sort_unstable();
        page.truncate(limit);
        page.into_iter().map(|(id, expiry)| record(&id, expiry)).collect()
    }

    pub(crate) fn sweep(&mut self, now: Timestamp, limit: u32) -> u32 {
        let swept = self.codes.sweep(now, limit);
        swept + self.others.sweep(now, limit - swept)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.others.is_empty()
    }
}

/// From where on codes may be behind an id; `None` if there are none, as for whoever lists what lies behind them all.
fn codes_behind(after: Option<&str>) -> Option<Bound<u128>> {
    match after {
        Some(after) if after > PREFIX && !after.starts_with(PREFIX) => None,
        after => Some(after.and_then(pack).map_or(Bound::Unbounded, Bound::Excluded)),
    }
}

/// Expiries by id, and ids by the second of their expiry.
struct Index<K> {
    by_id: BTreeMap<K, Timestamp>,
    /// What is found here and expires otherwise was replaced or removed, and is forgotten with its second.
    by_second: BTreeMap<i64, Vec<K>>,
}

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self { by_id: BTreeMap::new(), by_second: BTreeMap::new() }
    }
}

impl<K: Ord + Clone> Index<K> {
    fn insert(&mut self, id: K, expiry: Timestamp) -> Write {
        if self.by_id.contains_key(&id) {
            return Write::Lost;
        }
        self.by_second.entry(expiry.as_second()).or_default().push(id.clone());
        self.by_id.insert(id, expiry);
        Write::Done
    }

    fn get<Q: Ord + ?Sized>(&self, id: &Q) -> Option<Timestamp>
    where
        K: Borrow<Q>,
    {
        self.by_id.get(id).copied()
    }

    fn remove<Q: Ord + ?Sized>(&mut self, id: &Q) -> Write
    where
        K: Borrow<Q>,
    {
        if self.by_id.remove(id).is_some() { Write::Done } else { Write::Lost }
    }

    fn sweep(&mut self, now: Timestamp, limit: u32) -> u32 {
        let mut swept = 0;
        let mut kept = Vec::new();
        while let Some(mut second) = self.by_second.first_entry().filter(|entry| *entry.key() <= now.as_second()) {
            let at = *second.key();
            let ids = second.get_mut();
            while swept < limit
                && let Some(id) = ids.pop()
            {
                match self.by_id.get(&id) {
                    Some(expiry) if *expiry < now => {
                        self.by_id.remove(&id);
                        swept += 1;
                    }
                    // Of the second that has just begun.
                    Some(expiry) if expiry.as_second() == at => kept.push(id),
                    _ => {}
                }
            }
            if !ids.is_empty() {
                break;
            }
            second.remove();
        }
        if let Some(first) = kept.first().and_then(|id| self.by_id.get(id)) {
            self.by_second.entry(first.as_second()).or_default().append(&mut kept);
        }
        swept
    }

    #[cfg(test)]
    fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.by_second.is_empty()
    }
}

/// A mark as the record it stands for.
pub(crate) fn record(id: &str, expiry: Timestamp) -> AnyRecord {
    Spent { id: id.to_owned(), expiry }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_looked_at_for_what_lies_behind_them_all() {
        let code = format!("code/{}", "b".repeat(25));
        let packed = pack(&code).map(Bound::Excluded);
        let cases = [
            (None, Some(Bound::Unbounded)),
            (Some("a"), Some(Bound::Unbounded)),
            (Some("code/~"), Some(Bound::Unbounded)),
            (Some(code.as_str()), packed),
            (Some("code0"), None),
            (Some("jti/"), None),
        ];
        for (after, from) in cases {
            assert_eq!(codes_behind(after), from, "{after:?}");
        }
    }

    #[test]
    fn codes_and_others_are_listed_in_one_order() {
        let mut marks = Marks::default();
        let code = |letter: char| format!("code/{}", letter.to_string().repeat(25));
        let ids = ["a".to_owned(), code('2'), code('b'), "code/b".into(), code('z'), "code/~".into(), "jti/x".into()];
        for (second, id) in ids.iter().enumerate() {
            let expiry = Timestamp::from_second(second as i64).unwrap();
            assert_eq!(marks.insert(&Spent { id: id.clone(), expiry }), Write::Done);
        }
        let mut sorted = ids.to_vec();
        sorted.sort();
        let listed = |after: Option<&str>, limit| -> Vec<String> {
            marks.list(after, limit).iter().map(|record| record.key().id).collect()
        };
        assert_eq!(listed(None, 9), sorted);
        for (at, id) in sorted.iter().enumerate() {
            assert_eq!(listed(Some(id), 2), sorted[at + 1..].iter().take(2).cloned().collect::<Vec<_>>(), "{id}");
        }
        assert_eq!(marks.sweep(Timestamp::from_second(4).unwrap(), 3), 3);
        assert_eq!(marks.sweep(Timestamp::from_second(100).unwrap(), 100), 4);
        assert!(marks.is_empty());
    }
}
