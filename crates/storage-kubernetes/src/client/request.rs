//! One question.

use std::fmt;

use reqwest::Method;

use crate::kind::{GROUP, Resource, VERSION};

/// What is done, by the word that rules of RBAC have for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    List,
    Create,
    Update,
    Delete,
}

impl Verb {
    /// Every right that a resource of ours needs.
    pub(crate) const ALL: [Self; 5] = [Self::Get, Self::List, Self::Create, Self::Update, Self::Delete];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    pub(super) fn method(self) -> Method {
        match self {
            Self::Get | Self::List => Method::GET,
            Self::Create => Method::POST,
            Self::Update => Method::PUT,
            Self::Delete => Method::DELETE,
        }
    }

    /// Whether it changes nothing, and so may be done twice.
    pub(super) fn is_read(self) -> bool {
        matches!(self, Self::Get | Self::List)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What is asked of the API server.
pub(crate) struct Request {
    pub(crate) verb: Verb,
    /// The resource, for messages; never a name, which can be a secret.
    pub(crate) what: String,
    pub(crate) namespaced: bool,
    pub(crate) path: String,
    pub(crate) body: Option<Vec<u8>>,
}

impl Request {
    /// Failures that mean something for the asker: refused, not there, taken or changed, expired, too large, invalid.
    pub(super) const EXPECTED: [u16; 6] = [400, 404, 409, 410, 413, 422];

    /// Of an object, or of all, of `resource` in `namespace`. The name is one that `name::of` made.
    pub(crate) fn of(verb: Verb, resource: Resource, namespace: &str, name: &str) -> Self {
        let slash = if name.is_empty() { "" } else { "/" };
        Self {
            verb,
            what: format!("{}.{GROUP}", resource.plural),
            namespaced: true,
            path: format!("/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{}{slash}{name}", resource.plural),
            body: None,
        }
    }

    /// Of something that belongs to the cluster.
    pub(crate) fn of_cluster(verb: Verb, what: &str, path: impl Into<String>) -> Self {
        Self { verb, what: what.to_owned(), namespaced: false, path: path.into(), body: None }
    }

    pub(crate) fn with(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }

    pub(crate) fn query(mut self, query: &str) -> Self {
        self.path = format!("{}?{query}", self.path);
        self
    }
}
