//! The six operations.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use dex_model::{AnyRecord, Key, Keys, Kind, Timestamp};
use dex_oidc::to_json;
use dex_storage::{Backend, Readable, Seen, StorageError, Write, expiry_of, key_of, list_readable};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::client::{Answer, Api, ApiError, Request, Verb};
use crate::codec;
use crate::kind::resource;
use crate::lists::{PAGE, Walk};
use crate::name;
use crate::object::{Members, Object, new_metadata, resource_of, text, write};

/// How many objects a sweep removes at the same time.
const REMOVED_AT_ONCE: usize = 8;

/// The annotation that says who removed an object which somebody's finalizer keeps.
const REMOVED: &str = "dex.coreos.com/removed";

/// Records as custom resources.
pub struct Kubernetes {
    api: Api,
    /// Behind which name the next sweep of a kind goes on, where the last one was full.
    swept: Mutex<HashMap<Kind, String>>,
    /// The last record of a page whose object is not called as [`name::of`] says, and how it is called.
    misnamed: Mutex<HashMap<Kind, (Key, String)>>,
}

/// How a record was seen: the object without what our codec knows.
struct SeenObject {
    metadata: Members,
    foreign: Members,
}

impl Kubernetes {
    pub(crate) fn on(api: Api) -> Self {
        Self { api, swept: Mutex::default(), misnamed: Mutex::default() }
    }

    fn request(&self, verb: Verb, key: &Key, name: &str) -> Request {
        Request::of(verb, resource_of(key), &self.api.namespace, name)
    }

    async fn object(&self, key: &Key, name: &str) -> Result<Option<Object>, StorageError> {
        let request = self.request(Verb::Get, key, name);
        let answer = self.api.call(&request).await.map_err(StorageError::unavailable)?;
        if !answer.is_success() {
            return gone(answer, request).map(|()| None);
        }
        let strange = || ApiError::Strange { verb: Verb::Get, what: request.what.clone() };
        let object = serde_json::from_slice(&answer.body).ok().and_then(Object::of).ok_or_else(strange);
        Ok(Some(object.map_err(StorageError::unavailable)?).filter(|object| !object.is_leaving()))
    }

    /// The object of a key with its record. The object of another pair under the same name is passed over.
    async fn find(&self, key: &Key) -> Result<Option<(Object, AnyRecord)>, StorageError> {
        let Some(name) = name::of(key) else {
            return Ok(None);
        };
        let names = [Some(name), name::may_collide(key.kind).then(|| name::apart(key))];
        for name in names.into_iter().flatten() {
            let Some(object) = self.object(key, &name).await? else {
                continue;
            };
            let record = codec::decode(key.kind, &object).map_err(|reason| undecodable(key, reason))?;
            if record.key() == *key {
                return Ok(Some((object, record)));
            }
            if !name::may_collide(key.kind) {
                return Err(undecodable(key, "its name is that of another".into()));
            }
        }
        Ok(None)
    }

    async fn create(&self, key: &Key, name: &str, body: Members) -> Result<Write, StorageError> {
        let object = write(resource_of(key), new_metadata(name, &self.api.namespace), body);
        let request = self.request(Verb::Create, key, "").with(object);
        let answer = self.api.call(&request).await.map_err(StorageError::unavailable)?;
        match answer.code {
            200..300 => Ok(Write::Done),
            409 if answer.status().already_exists() => Ok(Write::Lost),
            404 if answer.status().is_missing_namespace() => {
                Err(StorageError::unavailable(ApiError::NoNamespace(self.api.namespace.clone())))
            }
            _ => Err(refused(key, &answer, request)),
        }
    }

    /// Inserts a record whose name another pair may have.
    async fn create_pair(&self, key: &Key, name: &str, body: Members) -> Result<Write, StorageError> {
        let apart = name::apart(key);
        if self.object(key, &apart).await?.is_some() {
            return Ok(Write::Lost);
        }
        if self.create(key, name, body.clone()).await? == Write::Done {
            return Ok(Write::Done);
        }
        let Some(other) = self.object(key, name).await? else {
            return Ok(Write::Lost);
        };
        match codec::decode(key.kind, &other) {
            Ok(other) if other.key() != *key => self.create(key, &apart, body).await,
            _ => Ok(Write::Lost),
        }
    }

    async fn delete(&self, key: &Key, name: &str, bound: Option<Vec<u8>>) -> Result<Write, StorageError> {
        let mut request = self.request(Verb::Delete, key, name);
        request.body = bound;
        let answer = self.api.call(&request).await.map_err(StorageError::unavailable)?;
        if answer.code == 409 {
            return Ok(Write::Lost);
        }
        if !answer.is_success() {
            return gone(answer, request).map(|()| Write::Lost);
        }
        // An object that a finalizer keeps comes back itself, to every caller.
        match serde_json::from_slice(&answer.body).ok().and_then(Object::of) {
            Some(object) if object.is_leaving() => self.claim(key, object).await,
            _ => Ok(Write::Done),
        }
    }

    /// Of those who removed an object that is still there, one can write that it did.
    async fn claim(&self, key: &Key, mut object: Object) -> Result<Write, StorageError> {
        let annotations = object.metadata.entry("annotations").or_insert_with(|| json!({}));
        if let Some(annotations) = annotations.as_object_mut()
            && annotations.insert(REMOVED.into(), "true".into()).is_some()
        {
            return Ok(Write::Lost);
        }
        let name = object.name().to_owned();
        let written = write(resource_of(key), object.metadata, object.body);
        let request = self.request(Verb::Update, key, &name).with(written);
        let answer = self.api.call(&request).await.map_err(StorageError::unavailable)?;
        Ok(if answer.is_success() { Write::Done } else { Write::Lost })
    }

    /// Removes an object that is over, unless it has changed.
    async fn sweep_one(&self, key: Key, object: Object) -> Result<bool, StorageError> {
        let swept = self.delete(&key, object.name(), Some(object.precondition())).await?;
        Ok(swept == Write::Done)
    }

    /// Behind which name the page after `key` begins.
    fn behind(&self, key: &Key) -> Option<String> {
        let misnamed = self.misnamed.lock().unwrap_or_else(PoisonError::into_inner);
        let known = misnamed.get(&key.kind).filter(|(last, _)| last == key).map(|(_, name)| name.clone());
        known.or_else(|| name::of(key))
    }

    /// Notes what the object of the last record of a page is called, if its key does not tell.
    fn note_last(&self, key: Key, name: String) {
        let told = name::of(&key).as_ref() == Some(&name);
        let mut misnamed = self.misnamed.lock().unwrap_or_else(PoisonError::into_inner);
        match told {
            true => misnamed.remove(&key.kind),
            false => misnamed.insert(key.kind, (key, name)),
        };
    }

    fn swept_up_to(&self, kind: Kind, name: Option<String>) -> Option<String> {
        let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
        match name {
            Some(name) => swept.insert(kind, name),
            None => swept.remove(&kind),
        }
    }
}

/// The answer to a question for an object that is not there; any other failure is one.
fn gone(answer: Answer, request: Request) -> Result<(), StorageError> {
    match answer.code {
        404 if answer.status().is_missing_object() => Ok(()),
        404 => Err(StorageError::unavailable(ApiError::NotServed { what: request.what })),
        code => Err(StorageError::unavailable(ApiError::Answered { code, verb: request.verb, what: request.what })),
    }
}

fn refused(key: &Key, answer: &Answer, request: Request) -> StorageError {
    let what = request.what;
    match answer.code {
        404 => StorageError::unavailable(ApiError::NotServed { what }),
        400 | 413 | 422 => {
            let reason = format!("the API server does not take it ({} {})", answer.code, answer.status().reason());
            StorageError::Unstorable { key: Box::new(key.clone()), reason }
        }
        code => StorageError::unavailable(ApiError::Answered { code, verb: request.verb, what }),
    }
}

fn undecodable(key: &Key, reason: String) -> StorageError {
    StorageError::Undecodable { key: Box::new(key.clone()), field: "object", reason }
}

fn encode(key: &Key, record: &AnyRecord) -> Result<Members, StorageError> {
    codec::encode(record).map_err(|reason| StorageError::Unstorable { key: Box::new(key.clone()), reason })
}

#[async_trait]
impl Backend for Kubernetes {
    async fn insert(&self, record: &AnyRecord) -> Result<Write, StorageError> {
        let key = record.key();
        let Some(name) = name::of(&key) else {
            let reason = "no object of Kubernetes can have its name".into();
            return Err(StorageError::Unstorable { key: Box::new(key), reason });
        };
        let body = encode(&key, record)?;
        if name::may_collide(key.kind) {
            return self.create_pair(&key, &name, body).await;
        }
        self.create(&key, &name, body).await
    }

    async fn get(&self, key: &Key) -> Result<Option<(AnyRecord, Seen)>, StorageError> {
        let found = self.find(key).await?;
        Ok(found.map(|(object, record)| {
            let foreign = codec::foreign(key.kind, object.body);
            (record, Seen::new(SeenObject { metadata: object.metadata, foreign }))
        }))
    }

    async fn replace(&self, seen: &Seen, record: &AnyRecord) -> Result<Write, StorageError> {
        let (key, seen) = (record.key(), seen.token::<SeenObject>());
        let mut body = encode(&key, record)?;
        body.extend(seen.foreign.clone());
        let name = text(&seen.metadata, "name");
        let object = write(resource_of(&key), seen.metadata.clone(), body);
        let request = self.request(Verb::Update, &key, name).with(object);
        let answer = self.api.call(&request).await.map_err(StorageError::unavailable)?;
        match answer.code {
            200..300 => Ok(Write::Done),
            409 => Ok(Write::Lost),
            404 if answer.status().is_missing_object() => Ok(Write::Lost),
            _ => Err(refused(&key, &answer, request)),
        }
    }

    async fn remove(&self, key: &Key) -> Result<Write, StorageError> {
        if name::may_collide(key.kind) {
            let Some((object, _)) = self.find(key).await? else {
                return Ok(Write::Lost);
            };
            // It may change meanwhile; it may not be another one.
            let uid = object.metadata.get("uid").cloned().unwrap_or(Value::Null);
            let bound = to_json(&json!({"preconditions": {"uid": uid}}));
            return self.delete(key, object.name(), Some(bound)).await;
        }
        match name::of(key) {
            Some(name) => self.delete(key, &name, None).await,
            None => Ok(Write::Lost),
        }
    }

    async fn list(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<AnyRecord>, StorageError> {
        list_readable(self, kind, after, limit).await
    }

    async fn inspect(&self, kind: Kind, after: Option<&Key>, limit: u32) -> Result<Vec<Readable>, StorageError> {
        let (limit, behind) = (limit as usize, after.and_then(|key| self.behind(key)));
        let mut walk = Walk::behind(&self.api, resource(kind), behind);
        let (mut page, mut last): (Vec<Readable>, _) = (Vec::new(), None);
        while page.len() < limit {
            let objects = walk.next(limit - page.len()).await.map_err(StorageError::unavailable)?;
            if objects.is_empty() {
                break;
            }
            for object in objects.iter().filter(|object| !object.is_leaving()) {
                page.push(codec::decode(kind, object).map_err(|reason| undecodable(&told(kind, object), reason)));
                last = Some(object.name().to_owned());
            }
            // Others with the hash of `after` that were listed before it come along once more.
            if name::may_collide(kind)
                && let Some(again) = page.iter().position(|record| key_of(record).as_ref() == after)
            {
                page.drain(..=again);
            }
        }
        if let (Some(key), Some(name)) = (page.last().and_then(key_of), last) {
            self.note_last(key, name);
        }
        Ok(page)
    }

    async fn sweep(&self, kind: Kind, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
        const NEVER_ENDING: [Kind; 7] = [
            Kind::Client,
            Kind::RefreshToken,
            Kind::Password,
            Kind::OfflineSessions,
            Kind::UserIdentity,
            Kind::Connector,
            Kind::Keys,
        ];
        if NEVER_ENDING.contains(&kind) || limit == 0 {
            return Ok(0);
        }
        let mut walk = Walk::behind(&self.api, resource(kind), self.swept_up_to(kind, None));
        let mut swept = 0;
        while swept < limit {
            let objects = walk.next(PAGE).await.map_err(StorageError::unavailable)?;
            if objects.is_empty() {
                return Ok(swept);
            }
            let over = objects.into_iter().filter(|object| !object.is_leaving()).filter_map(|object| {
                let record = codec::decode(kind, &object).ok()?;
                (expiry_of(&record)? < now).then(|| (record.key(), object))
            });
            let over: Vec<_> = over.take((limit - swept) as usize).collect();
            let last = over.last().map(|(_, object)| object.name().to_owned());
            let removed = futures_util::stream::iter(over).map(|(key, object)| self.sweep_one(key, object));
            let mut removed = removed.buffer_unordered(REMOVED_AT_ONCE);
            while let Some(done) = removed.next().await {
                swept += u32::from(done?);
            }
            if swept >= limit {
                self.swept_up_to(kind, last);
            }
        }
        Ok(swept)
    }

    /// Reads the signing keys: that asks for credentials and rights, and asks etcd.
    async fn ping(&self) -> Result<(), StorageError> {
        self.object(&Key::one(Kind::Keys, Keys::SIGNING), Keys::SIGNING).await.map(|_| ())
    }
}

/// The key of an object that cannot be read, as far as it says one; else its name.
fn told(kind: Kind, object: &Object) -> Key {
    let member = |name: &str| Some(text(&object.body, name)).filter(|text| !text.is_empty());
    let id = match kind {
        Kind::Client | Kind::Spent => member("id"),
        Kind::Password => member("email"),
        Kind::OfflineSessions | Kind::UserIdentity => {
            let connector = member("connID").or(member("connectorID"));
            if let (Some(user), Some(connector)) = (member("userID"), connector) {
                return Key::pair(kind, user, connector);
            }
            None
        }
        _ => None,
    };
    Key::one(kind, id.unwrap_or(object.name()))
}
