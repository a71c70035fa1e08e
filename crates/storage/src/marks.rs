//! What was spent, kept small: each login leaves a mark for a minute, and there are many logins.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use dex_model::{AnyRecord, Record as _, Spent, Timestamp};

use crate::Write;

/// The marks, by id and by the second of their expiry, where a record of the general kind takes several times the room.
#[derive(Default)]
pub(crate) struct Marks {
    by_id: BTreeMap<Arc<str>, Timestamp>,
    /// What is found here and expires otherwise was replaced or removed, and is forgotten with its second.
    by_second: BTreeMap<i64, Vec<Arc<str>>>,
}

impl Marks {
    pub(crate) fn insert(&mut self, mark: &Spent) -> Write {
        if self.by_id.contains_key(mark.id.as_str()) {
            return Write::Lost;
        }
        let id: Arc<str> = mark.id.as_str().into();
        self.by_second.entry(mark.expiry.as_second()).or_default().push(id.clone());
        self.by_id.insert(id, mark.expiry);
        Write::Done
    }

    pub(crate) fn get(&self, id: &str) -> Option<Timestamp> {
        self.by_id.get(id).copied()
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
        if self.by_id.remove(id).is_some() { Write::Done } else { Write::Lost }
    }

    pub(crate) fn list(&self, after: Option<&str>, limit: usize) -> Vec<AnyRecord> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.by_id.range::<str, _>((from, Bound::Unbounded)).take(limit);
        behind.map(|(id, expiry)| record(id, *expiry)).collect()
    }

    pub(crate) fn sweep(&mut self, now: Timestamp, limit: u32) -> u32 {
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
    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.by_second.is_empty()
    }
}

/// A mark as the record it stands for.
pub(crate) fn record(id: &str, expiry: Timestamp) -> AnyRecord {
    Spent { id: id.to_owned(), expiry }.into_any()
}
