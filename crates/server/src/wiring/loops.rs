//! What runs besides the requests: key rotation, garbage collection, hearing of revoked tokens.

use std::sync::Arc;
use std::time::Duration;

use dex_model::{Kind, Timestamp};
use dex_storage::{StorageError, Store};
use dex_web::App;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::{Parts, Signing};
use crate::run::wall_clock;

/// The same after a failure: whoever waits for a signer that was away waits no longer than that.
const KEYS_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// How often an upstream that is not available is tried again.
const PREPARE_EVERY: Duration = Duration::from_secs(10);

/// How often expired records are removed.
const SWEEP_EVERY: Duration = Duration::from_secs(300);

/// How many records one sweep of a kind removes before others get their turn.
const SWEEP_LIMIT: u32 = 500;

/// How many sweeps of a kind follow one another in a run.
const SWEEPS_MAX: u32 = 200;

/// How far the clocks of replicas may be apart: what is over by the clock of one is still good by that of another, which
/// must find the mark of a spent code until then.
const CLOCKS_APART: Duration = Duration::from_secs(120);

/// How often it is heard what other replicas revoked.
const REVOKED_EVERY: Duration = Duration::from_secs(5);

/// How often what was spent is removed: each login leaves a mark that lives for a minute.
const SWEEP_SPENT_EVERY: Duration = Duration::from_secs(15);

/// The kinds that expire, but for what was spent.
const EXPIRING: [Kind; 5] =
    [Kind::AuthRequest, Kind::AuthCode, Kind::DeviceRequest, Kind::DeviceToken, Kind::AuthSession];

impl Parts {
    /// Keeps the signing keys up to date, for ever. A changed `signing` counts at once.
    pub async fn tend_keys(self, mut signing: watch::Receiver<Signing>) {
        let store = self.store();
        loop {
            let now = signing.borrow_and_update().clone();
            let again = match now.tend(&self.signer, &store).await {
                Ok(()) => now.look_again_after(),
                Err(error) => {
                    tracing::error!(err = %format!("{error:#}"), "the signing keys are not up to date");
                    KEYS_AFTER_FAILURE.min(now.look_again_after())
                }
            };
            tokio::select! {
                () = sleep(again) => {}
                Ok(()) = signing.changed() => {}
            }
        }
    }

    /// Hears of revoked tokens, for ever.
    pub async fn hear_of_revoked(self) {
        let store = self.store();
        let mut due = every(REVOKED_EVERY);
        loop {
            due.tick().await;
            if let Err(error) = self.revoked.refresh(&store, wall_clock()).await {
                tracing::warn!(err = %error, "cannot hear of revoked tokens");
            }
        }
    }

    /// Removes what has expired, for ever.
    pub async fn collect_garbage(self) {
        self.sweep_every(SWEEP_EVERY, &EXPIRING).await;
    }

    /// Removes the marks of what was spent, for ever.
    pub async fn forget_spent(self) {
        self.sweep_every(SWEEP_SPENT_EVERY, &[Kind::Spent]).await;
    }

    /// Ends what ends with its session before the store forgets it.
    async fn end_expired_sessions(&self) {
        let Some(app) = self.serving.load_full().filter(|app| app.settings.sessions.is_some()) else { return };
        match dex_session::end_expired(&app, over(wall_clock())).await {
            Ok(0) => {}
            Ok(ended) => tracing::debug!(ended, "sessions whose time was over are ended"),
            Err(error) => tracing::error!(err = %error, "sessions whose time was over cannot be ended"),
        }
    }

    async fn sweep_every(self, span: Duration, kinds: &[Kind]) {
        let store = self.store();
        let mut due = every(span);
        due.tick().await;
        loop {
            due.tick().await;
            if kinds.contains(&Kind::AuthSession) {
                self.end_expired_sessions().await;
            }
            match sweep(&store, kinds, wall_clock()).await {
                Ok(0) => {}
                Ok(removed) => tracing::debug!(removed, "garbage collection run"),
                Err(error) => tracing::error!(err = %error, "garbage collection failed"),
            }
        }
    }
}

/// What is over by every clock at this moment.
fn over(now: Timestamp) -> Timestamp {
    now.checked_sub(CLOCKS_APART).unwrap_or(now)
}

/// Prepares the connectors of `app` in the background, until each has succeeded once or `app` is no more.
pub(super) fn prepare_connectors(app: &Arc<App>) {
    let app = Arc::downgrade(app);
    tokio::spawn(async move {
        let mut due = every(PREPARE_EVERY);
        loop {
            due.tick().await;
            let Some(app) = app.upgrade() else { return };
            let failed = app.connectors.prepare().await;
            if failed.is_empty() {
                return;
            }
            for (connector_id, error) in failed {
                tracing::warn!(connector_id, err = %error, "the connector is not available yet");
            }
        }
    });
}

/// Removes what is over by every clock. After each sweep the store is left alone for as long as that took, so that many
/// records that expire together take half of it at most.
async fn sweep(store: &Store, kinds: &[Kind], now: Timestamp) -> Result<u32, StorageError> {
    let over = over(now);
    let mut removed = 0;
    for kind in kinds {
        for _ in 0..SWEEPS_MAX {
            let began = Instant::now();
            let count = store.sweep(*kind, over, SWEEP_LIMIT).await?;
            removed += count;
            if count < SWEEP_LIMIT {
                break;
            }
            sleep(began.elapsed()).await;
        }
    }
    Ok(removed)
}

fn every(span: Duration) -> tokio::time::Interval {
    let mut due = interval(span);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    due
}

#[cfg(test)]
mod tests {
    use dex_model::{Spent, later};
    use dex_storage::{Memory, Write};

    use super::*;

    #[tokio::test]
    async fn a_mark_outlives_its_code_by_as_much_as_clocks_differ() {
        let expiry = Timestamp::constant(1_800_000_000, 0);
        let store = Store::new(Memory::new());
        assert_eq!(store.insert(Spent { id: "code/a".into(), expiry }).await.unwrap(), Write::Done);
        let past = Duration::from_millis(1);
        let cases = [(past, 0), (CLOCKS_APART, 0), (CLOCKS_APART + past, 1)];
        for (behind, removed) in cases {
            assert_eq!(sweep(&store, &[Kind::Spent], later(expiry, behind)).await.unwrap(), removed, "{behind:?}");
        }
    }
}
