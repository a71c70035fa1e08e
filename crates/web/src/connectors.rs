//! The upstreams, opened.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use dex_connector::{Connector, UpstreamError};
use dex_model::{Claims, Connector as Stored};
use dex_oidc::GrantType;
use dex_storage::{StorageError, Store};
use futures_util::{StreamExt as _, stream};

use crate::{Flights, TokenError};

/// Opens a connector from its stored form; the table of kinds is the server's to hand in.
pub type Opener = Arc<dyn Fn(&Stored) -> Result<Arc<dyn Connector>, UpstreamError> + Send + Sync>;

/// The most connectors kept open.
const OPEN_MAX: usize = 1000;

/// Every connector, found in the store (with the configured ones laid over it) and kept open.
pub struct Connectors {
    store: Store,
    open: Opener,
    opened: RwLock<HashMap<String, Kept>>,
}

/// Who the users are as of now, of those whose refresh is under way.
pub type Refreshes = Flights<Result<Claims, TokenError>>;

/// How many connectors are prepared at a time.
const PREPARED_AT_ONCE: usize = 8;

/// An opened connector.
#[derive(Clone)]
struct Kept {
    /// What it was opened from.
    about: Arc<Stored>,
    connector: Arc<dyn Connector>,
    refreshes: Arc<Refreshes>,
    ready: Ready,
}

/// Whether a connector is known to be ready for a login.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ready {
    /// Nobody has asked.
    Unknown,
    Yes,
    /// It could not be prepared.
    No,
}

/// A connector that a login or a grant goes through.
#[derive(Clone)]
pub struct Opened {
    /// Its id, name and policy.
    pub about: Arc<Stored>,
    /// The connector itself.
    pub connector: Arc<dyn Connector>,
    /// Its refreshes that are under way here.
    pub refreshes: Arc<Refreshes>,
}

/// Why a connector cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    /// There is none of that id.
    #[error("no connector has that id")]
    Unknown,
    /// It cannot be opened.
    #[error("the connector cannot be opened: {0}")]
    Broken(#[from] UpstreamError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Connectors {
    /// The connectors of `store`, opened by `open` at their first use.
    pub fn new(store: Store, open: Opener) -> Self {
        Self { store, open, opened: RwLock::default() }
    }

    /// All of them, sorted by name without regard to case.
    ///
    /// # Errors
    ///
    /// [`StorageError`]
    pub async fn list(&self) -> Result<Vec<Stored>, StorageError> {
        let mut all = self.store.list::<Stored>().await?;
        self.let_go_of_others(&all);
        all.sort_by_key(|connector| connector.name.to_lowercase());
        Ok(all)
    }

    /// The connector of this id, opened; another version of it than the one kept open is opened again.
    ///
    /// # Errors
    ///
    /// [`ConnectorError`]
    pub async fn get(&self, id: &str) -> Result<Opened, ConnectorError> {
        let about = self.store.get::<Stored>(id).await?.ok_or(ConnectorError::Unknown)?;
        let kept = self.opened.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned();
        if let Some(kept) = kept
            && opens_alike(&kept.about, &about)
        {
            return Ok(Opened { about: Arc::new(about), connector: kept.connector, refreshes: kept.refreshes });
        }
        let connector = (self.open)(&about)?;
        let about = Arc::new(about);
        let refreshes = Arc::default();
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if opened.len() < OPEN_MAX || opened.contains_key(id) {
            let (about, connector, refreshes) = (about.clone(), connector.clone(), Arc::clone(&refreshes));
            let kept = Kept { about, connector, refreshes, ready: Ready::Unknown };
            opened.insert(id.to_owned(), kept);
        }
        Ok(Opened { about, connector, refreshes })
    }

    /// Whether a connector could be opened, without keeping it. Nobody is asked.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`], as the first login through it would have met it.
    pub fn try_open(&self, about: &Stored) -> Result<(), UpstreamError> {
        (self.open)(about).map(drop)
    }

    /// Closes what is open and not among `all` any more, or is another by now.
    fn let_go_of_others(&self, all: &[Stored]) {
        let all: HashMap<&str, &Stored> = all.iter().map(|connector| (connector.id.as_str(), connector)).collect();
        let stays = |id: &str, kept: &Kept| all.get(id).is_some_and(|stored| opens_alike(&kept.about, stored));
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        if opened.iter().any(|(id, kept)| !stays(id, kept)) {
            drop(opened);
            let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
            opened.retain(|id, kept| stays(id, kept));
        }
    }

    /// Whether a login through it can be expected to go well: it is opened, and did not fail to be prepared.
    pub fn available(&self, id: &str) -> bool {
        let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        opened.get(id).is_none_or(|kept| kept.ready != Ready::No)
    }

    /// Prepares those that are open and not ready yet, and tells which failed and why. Those that are gone or changed by now
    /// are not asked.
    pub async fn prepare(&self) -> Vec<(String, UpstreamError)> {
        if let Ok(all) = self.store.list::<Stored>().await {
            self.let_go_of_others(&all);
        }
        let waiting: Vec<(String, Kept)> = {
            let opened = self.opened.read().unwrap_or_else(PoisonError::into_inner);
            let waiting = opened.iter().filter(|(_, kept)| kept.ready != Ready::Yes);
            waiting.map(|(id, kept)| (id.clone(), kept.clone())).collect()
        };
        let prepared = stream::iter(waiting).map(async |(id, kept)| {
            let prepared = kept.connector.prepare().await;
            self.note(&id, &kept.about, if prepared.is_ok() { Ready::Yes } else { Ready::No });
            prepared.err().map(|error| (id, error))
        });
        prepared.buffer_unordered(PREPARED_AT_ONCE).filter_map(std::future::ready).collect().await
    }

    fn note(&self, id: &str, about: &Stored, ready: Ready) {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = opened.get_mut(id).filter(|kept| opens_alike(&kept.about, about)) {
            kept.ready = ready;
        }
    }
}

/// Whether one is opened as the other is. The version alone does not tell: a connector that was removed and made again begins
/// with the same one.
fn opens_alike(one: &Stored, other: &Stored) -> bool {
    (&one.kind, &one.resource_version, &one.config) == (&other.kind, &other.resource_version, &other.config)
}

/// Whether a connector may serve a grant (oidc-core spec, 9.2). An empty list means all.
pub fn admits(connector: &Stored, grant: GrantType) -> bool {
    connector.grant_types.is_empty() || connector.grant_types.iter().any(|name| name == grant.as_str())
}

#[cfg(test)]
mod tests {
    use dex_connector::mock::MockCallback;
    use dex_model::ConnectorData;
    use dex_storage::{Memory, Write};

    use super::*;

    fn stored(id: &str, version: &str, config: &str) -> Stored {
        let config = ConnectorData::new(config);
        Stored { id: id.into(), resource_version: version.into(), config, ..Stored::default() }
    }

    async fn kept(connectors: &Connectors, id: &str) -> Arc<dyn Connector> {
        connectors.get(id).await.unwrap().connector
    }

    #[tokio::test]
    async fn a_connector_stays_open_until_what_it_is_made_of_changes() {
        let store = Store::new(Memory::new());
        let connectors = Connectors::new(store.clone(), Arc::new(|_| Ok(Arc::new(MockCallback) as Arc<dyn Connector>)));
        let changes = [
            ("nothing", "", "1", "{}", true),
            ("the name", "named", "1", "{}", true),
            ("the version", "named", "2", "{}", false),
            ("the configuration, by one who was removed and made again", "named", "2", "[]", false),
        ];
        assert_eq!(store.insert(stored("a", "1", "{}")).await.unwrap(), Write::Done);
        let mut before = kept(&connectors, "a").await;
        for (told, name, version, config, same) in changes {
            let changed = Stored { name: name.into(), ..stored("a", version, config) };
            store.upsert("a", changed.clone(), |_| changed.clone()).await.unwrap();
            let now = kept(&connectors, "a").await;
            assert_eq!(Arc::ptr_eq(&before, &now), same, "{told}");
            before = now;
        }
    }

    #[tokio::test]
    async fn what_was_removed_or_changed_is_not_prepared_any_more() {
        struct Away;
        #[async_trait::async_trait]
        impl Connector for Away {
            fn login(&self) -> dex_connector::LoginMethod<'_> {
                dex_connector::LoginMethod::Redirect(&MockCallback)
            }
            async fn prepare(&self) -> Result<(), UpstreamError> {
                Err(UpstreamError::Misconfigured("nobody there".into()))
            }
        }
        let store = Store::new(Memory::new());
        let connectors = Connectors::new(store.clone(), Arc::new(|_| Ok(Arc::new(Away) as Arc<dyn Connector>)));
        for id in ["changed", "removed", "stays"] {
            assert_eq!(store.insert(stored(id, "1", "{}")).await.unwrap(), Write::Done);
            kept(&connectors, id).await;
        }
        assert_eq!(connectors.prepare().await.len(), 3);
        assert_eq!(store.remove::<Stored>("removed").await.unwrap(), Write::Done);
        store.upsert("changed", stored("changed", "2", "{}"), |_| stored("changed", "2", "{}")).await.unwrap();
        // As many as before, one of them never opened.
        assert_eq!(store.insert(stored("made", "1", "{}")).await.unwrap(), Write::Done);
        let failed: Vec<String> = connectors.prepare().await.into_iter().map(|(id, _)| id).collect();
        assert_eq!(failed, ["stays"]);
        assert!(connectors.available("changed") && !connectors.available("stays"));
    }

    #[tokio::test]
    async fn what_was_removed_is_closed() {
        let store = Store::new(Memory::new());
        let connectors = Connectors::new(store.clone(), Arc::new(|_| Ok(Arc::new(MockCallback) as Arc<dyn Connector>)));
        for id in ["a", "b"] {
            assert_eq!(store.insert(stored(id, "1", "{}")).await.unwrap(), Write::Done);
            kept(&connectors, id).await;
        }
        assert_eq!(store.remove::<Stored>("a").await.unwrap(), Write::Done);
        assert!(matches!(connectors.get("a").await, Err(ConnectorError::Unknown)));
        assert_eq!(connectors.list().await.unwrap().len(), 1);
        let open: Vec<_> = connectors.opened.read().unwrap().keys().cloned().collect();
        assert_eq!(open, ["b"]);
    }
}
