//! What was spent, kept small: each login leaves a mark for a minute, and there are many logins.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use dex_model::{AnyRecord, Record as _, Spent, Timestamp};

use crate::Write;

/// The marks, by id and by expiry. About 140 bytes each, where a record of the general kind takes three times that.
#[derive(Default)]
pub(crate) struct Marks {
    by_id: BTreeMap<Arc<str>, Timestamp>,
    by_expiry: BTreeSet<(Timestamp, Arc<str>)>,
}

impl Marks {
    pub(crate) fn insert(&mut self, mark: &Spent) -> Write {
        if self.by_id.contains_key(mark.id.as_str()) {
            return Write::Lost;
        }
        let id: Arc<str> = mark.id.as_str().into();
        self.by_expiry.insert((mark.expiry, id.clone()));
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
        let Some((id, expiry)) = self.by_id.remove_entry(id) else { return Write::Lost };
        self.by_expiry.remove(&(expiry, id));
        Write::Done
    }

    pub(crate) fn list(&self, after: Option<&str>, limit: usize) -> Vec<AnyRecord> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.by_id.range::<str, _>((from, Bound::Unbounded)).take(limit);
        behind.map(|(id, expiry)| record(id, *expiry)).collect()
    }

    pub(crate) fn sweep(&mut self, now: Timestamp, limit: u32) -> u32 {
        let mut swept = 0;
        while swept < limit && self.by_expiry.first().is_some_and(|(expiry, _)| *expiry < now) {
            let Some((_, id)) = self.by_expiry.pop_first() else { break };
            self.by_id.remove(&id);
            swept += 1;
        }
        swept
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.by_expiry.is_empty()
    }
}

/// A mark as the record it stands for.
pub(crate) fn record(id: &str, expiry: Timestamp) -> AnyRecord {
    Spent { id: id.to_owned(), expiry }.into_any()
}
