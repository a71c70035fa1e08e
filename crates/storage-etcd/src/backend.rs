//! The back end: one record, one key.

use async_trait::async_trait;
use dex_model::{AnyRecord, Key, Keys, Kind, Timestamp};
use dex_storage::{Backend, Readable, Seen, StorageError, Write, key_of, list_readable};

use crate::client::messages::{
    Compare, DeleteRangeRequest, KeyValue, PutRequest, RangeRequest, Request, Response, TxnRequest, TxnResponse,
};
use crate::client::{Client, Failure};
use crate::codec::{self, Fault};
use crate::sweep::Sweeps;
use crate::{EtcdOptions, OpenError, keys};

/// How many records are read at once. Most are about a kilobyte.
pub(crate) const PAGE: u32 = 500;

/// How often a removal that must look first is tried. Each try that loses means that another one won.
const REMOVE_TRIES_MAX: u32 = 16;

/// Records in etcd v3.
pub struct Etcd {
    client: Client,
    namespace: String,
    sweeps: Sweeps,
}

/// The revision a record was written at.
type Revision = i64;

impl Etcd {
    /// Reads the files that are configured, and asks etcd once: for a login, if there is a user, and for a key.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the caller stops the start and shows it.
    pub async fn open(options: &EtcdOptions) -> Result<Self, OpenError> {
        let client = Client::new(options)?;
        let etcd = Self { client, namespace: options.namespace.clone(), sweeps: Sweeps::default() };
        etcd.ask_for_a_key().await.map_err(|failure| OpenError::Refused(Box::new(failure)))?;
        Ok(etcd)
    }

    /// The key of a record as etcd knows it.
    fn path(&self, key: &Key) -> Vec<u8> {
        self.under(&keys::path(key))
    }

    fn under(&self, path: &str) -> Vec<u8> {
        [self.namespace.as_bytes(), path.as_bytes()].concat()
    }

    /// What all keys of a kind begin with.
    pub(crate) fn prefix(&self, kind: Kind) -> Vec<u8> {
        self.under(keys::prefix(kind))
    }

    async fn ask_for_a_key(&self) -> Result<(), Failure> {
        let key = self.under(Keys::SIGNING);
        self.client.range(RangeRequest { key, count_only: true, ..RangeRequest::default() }).await?;
        Ok(())
    }

    async fn one(&self, key: Vec<u8>) -> Result<Option<KeyValue>, Failure> {
        let found = self.client.range(RangeRequest { key, ..RangeRequest::default() }).await?;
        Ok(found.kvs.into_iter().next())
    }

    /// Up to `limit` keys of a kind from `from` on, and whether there are more.
    pub(crate) async fn page(
        &self,
        kind: Kind,
        from: Vec<u8>,
        limit: u32,
    ) -> Result<(Vec<KeyValue>, bool), StorageError> {
        let range_end = keys::end_of(&self.prefix(kind));
        let request = RangeRequest { key: from, range_end, limit: limit.into(), count_only: false };
        let found = self.client.range(request).await.map_err(StorageError::unavailable)?;
        Ok((found.kvs, found.more))
    }

    /// One step with conditions.
    pub(crate) async fn txn(&self, request: TxnRequest) -> Result<TxnResponse, StorageError> {
        self.client.txn(request).await.map_err(StorageError::unavailable)
    }

    async fn put(&self, key: &Key, request: TxnRequest) -> Result<TxnResponse, StorageError> {
        self.client.txn(request).await.map_err(|failure| match failure {
            Failure::TooLarge => StorageError::Unstorable { key: Box::new(key.clone()), reason: failure.to_string() },
            failure => StorageError::unavailable(failure),
        })
    }

    /// The record of a key and a value.
    pub(crate) fn decoded(&self, kind: Kind, found: &KeyValue) -> Result<AnyRecord, StorageError> {
        let path = found.key.strip_prefix(self.namespace.as_bytes()).unwrap_or(&found.key);
        let path = String::from_utf8_lossy(path);
        // The signing keys lie beside the prefix, not under it.
        let id = path.strip_prefix(keys::prefix(kind)).unwrap_or(&path);
        codec::decode(kind, id, &found.value).map_err(|Fault { field, reason }| {
            let key = Box::new(keys::key(kind, id));
            StorageError::Undecodable { key, field, reason }
        })
    }

    /// The record of `key`, unless another one lies there.
    fn asked_for(&self, key: &Key, found: &KeyValue) -> Result<Option<AnyRecord>, StorageError> {
        let record = self.decoded(key.kind, found)?;
        Ok(keys::is(key, &record).then_some(record))
    }

    /// Removes what lies at `key` if it is that record and not another one.
    async fn remove_looking(&self, key: &Key) -> Result<Write, StorageError> {
        let path = self.path(key);
        for _ in 0..REMOVE_TRIES_MAX {
            let found = self.one(path.clone()).await.map_err(StorageError::unavailable)?;
            let Some(found) = found.filter(|found| !matches!(self.asked_for(key, found), Ok(None))) else {
                return Ok(Write::Lost);
            };
            let compare = vec![Compare::unchanged(path.clone(), found.mod_revision)];
            let success = vec![Request::DeleteRange(DeleteRangeRequest { key: path.clone() }).into()];
            if self.txn(TxnRequest { compare, success, failure: Vec::new() }).await?.succeeded {
                return Ok(Write::Done);
            }
        }
        Err(StorageError::Contended { key: Box::new(key.clone()) })
    }

    /// Every set of keys, by name; there are three or so.
    async fn all_keys(&self) -> Result<Vec<(Key, Readable)>, StorageError> {
        let signing = self.one(self.under(Keys::SIGNING)).await.map_err(StorageError::unavailable)?;
        let (ours, _) = self.page(Kind::Keys, self.prefix(Kind::Keys), PAGE).await?;
        let all = ours.into_iter().chain(signing).map(|found| {
            let record = self.decoded(Kind::Keys, &found);
            (key_of(&record).unwrap_or_else(|| Key::one(Kind::Keys, "")), record)
        });
        let mut all: Vec<_> = all.collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(all)
    }
}

#[async_trait]
impl Backend for Etcd {
    async fn insert(&self, record: &AnyRecord) -> Result<Write, StorageError> {
        let (key, value) = (record.key(), codec::encode(record)?);
        let path = self.path(&key);
        // Where two records may want one key, it is looked at once whose it is.
        let look = keys::by_user(key.kind)
            .then(|| Request::Range(RangeRequest { key: path.clone(), ..RangeRequest::default() }));
        let request = TxnRequest {
            compare: vec![Compare::absent(path.clone())],
            success: vec![Request::Put(PutRequest { key: path, value }).into()],
            failure: look.into_iter().map(Into::into).collect(),
        };
        let answer = self.put(&key, request).await?;
        if answer.succeeded {
            return Ok(Write::Done);
        }
        let found = answer.responses.into_iter().find_map(|one| match one.response {
            Some(Response::Range(found)) => found.kvs.into_iter().next(),
            _ => None,
        });
        match found.map(|found| self.asked_for(&key, &found)) {
            Some(Ok(None)) => {
                let reason = "the key it has in etcd is that of a user whose id differs in the case of letters only";
                Err(StorageError::Unstorable { key: Box::new(key), reason: reason.to_owned() })
            }
            _ => Ok(Write::Lost),
        }
    }

    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        let found = self.one(self.path(key)).await.map_err(StorageError::unavailable)?;
        let Some(found) = found else { return Ok(None) };
        let record = self.asked_for(key, &found)?;
        Ok(record.map(|record| (record, Seen::new::<Revision>(found.mod_revision))))
    }

    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        let (key, value) = (record.key(), codec::encode(record)?);
        let path = self.path(&key);
        let request = TxnRequest {
            compare: vec![Compare::unchanged(path.clone(), *seen.token::<Revision>())],
            success: vec![Request::Put(PutRequest { key: path, value }).into()],
            failure: Vec::new(),
        };
        let answer = self.put(&key, request).await?;
        Ok(if answer.succeeded { Write::Done } else { Write::Lost })
    }

    async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        if keys::by_user(key.kind) {
            return self.remove_looking(key).await;
        }
        let answer = self.client.delete(DeleteRangeRequest { key: self.path(key) }).await;
        let gone = answer.map_err(StorageError::unavailable)?.deleted > 0;
        Ok(if gone { Write::Done } else { Write::Lost })
    }

    async fn list(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<AnyRecord>, StorageError> {
        list_readable(self, kind, after, limit).await
    }

    async fn inspect(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<Readable>, StorageError> {
        if kind == Kind::Keys {
            let all = self.all_keys().await?.into_iter();
            let behind = all.filter(|(key, _)| after.is_none_or(|after| key > after));
            return Ok(behind.take(limit as usize).map(|(_, record)| record).collect());
        }
        let mut from = after.map_or_else(|| self.prefix(kind), |key| behind(self.path(key)));
        let mut records = Vec::new();
        loop {
            let room = limit.saturating_sub(u32::try_from(records.len()).unwrap_or(limit));
            let (found, more) = self.page(kind, from, room.min(PAGE)).await?;
            records.extend(found.iter().map(|found| self.decoded(kind, found)));
            match found.into_iter().next_back() {
                Some(last) if more && records.len() < limit as usize => from = behind(last.key),
                _ => return Ok(records),
            }
        }
    }

    async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        self.sweeps.sweep(self, kind, now, limit).await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        self.ask_for_a_key().await.map_err(StorageError::unavailable)
    }

    async fn close(&self) {
        self.client.close();
    }
}

/// The least key behind this one.
pub(crate) fn behind(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}
