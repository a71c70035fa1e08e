//! An object as the API server has it.

use dex_model::Key;
use dex_oidc::to_json;
use serde_json::{Map, Value};

use crate::kind::{GROUP, Resource, VERSION, resource};

/// Members of a JSON object.
pub(crate) type Members = Map<String, Value>;

/// Metadata that the API server writes itself, and that is long.
const NOT_SENT_BACK: &str = "managedFields";

/// What was asked for, taken apart.
pub(crate) struct Object {
    pub(crate) metadata: Members,
    /// Everything else, without `kind` and `apiVersion`.
    pub(crate) body: Members,
}

impl Object {
    /// `None` if it is no object with metadata.
    pub(crate) fn of(value: Value) -> Option<Self> {
        let Value::Object(mut body) = value else {
            return None;
        };
        let Some(Value::Object(mut metadata)) = body.remove("metadata") else {
            return None;
        };
        metadata.remove(NOT_SENT_BACK);
        body.remove("kind");
        body.remove("apiVersion");
        Some(Self { metadata, body })
    }

    pub(crate) fn name(&self) -> &str {
        text(&self.metadata, "name")
    }

    pub(crate) fn resource_version(&self) -> &str {
        text(&self.metadata, "resourceVersion")
    }

    /// Whether it was removed and only waits for somebody's finalizer.
    pub(crate) fn is_leaving(&self) -> bool {
        self.metadata.contains_key("deletionTimestamp")
    }

    /// Exactly this object, as it is now: what a removal may be bound to.
    pub(crate) fn precondition(&self) -> Vec<u8> {
        let (uid, version) = (text(&self.metadata, "uid"), self.resource_version());
        to_json(&serde_json::json!({"preconditions": {"uid": uid, "resourceVersion": version}}))
    }
}

/// A text of some metadata; empty if there is none.
pub(crate) fn text<'a>(members: &'a Members, name: &str) -> &'a str {
    members.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Metadata of a new object.
pub(crate) fn new_metadata(name: &str, namespace: &str) -> Members {
    let member = |name: &str, value: &str| (name.to_owned(), Value::from(value));
    [member("name", name), member("namespace", namespace)].into_iter().collect()
}

/// An object of `resource`, in the order of members that Dex has (storage spec, 9.6).
pub(crate) fn write(resource: Resource, metadata: Members, body: Members) -> Vec<u8> {
    let mut object = Members::new();
    object.insert("kind".into(), resource.kind.into());
    object.insert("apiVersion".into(), format!("{GROUP}/{VERSION}").into());
    object.insert("metadata".into(), metadata.into());
    object.extend(body);
    to_json(&object)
}

/// The resource of a key's kind.
pub(crate) fn resource_of(key: &Key) -> Resource {
    resource(key.kind)
}
