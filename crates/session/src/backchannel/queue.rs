//! The notices on their way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dex_token::mint::logout_token;
use dex_web::signing::Signer;
use dex_web::{Clock, LogoutNotice, LogoutNotices};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use url::Url;

use super::deliver::{Deliver, Undelivered};
use super::uri::{is_readable_on_its_way, logout_uri};

/// How many notices are on their way or wait for another try. One more is not told, nor is one of a client that has as many
/// as there are places left: those that do not answer leave some to the others.
pub const NOTICES_MAX: u32 = 10_000;

/// How long the end of the process waits for them.
pub const DRAIN_MAX: Duration = Duration::from_secs(5);

/// How many clients are told at once.
const CALLS_MAX: usize = 64;

/// How many of these calls one client may take, so that one that does not answer leaves room for the others.
const CALLS_PER_CLIENT_MAX: usize = 4;

/// How many clients' places are kept without need.
const CLIENTS_KEPT_MAX: usize = 1000;

/// How long one call may take.
const CALL_MAX: Duration = Duration::from_secs(5);

/// How long is waited before each try: a client that is being restarted hears of the logout all the same.
const PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(300),
];

/// Tells clients of sessions that have ended. Cloning shares it.
#[derive(Clone)]
pub struct Backchannel(Arc<Shared>);

struct Shared {
    signer: Arc<Signer>,
    clock: Clock,
    deliver: Arc<dyn Deliver>,
    places: Arc<Semaphore>,
    calls: Semaphore,
    clients: Mutex<HashMap<String, Arc<Semaphore>>>,
    ending: watch::Sender<bool>,
}

impl Backchannel {
    /// One that has its tokens signed by `signer` and posted by `deliver`.
    pub fn new(signer: Arc<Signer>, clock: Clock, deliver: Arc<dyn Deliver>) -> Self {
        Self(Arc::new(Shared {
            signer,
            clock,
            deliver,
            places: Arc::new(Semaphore::new(NOTICES_MAX as usize)),
            calls: Semaphore::new(CALLS_MAX),
            clients: Mutex::default(),
            ending: watch::Sender::new(false),
        }))
    }

    /// Waits until all notices are told, [`DRAIN_MAX`] at most. Those that wait are tried at once, and for the last time.
    pub async fn drain(&self) {
        self.0.ending.send_replace(true);
        if timeout(DRAIN_MAX, self.0.places.acquire_many(NOTICES_MAX)).await.is_err() {
            let lost = NOTICES_MAX as usize - self.0.places.available_permits();
            tracing::warn!(lost, "clients are not told of logouts: the server ends");
        }
    }
}

impl LogoutNotices for Backchannel {
    fn post(&self, notice: LogoutNotice) {
        let client_id = notice.client_id.as_str();
        let uri = match logout_uri(&notice.uri) {
            Ok(uri) => uri,
            Err(error) => {
                tracing::warn!(client_id, err = %error, "the client is not told of a logout: its backchannelLogoutURI");
                return;
            }
        };
        let calls = self.0.calls_of(client_id, &uri);
        let place = self.0.places.clone().try_acquire_owned();
        let Some(place) = place.ok().filter(|_| notices_of(&calls) <= self.0.places.available_permits()) else {
            tracing::warn!(client_id, "the client is not told of a logout: too many are on their way");
            return;
        };
        let shared = self.0.clone();
        tokio::spawn(async move {
            shared.tell(&notice, &uri, &calls).await;
            drop(place);
        });
    }
}

/// How many notices of a client are on their way or wait, the one that asks among them: each holds its client's calls, and so
/// does the list of clients.
fn notices_of(calls: &Arc<Semaphore>) -> usize {
    Arc::strong_count(calls) - 1
}

impl Shared {
    fn calls_of(&self, client_id: &str, uri: &Url) -> Arc<Semaphore> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(calls) = clients.get(client_id) {
            return calls.clone();
        }
        if clients.len() >= CLIENTS_KEPT_MAX {
            clients.retain(|_, calls| Arc::strong_count(calls) > 1);
        }
        if is_readable_on_its_way(uri) {
            tracing::warn!(client_id, "the client hears of logouts over plain http, which others may read");
        }
        let calls = Arc::new(Semaphore::new(CALLS_PER_CLIENT_MAX));
        clients.insert(client_id.to_owned(), calls.clone());
        calls
    }

    async fn tell(&self, notice: &LogoutNotice, uri: &Url, calls: &Semaphore) {
        let (client_id, session_id) = (notice.client_id.as_str(), notice.session_id.as_str());
        let mut ending = self.ending.subscribe();
        for (tries, pause) in (1..).zip(PAUSES) {
            tokio::select! {
                () = sleep(pause) => {}
                _ = ending.wait_for(|ending| *ending) => {}
            }
            let last = tries == PAUSES.len() || *ending.borrow();
            match self.once(notice, uri, calls).await {
                Ok(()) => {
                    tracing::debug!(client_id, session_id, tries, "the client is told of a logout");
                    return;
                }
                Err(error) if last || !error.passes() => {
                    tracing::warn!(client_id, session_id, tries, err = %error, "the client is not told of a logout");
                    return;
                }
                Err(error) => {
                    tracing::debug!(client_id, session_id, tries, err = %error, "the client is to be told once more");
                }
            }
        }
    }

    /// Each try has a token of its own: the first one would be too old for the last.
    async fn once(&self, notice: &LogoutNotice, uri: &Url, calls: &Semaphore) -> Result<(), Undelivered> {
        // Neither is ever closed.
        let _client = calls.acquire().await;
        let _call = self.calls.acquire().await;
        let attempt = async {
            let token = logout_token(&self.signer, notice, self.clock.now()).await;
            let token = token.map_err(|error| Undelivered::Failed(format!("no logout token was made: {error}")))?;
            self.deliver.deliver(uri, &token).await
        };
        let slow = || Undelivered::Failed(format!("no answer within {} seconds", CALL_MAX.as_secs()));
        timeout(CALL_MAX, attempt).await.unwrap_or_else(|_| Err(slow()))
    }
}
