//! The parts that outlive a reload, and the [`App`] made of them.

use std::sync::Arc;

use anyhow::Context as _;
use arc_swap::ArcSwapOption;
use dex_config::{Config, Env as _, FeatureFlag, StorageConfig};
use dex_connector::{Connector, Opening, UpstreamError};
use dex_model::Connector as Stored;
use dex_pages::Pages;
use dex_session::backchannel::Backchannel;
use dex_storage::{Backend, Overlay, Store};
use dex_web::connectors::Opener;
use dex_web::sealed::Seals;
use dex_web::signing::Signer;
use dex_web::{App, Attempts, Clock, Connectors, Issuer, LocalPasswords, PasswordWorkers, ReadyDocument, Revoked};

use super::logouts::Http;
use super::loops::prepare_connectors;
use super::{Signing, fixed, settings, storage};
use crate::lifecycle::Stop;
use crate::run::{ProcessEnv, wall_clock};

/// What stays when the configuration changes.
#[derive(Clone)]
pub struct Parts {
    backend: Arc<dyn Backend>,
    opened: StorageConfig,
    pub(super) signer: Arc<Signer>,
    seals: Arc<Seals>,
    pub(super) revoked: Arc<Revoked>,
    pub(super) workers: PasswordWorkers,
    attempts: Arc<Attempts>,
    backchannel: Backchannel,
    /// What answers requests now.
    pub(super) serving: Arc<ArcSwapOption<App>>,
}

impl Parts {
    /// Opens the storage and makes what a browser's login needs at once. The signing keys come from a loop.
    ///
    /// # Errors
    ///
    /// When the storage cannot be opened; the start ends with that text.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        let backend = storage::open(&config.storage).await?;
        let signer = Arc::<Signer>::default();
        let backchannel = Backchannel::new(signer.clone(), Clock::new(wall_clock), Arc::new(Http::default()));
        let parts = Self {
            backend,
            opened: config.storage.clone(),
            signer,
            seals: Arc::default(),
            revoked: Arc::default(),
            workers: PasswordWorkers::default(),
            attempts: Arc::default(),
            backchannel,
            serving: Arc::default(),
        };
        parts.seals.load(&parts.store(), wall_clock()).await.context("failed to initialize storage")?;
        Ok(parts)
    }

    /// The storage without what the configuration lays over it.
    pub fn store(&self) -> Store {
        Store::new(self.backend.clone())
    }

    /// From now on `app` answers the requests.
    pub fn serve(&self, app: &Arc<App>) {
        self.serving.store(Some(app.clone()));
    }

    /// Tells clients what they have not heard yet, once nothing answers requests any more.
    pub async fn tell_logouts(self, mut stop: Stop) {
        stop.requested().await;
        self.backchannel.drain().await;
    }

    /// Who signs under this configuration.
    ///
    /// # Errors
    ///
    /// When a vault could never be reached as it says.
    pub fn signing(config: &Config) -> anyhow::Result<Signing> {
        Signing::of(config, |name| ProcessEnv.get(name))
    }

    /// The server under this configuration.
    ///
    /// # Errors
    ///
    /// What is wrong with templates, headers or every connector; at a reload the former one then stays.
    pub async fn app(&self, config: &Config) -> anyhow::Result<Arc<App>> {
        if config.storage != self.opened {
            tracing::warn!("a changed storage takes effect at the next start only");
        }
        let issuer = Issuer::parse(&config.issuer).context("server: can't parse issuer URL")?;
        let clock: dex_pages::Now = Arc::new(wall_clock);
        let pages = Pages::load(settings::frontend(config, &issuer), clock);
        let pages = pages.context("server: failed to load web static")?;
        let store = Store::new(Overlay::new(self.backend.clone(), fixed::records(config)));
        let connectors = Connectors::new(store.clone(), opener(&issuer, store.clone(), self.workers.clone()));
        open_all(&connectors).await?;
        let app = Arc::new(App {
            issuer,
            settings: settings::settings(config)?,
            store,
            connectors,
            signer: self.signer.clone(),
            seals: self.seals.clone(),
            revoked: self.revoked.clone(),
            logouts: Arc::new(self.backchannel.clone()),
            discovery: ReadyDocument::default(),
            attempts: self.attempts.clone(),
            pages: Arc::new(pages),
            clock: Clock::new(wall_clock),
        });
        prepare_connectors(&app);
        Ok(app)
    }
}

fn opener(issuer: &Issuer, store: Store, workers: PasswordWorkers) -> Opener {
    let callback = issuer.absolute("/callback");
    Arc::new(move |stored: &Stored| -> Result<Arc<dyn Connector>, UpstreamError> {
        if stored.kind == "local" {
            return Ok(Arc::new(LocalPasswords::new(store.clone(), workers.clone())));
        }
        let config = match stored.config.expose() {
            b"" => serde_json::Value::Null,
            bytes => serde_json::from_slice(bytes)
                .map_err(|_| UpstreamError::Misconfigured("its configuration is no JSON".into()))?,
        };
        let clock = Clock::new(wall_clock);
        dex_upstreams::open(&stored.kind, &Opening { id: &stored.id, config: &config, callback: &callback, clock })
    })
}

/// Opens every connector once. One that fails is opened again at its next use, unless the feature flag forbids to go
/// on; if none opens nobody could log in.
async fn open_all(connectors: &Connectors) -> anyhow::Result<()> {
    let all = connectors.list().await.context("server: failed to list connector objects from storage")?;
    anyhow::ensure!(!all.is_empty(), "server: no connectors specified");
    let go_on = FeatureFlag::ContinueOnConnectorFailure.enabled(&ProcessEnv);
    let mut failed = 0;
    for connector in &all {
        if let Err(error) = connectors.get(&connector.id).await {
            anyhow::ensure!(go_on, "server: Failed to open connector {}: {error}", connector.id);
            failed += 1;
            tracing::error!(id = %connector.id, err = %error, "server: Failed to open connector");
        }
    }
    anyhow::ensure!(failed < all.len(), "server: failed to open all connectors ({failed}/{})", all.len());
    Ok(())
}
