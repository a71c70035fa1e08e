//! Work that several requests wait for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tracing::Instrument as _;

/// Pieces of work that are under way, by a key. Whoever asks for one meanwhile waits for the same answer.
///
/// Work runs to its end even if those who wait for it hang up. So there is at most one piece for each key, and the work must
/// have a time limit of its own.
pub struct Flights<T>(Mutex<HashMap<String, watch::Receiver<Option<T>>>>);

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// The answer of `work`, or of that which is under way for `key` already; `None` if it panicked.
    pub async fn join(self: &Arc<Self>, key: String, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let mut landed = self.begin(key, work);
        let answer = landed.wait_for(Option::is_some).await.ok()?;
        answer.clone()
    }

    fn begin(
        self: &Arc<Self>,
        key: String,
        work: impl Future<Output = T> + Send + 'static,
    ) -> watch::Receiver<Option<T>> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(landed) = running.get(&key) {
            return landed.clone();
        }
        let (answer, landed) = watch::channel(None);
        running.insert(key.clone(), landed.clone());
        let listed = Listed { flights: self.clone(), key };
        let flight = async move {
            let done = work.await;
            drop(listed);
            answer.send_replace(Some(done));
        };
        tokio::spawn(flight.in_current_span());
        landed
    }
}

/// Takes a piece of work off the list, however it ends.
struct Listed<T> {
    flights: Arc<Flights<T>>,
    key: String,
}

impl<T> Drop for Listed<T> {
    fn drop(&mut self) {
        self.flights.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn those_who_ask_for_the_same_meanwhile_share_it_and_later_ones_do_not() {
        let flights = Arc::new(Flights::default());
        let (runs, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let work = || {
            let (runs, go) = (runs.clone(), go.clone());
            async move {
                let run = runs.fetch_add(1, Ordering::SeqCst);
                go.notified().await;
                run
            }
        };
        let (first, second) = (flights.join("a".into(), work()), flights.join("a".into(), work()));
        let release = async {
            tokio::task::yield_now().await;
            go.notify_one();
        };
        assert_eq!(tokio::join!(first, second, release), (Some(0), Some(0), ()));
        go.notify_one();
        assert_eq!(flights.join("a".into(), work()).await, Some(1));
        assert!(flights.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn work_goes_on_when_nobody_waits() {
        let flights = Arc::new(Flights::default());
        let (go, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (gone, said) = (go.clone(), done.clone());
        let waiting = flights.begin("a".into(), async move {
            gone.notified().await;
            said.notify_one();
        });
        drop(waiting);
        go.notify_one();
        done.notified().await;
    }

    #[tokio::test]
    async fn work_that_panics_is_no_answer_and_may_be_asked_for_again() {
        let flights = Arc::new(Flights::default());
        assert_eq!(flights.join("a".into(), async { panic!("broken") }).await, None::<u32>);
        assert_eq!(flights.join("a".into(), async { 1 }).await, Some(1));
    }
}
