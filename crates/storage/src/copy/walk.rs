//! Every record of a kind, page by page.

use dex_model::{Key, Kind};

use crate::{Backend, Readable, StorageError, key_of};

/// How many records a page holds.
pub(super) const PAGE: u32 = 500;

/// Where a walk through one kind is.
pub(super) struct Walk<'a> {
    store: &'a dyn Backend,
    kind: Kind,
    after: Option<Key>,
    ended: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(store: &'a dyn Backend, kind: Kind) -> Self {
        Self { store, kind, after: None, ended: false }
    }

    /// The next page; `None` behind the last.
    pub(super) async fn page(&mut self) -> Result<Option<Vec<Readable>>, StorageError> {
        if self.ended {
            return Ok(None);
        }
        let page = self.store.inspect(self.kind, self.after.as_ref(), PAGE).await?;
        self.ended = page.len() < PAGE as usize;
        self.after = page.last().and_then(key_of);
        Ok(Some(page))
    }
}
