//! Turns of those who use up something of an upstream's, over all replicas.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dex_model::{Spent, Timestamp, later};
use dex_storage::{Change, StorageError, Store, Write};
use dex_web::{Clock, TokenError};
use tokio::time::{Instant, sleep};

/// How far the clocks of two replicas may be apart.
const CLOCKS_APART: Duration = Duration::from_secs(120);

/// How long whoever has a turn may go on with it. More than [`TURN_MAX`] by the time that its writes may take.
const HOLD_MAX: Duration = Duration::from_secs(45);

/// How long a turn lasts if nobody ends it, since its replica was killed: by no clock is it over before its holder has
/// stopped.
pub(super) const LIFE: Duration = HOLD_MAX.saturating_add(CLOCKS_APART);

/// How long the upstream may be asked within a turn. Connectors give up by themselves after 30 seconds.
pub(super) const TURN_MAX: Duration = Duration::from_secs(35);

/// How long a turn is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How long after the first look at a turn that is taken comes the second; each further one takes twice as long.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// The longest time between two looks.
const LOOK_AGAIN_MAX: Duration = Duration::from_millis(320);

/// The turn of one user at one connector: a mark in the store, which whoever inserts it has.
pub(super) struct Turn {
    store: Store,
    clock: Clock,
    mark: Spent,
}

/// Another one's turn did not end in time.
#[derive(Debug, thiserror::Error)]
#[error("another refresh of the same user is still under way")]
struct UnderWay;

/// Why a turn whose time is over was not taken over.
enum NotTaken {
    /// Another one was faster.
    Held,
    Storage(StorageError),
}

impl From<StorageError> for NotTaken {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl Turn {
    /// Takes the turn of `(user, connector)` when it is free.
    ///
    /// # Errors
    ///
    /// `temporarily_unavailable` if it is not within [`PATIENCE`].
    pub(super) async fn take(store: &Store, clock: &Clock, whose: (&str, &str)) -> Result<Self, TokenError> {
        let until = Instant::now() + PATIENCE;
        let mut pause = LOOK_AGAIN_AFTER;
        let mut turn = Self { store: store.clone(), clock: clock.clone(), mark: mark(whose, clock.now()) };
        let mut taken = store.insert(turn.mark.clone()).await? == Write::Done;
        while !taken {
            if Instant::now() + pause > until {
                return Err(TokenError::unavailable(UnderWay));
            }
            sleep(pause).await;
            pause = (pause * 2).min(LOOK_AGAIN_MAX);
            turn.mark = mark(whose, clock.now());
            taken = turn.try_again().await?;
        }
        Ok(turn)
    }

    /// Takes the turn if its holder has ended it or may not go on with it.
    async fn try_again(&self) -> Result<bool, StorageError> {
        let now = self.clock.now();
        match self.store.read::<Spent>(&self.mark.id).await? {
            None => Ok(self.store.insert(self.mark.clone()).await? == Write::Done),
            Some(held) if held.record.expiry > now => Ok(false),
            Some(held) => {
                let over = |held: Spent| if held.expiry > now { Err(NotTaken::Held) } else { Ok(self.mark.clone()) };
                match self.store.update_read(held, over).await {
                    Ok(Change::Made(_)) => Ok(true),
                    Ok(Change::Missing) | Err(NotTaken::Held) => Ok(false),
                    Err(NotTaken::Storage(error)) => Err(error),
                }
            }
        }
    }

    /// Lets the next one have it. One that lasted too long may be another's by now.
    pub(super) async fn end(self) {
        if later(self.clock.now(), CLOCKS_APART) >= self.mark.expiry {
            return;
        }
        if let Err(error) = self.store.remove::<Spent>(&self.mark.id).await {
            tracing::warn!(err = %error, "the turn of a refresh was not ended, it ends by itself");
        }
    }
}

fn mark((user, connector): (&str, &str), now: Timestamp) -> Spent {
    let hash = dex_jose::sha256(format!("{connector}\0{user}").as_bytes());
    Spent { id: format!("turn/{}", URL_SAFE_NO_PAD.encode(hash)), expiry: later(now, LIFE) }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use dex_storage::Memory;

    use super::*;

    const WHOSE: (&str, &str) = ("jane", "oidc");

    /// A store, and a clock that is moved by hand.
    fn world() -> (Store, Clock, Arc<Mutex<Timestamp>>) {
        let now = Arc::new(Mutex::new(Timestamp::UNIX_EPOCH));
        let told = now.clone();
        (Store::new(Memory::new()), Clock::new(move || *told.lock().unwrap()), now)
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_is_one_users_until_it_ends_and_others_wait_for_it() {
        let (store, clock, _) = world();
        let turn = Turn::take(&store, &clock, WHOSE).await.ok().unwrap();
        for other in [("jane", "ldap"), ("joe", "oidc"), ("oidc", "jane")] {
            Turn::take(&store, &clock, other).await.ok().unwrap();
        }
        let begun = Instant::now();
        let ends = async {
            sleep(Duration::from_secs(4)).await;
            turn.end().await;
        };
        let (next, ()) = tokio::join!(Turn::take(&store, &clock, WHOSE), ends);
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(4) + LOOK_AGAIN_MAX, "{waited:?}");
        next.ok().unwrap().end().await;
        assert_eq!(store.get::<Spent>(&mark(WHOSE, clock.now()).id).await.unwrap(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_has_an_end_and_nobody_is_held_up_by_a_replica_that_was_killed() {
        let (store, clock, now) = world();
        let killed = Turn::take(&store, &clock, WHOSE).await.ok().unwrap();
        let begun = Instant::now();
        let refused = Turn::take(&store, &clock, WHOSE).await.err().unwrap();
        assert_eq!((refused.status.as_u16(), refused.retry_after.is_some()), (503, true));
        assert!(begun.elapsed() <= PATIENCE, "{:?}", begun.elapsed());
        *now.lock().unwrap() = later(Timestamp::UNIX_EPOCH, LIFE);
        let next = Turn::take(&store, &clock, WHOSE).await.ok().unwrap();
        killed.end().await;
        assert!(Turn::take(&store, &clock, WHOSE).await.is_err(), "whose turn is over ends no other's");
        next.end().await;
        Turn::take(&store, &clock, WHOSE).await.ok().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn replicas_whose_clocks_differ_take_no_turn_from_each_other() {
        let (store, slow, now) = world();
        let told = now.clone();
        let fast = Clock::new(move || later(*told.lock().unwrap(), CLOCKS_APART));
        let pass = |span| {
            let passed = later(*now.lock().unwrap(), span);
            *now.lock().unwrap() = passed;
        };
        for (holder, other) in [(&slow, &fast), (&fast, &slow)] {
            let turn = Turn::take(&store, holder, WHOSE).await.ok().unwrap();
            pass(TURN_MAX);
            assert!(Turn::take(&store, other, WHOSE).await.is_err(), "the upstream may still be asked");
            turn.end().await;
        }
        let killed = Turn::take(&store, &slow, WHOSE).await.ok().unwrap();
        pass(LIFE.saturating_sub(CLOCKS_APART));
        let next = Turn::take(&store, &fast, WHOSE).await.ok().unwrap();
        killed.end().await;
        assert!(Turn::take(&store, &slow, WHOSE).await.is_err(), "whose turn may be over ends no other's");
        next.end().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_whose_time_is_over_is_taken_over_by_one() {
        let (store, clock, now) = world();
        Turn::take(&store, &clock, WHOSE).await.ok().unwrap();
        *now.lock().unwrap() = later(Timestamp::UNIX_EPOCH, LIFE);
        let all = futures_util::future::join_all((0..8).map(|_| Turn::take(&store, &clock, WHOSE))).await;
        assert_eq!(all.iter().filter(|turn| turn.is_ok()).count(), 1);
    }
}
