//! `connectors`: the upstreams. What is in their `config` is for the upstream's own code; here its
//! keys and their types are checked and its variables expanded.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::env::Env;
use crate::problem::{Location, Position, quoted};
use crate::tokens::oauth2::GrantType;
use crate::tree::{Map, to_json};
use crate::users::{connector_keys, warn_of_twins};

/// One entry of `connectors`.
#[derive(Clone, PartialEq)]
pub struct ConnectorConfig {
    /// Part of its callback path.
    pub id: String,
    /// Its `type`; `samlExperimental` reads as `saml`.
    pub kind: String,
    /// Shown to people.
    pub name: String,
    /// The grants it may serve; empty means all.
    pub grant_types: Vec<GrantType>,
    /// `emailDomains`: whoever types an address of one of these domains logs in here. In lower case.
    pub email_domains: Vec<String>,
    /// Its `config` with variables expanded, keys in their documented spelling and values of
    /// their documented type. May hold secrets.
    pub config: serde_json::Value,
    /// Where its keys are written.
    pub places: Places,
}

impl fmt::Debug for ConnectorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectorConfig")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("grant_types", &self.grant_types)
            .field("email_domains", &self.email_domains)
            .finish_non_exhaustive()
    }
}

/// Where the keys of a connector's `config` are written. Equal to every other: moving a connector
/// in the file changes nothing about it.
#[derive(Clone, Debug)]
pub struct Places {
    file: Arc<str>,
    /// Of the block itself.
    at: Position,
    kind: Position,
    path: String,
    keys: BTreeMap<String, Position>,
}

impl PartialEq for Places {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Places {
    pub(crate) fn kind_at(&self) -> Position {
        self.kind
    }

    /// Where the key at this path within `config` is (`userSearch.baseDN`, `orgs[0].name`), or
    /// the nearest block around it.
    #[must_use]
    pub fn locate(&self, path: &str) -> Location {
        let mut path = path;
        let position = loop {
            if let Some(position) = self.keys.get(path) {
                break *position;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => break self.at,
            }
        };
        Location { file: Arc::clone(&self.file), position }
    }

    /// The full path of a key within `config`, as in every other message about the file.
    #[must_use]
    pub fn key(&self, path: &str) -> String {
        match path.is_empty() {
            true => self.path.clone(),
            false => format!("{}.{path}", self.path),
        }
    }
}

impl ConnectorConfig {
    pub(crate) fn read_all(top: &mut Map<'_>, env: &dyn Env) -> Vec<Self> {
        let connectors = top.list("connectors", |map| {
            map.keep_written();
            let at = map.at("id");
            (read(map, env), at)
        });
        let ids = connectors.iter().map(|(connector, at)| (connector.id.as_str(), *at));
        warn_of_twins(ids, ("connectors", "id"), top.report());
        let domains =
            connectors.iter().flat_map(|(connector, at)| connector.email_domains.iter().map(|d| (d.as_str(), *at)));
        warn_of_twins(domains, ("connectors", "emailDomains"), top.report());
        connectors.into_iter().map(|(connector, _)| connector).collect()
    }
}

fn read(map: &mut Map<'_>, env: &dyn Env) -> ConnectorConfig {
    let (id, kind, name) = (map.text("id"), map.text("type"), map.text("name"));
    let missing = [("id", &id), ("type", &kind), ("name", &name)];
    if let Some((key, _)) = missing.into_iter().find(|(_, text)| text.is_empty()) {
        let text = "invalid config: ID, Type and Name fields are required for a connector";
        map.error(key, text, &format!("add `{key}:`"));
    }
    let grant_types = grant_types(map, &id);
    let email_domains = email_domains(map);
    let node = map.expanded(env);
    let (path, report) = (map.path("config"), map.report());
    let mut keys = BTreeMap::new();
    let shape = connector_keys::of(connector_keys::canonical(&kind));
    if shape.is_none() && !kind.is_empty() {
        let known: Vec<_> = connector_keys::kinds().collect();
        let text = format!("unknown connector type {}", quoted(&kind));
        map.error("type", text, &format!("write one of {}", known.join(", ")));
    }
    let config = match shape {
        Some(shape) => to_json(&node, shape, &path, report, &mut keys),
        None => serde_json::Value::Null,
    };
    let places = Places { file: report.file(), at: map.at("config"), kind: map.at("type"), path, keys };
    let kind = connector_keys::canonical(&kind).to_owned();
    ConnectorConfig { id, kind, name, grant_types, email_domains, config, places }
}

fn email_domains(map: &mut Map<'_>) -> Vec<String> {
    let domains = map.texts("emailDomains");
    for domain in &domains {
        if domain.is_empty() || domain.contains(['@', '*']) || domain.contains(char::is_whitespace) {
            let text = format!("{} is no domain of e-mail addresses", quoted(domain));
            map.error("emailDomains", text, "write what stands after the @, `example.com` for example");
        }
    }
    domains.into_iter().map(|domain| domain.to_lowercase()).collect()
}

fn grant_types(map: &mut Map<'_>, id: &str) -> Vec<GrantType> {
    let mut grants = Vec::new();
    for name in map.texts("grantTypes") {
        match GrantType::named(&name).filter(|grant| *grant != GrantType::ClientCredentials) {
            Some(grant) => grants.push(grant),
            None => {
                let text = format!("invalid config: unknown grant type {} for connector {}", quoted(&name), quoted(id));
                let served = GrantType::ALL.iter().filter(|g| **g != GrantType::ClientCredentials);
                let names: Vec<_> = served.map(|grant| grant.as_str()).collect();
                map.error("grantTypes", text, &format!("write one of {}", names.join(", ")));
            }
        }
    }
    grants
}
