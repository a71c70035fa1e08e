//! The signing keys: what is in use and what is published.
//!
//! Owned here: the keys at this moment ([`Current`]), the rotation of keys of our own, and following the keys of a
//! signer that keeps its own ([`RemoteSigner`]). Not owned: what is signed, and how a remote signer is reached.
//!
//! Control leaves to the store or to the remote signer, only from the loop that looks after the keys; an endpoint takes
//! what is there, and waits for nobody but the signer itself.

mod active;
mod local;
mod remote;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use dex_jose::{Algorithm, KeySet, PublicKey};
use dex_model::Timestamp;
use tokio::sync::watch;

pub use active::{ActiveKey, NotSigned};
pub use local::{Rotation, RotationError};
pub use remote::{RemoteError, RemoteKey, RemoteSigner, VERSIONS_MAX};

/// How long an endpoint waits for the first key, which takes a tenth of a second to make.
const FIRST_KEY_WAIT: Duration = Duration::from_secs(5);

/// The keys at one moment.
pub struct Current {
    /// The key that signs.
    pub signing: ActiveKey,
    /// Every key that is accepted.
    pub accepted: KeySet,
    /// What the accepted keys sign with.
    pub algorithms: Vec<Algorithm>,
    /// The body of `/keys`.
    pub published: Bytes,
}

impl Current {
    /// `others` are accepted and published after the one that signs.
    fn new(signing: ActiveKey, others: impl IntoIterator<Item = PublicKey>) -> Self {
        let mut accepted = vec![signing.public()];
        accepted.extend(others);
        let mut algorithms = Vec::new();
        for algorithm in accepted.iter().map(PublicKey::inferred_algorithm) {
            if !algorithms.contains(&algorithm) {
                algorithms.push(algorithm);
            }
        }
        let accepted = KeySet::new(accepted);
        Self { signing, published: Bytes::from(accepted.to_json_pretty()), accepted, algorithms }
    }
}

/// The signing keys as the endpoints see them.
pub struct Signer {
    current: watch::Sender<Option<Arc<Current>>>,
    /// Since when the store has answered each time that keys of our own were looked after.
    steady_since: Mutex<Option<Timestamp>>,
}

impl Default for Signer {
    fn default() -> Self {
        Self { current: watch::Sender::new(None), steady_since: Mutex::default() }
    }
}

impl Signer {
    /// The keys; waits a little for the first one. `None` if there is still none.
    pub async fn current(&self) -> Option<Arc<Current>> {
        if let Some(current) = self.known() {
            return Some(current);
        }
        let mut changes = self.current.subscribe();
        let first = tokio::time::timeout(FIRST_KEY_WAIT, changes.wait_for(Option::is_some)).await;
        first.ok()?.ok()?.clone()
    }

    /// What is in use, without waiting.
    fn known(&self) -> Option<Arc<Current>> {
        self.current.borrow().clone()
    }

    /// Puts `fresh` to use, unless it publishes and signs with just what is in use.
    fn publish(&self, fresh: Current) {
        let same = |known: &Arc<Current>| known.published == fresh.published && known.signing.same_as(&fresh.signing);
        if !self.known().as_ref().is_some_and(same) {
            self.current.send_replace(Some(Arc::new(fresh)));
        }
    }
}
