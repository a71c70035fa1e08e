//! Removing what is over.
//!
//! etcd finds by key only, so records are looked through page by page. A kind that is never swept clean, such as
//! sessions that are still good, would be read from its beginning each time; so a sweep begins where the last one ended.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dex_model::{Kind, Timestamp};
use dex_storage::{StorageError, expiry_of};

use crate::backend::{Etcd, PAGE, behind};
use crate::client::messages::{Compare, DeleteRangeRequest, KeyValue, Request, RequestOp, Response, TxnRequest};

/// How many pages one sweep looks through before others get their turn.
const PAGES_MAX: u32 = 40;

/// How many records are removed in one step; etcd allows 128 operations by default.
const REMOVED_AT_ONCE: usize = 100;

/// Where the next sweep of each kind begins.
#[derive(Default)]
pub(crate) struct Sweeps(Mutex<HashMap<Kind, Vec<u8>>>);

impl Sweeps {
    pub(crate) async fn sweep(&self, etcd: &Etcd, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        if limit == 0 || !expires(kind) {
            return Ok(0);
        }
        let mut swept = 0;
        for _ in 0..PAGES_MAX {
            let from = self.places().remove(&kind).unwrap_or_else(|| etcd.prefix(kind));
            let (found, more) = etcd.page(kind, from, PAGE).await?;
            let mut over: Vec<_> = found.iter().filter(|found| is_over(etcd, kind, found, now)).collect();
            let full = over.len() >= (limit - swept) as usize;
            over.truncate((limit - swept) as usize);
            swept += remove(etcd, &over).await?;
            let next = if full { over.last().copied() } else { found.last().filter(|_| more) };
            let Some(next) = next else { return Ok(swept) };
            self.places().insert(kind, behind(next.key.clone()));
            if full {
                return Ok(swept);
            }
        }
        Ok(swept)
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Kind, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a kind has an expiry, as [`expiry_of`] says of its records.
fn expires(kind: Kind) -> bool {
    match kind {
        Kind::AuthRequest
        | Kind::AuthCode
        | Kind::AuthSession
        | Kind::DeviceRequest
        | Kind::DeviceToken
        | Kind::Spent => true,
        Kind::Client
        | Kind::RefreshToken
        | Kind::Password
        | Kind::OfflineSessions
        | Kind::UserIdentity
        | Kind::Connector
        | Kind::Keys => false,
    }
}

/// What cannot be read is not over: it stays to be looked at.
fn is_over(etcd: &Etcd, kind: Kind, found: &KeyValue, now: Timestamp) -> bool {
    etcd.decoded(kind, found).ok().and_then(|record| expiry_of(&record)).is_some_and(|expiry| expiry < now)
}

/// Removes those that are still as they were found; answers how many.
async fn remove(etcd: &Etcd, over: &[&KeyValue]) -> Result<u32, StorageError> {
    let mut removed = 0;
    for some in over.chunks(REMOVED_AT_ONCE) {
        let success = some.iter().map(|found| unless_changed(found)).collect();
        let answer = etcd.txn(TxnRequest { compare: Vec::new(), success, failure: Vec::new() }).await?;
        let done =
            answer.responses.iter().filter(|one| matches!(&one.response, Some(Response::Txn(one)) if one.succeeded));
        removed += u32::try_from(done.count()).unwrap_or(u32::MAX);
    }
    Ok(removed)
}

fn unless_changed(found: &KeyValue) -> RequestOp {
    let compare = vec![Compare::unchanged(found.key.clone(), found.mod_revision)];
    let success = vec![Request::DeleteRange(DeleteRangeRequest { key: found.key.clone() }).into()];
    Request::Txn(TxnRequest { compare, success, failure: Vec::new() }).into()
}
