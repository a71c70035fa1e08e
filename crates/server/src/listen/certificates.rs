//! Certificates that are replaced while we serve.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;

use super::{TlsError, TlsSettings};
use crate::lifecycle::{Reload, Stop};
use crate::watch::FileWatch;

/// The TLS configuration of a listener, made anew whenever its files change.
///
/// A pair that cannot be used never takes the place of one that can. Handshakes that begin after a
/// reload see the new pair, whatever name the client asks for, and none at all too.
pub struct Certificates {
    settings: TlsSettings,
    current: ArcSwap<ServerConfig>,
}

impl Certificates {
    /// Reads the files a first time.
    ///
    /// # Errors
    ///
    /// As [`TlsSettings::load`]; the caller stops the start.
    pub fn open(settings: TlsSettings) -> Result<Self, TlsError> {
        let current = ArcSwap::from_pointee(settings.load()?);
        Ok(Self { settings, current })
    }

    pub(super) fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }

    /// Reads the files again at every change and every `reload`, until `stop`.
    ///
    /// `server` is the listener's name in the log.
    pub async fn keep_fresh(&self, server: &'static str, mut reload: Reload, mut stop: Stop) {
        let mut files = FileWatch::new(self.settings.files());
        // They may have changed between the first reading and the beginning of the watch.
        self.read_again(server).await;
        loop {
            tokio::select! {
                () = stop.requested() => return,
                () = reload.requested() => {
                    tracing::debug!(server, "reloading cert from signal");
                }
                () = files.changed() => {
                    tracing::debug!(server, "reloading cert from fsnotify");
                }
            }
            self.read_again(server).await;
        }
    }

    /// Whether what was read is what is served from now on.
    pub(super) async fn read_again(&self, server: &'static str) -> bool {
        let settings = self.settings.clone();
        let loaded = tokio::task::spawn_blocking(move || settings.load()).await;
        match loaded.map_err(anyhow::Error::new).and_then(|loaded| Ok(loaded?)) {
            Ok(config) => {
                self.current.store(Arc::new(config));
                true
            }
            Err(err) => {
                tracing::error!(server, %err, "reload TLS config: the certificate in use stays");
                false
            }
        }
    }
}
