//! The upstreams, opened.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use dex_connector::{Connector, UpstreamError};
use dex_model::Connector as Stored;
use dex_oidc::GrantType;
use dex_storage::{StorageError, Store};

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

/// An opened connector and the version it was opened from.
type Kept = (String, Arc<dyn Connector>);

/// A connector that a login or a grant goes through.
#[derive(Clone)]
pub struct Opened {
    /// Its id, name and policy.
    pub about: Arc<Stored>,
    /// The connector itself.
    pub connector: Arc<dyn Connector>,
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
        let kept = self.opened.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(id).cloned();
        if let Some((version, connector)) = kept
            && version == about.resource_version
        {
            return Ok(Opened { about: Arc::new(about), connector });
        }
        let connector = (self.open)(&about)?;
        let mut opened = self.opened.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if opened.len() < OPEN_MAX {
            opened.insert(id.to_owned(), (about.resource_version.clone(), connector.clone()));
        }
        Ok(Opened { about: Arc::new(about), connector })
    }
}

/// Whether a connector may serve a grant (oidc-core spec, 9.2). An empty list means all.
pub fn admits(connector: &Stored, grant: GrantType) -> bool {
    connector.grant_types.is_empty() || connector.grant_types.iter().any(|name| name == grant.as_str())
}
