//! Room for connections, and those that wait for work.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::hosts::Endpoint;
use crate::wire::Connection;

/// How long a connection may wait for work; servers close those that wait too long.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// How long a connection is used, so that a server that was down gets its share again.
const AGE_MAX: Duration = Duration::from_secs(600);

/// Who a connection is bound as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// The service, which searches.
    Service,
    /// Whoever bound last, or nobody.
    User,
}

/// A connection that is in use. Dropping it closes it.
pub(super) struct Lease {
    pub(super) connection: Connection,
    pub(super) endpoint: Endpoint,
    /// It has been used before.
    pub(super) reused: bool,
    pub(super) lane: Lane,
    opened: Instant,
    idle_since: Instant,
    _slot: Slot,
}

impl Lease {
    /// A connection that was opened just now, bound as nobody.
    pub(super) fn new(connection: Connection, endpoint: Endpoint, slot: Slot) -> Self {
        let now = Instant::now();
        Self { connection, endpoint, reused: false, lane: Lane::User, opened: now, idle_since: now, _slot: slot }
    }
}

/// Room for the connections, and those that wait.
pub(super) struct Slots {
    most: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<Lease>,
    live: usize,
    /// Somebody looks after those that wait.
    watched: bool,
}

/// Room for one connection; dropping it makes the room free.
pub(super) struct Slot(Arc<Slots>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).live -= 1;
    }
}

impl Slots {
    pub(super) fn new(most: usize) -> Self {
        Self { most, state: Mutex::default() }
    }

    /// Keeps a connection for the next one who needs it, for a while.
    pub(super) fn give_back(self: &Arc<Self>, mut lease: Lease) {
        lease.idle_since = Instant::now();
        lease.reused = true;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.idle.push(lease);
        if !std::mem::replace(&mut state.watched, true) {
            tokio::spawn(close_in_time(Arc::downgrade(self)));
        }
    }

    /// Closes what has waited too long or is too old.
    fn close_worn(&self, now: Instant) {
        drop(self.take_idle(|lease| now > lease.idle_since + IDLE_MAX || now > lease.opened + AGE_MAX));
    }

    /// Closes the connections to a server that wait for work.
    pub(super) fn close_idle(&self, endpoint: &Endpoint) {
        let closed = self.take_idle(|lease| lease.endpoint == *endpoint);
        drop(closed);
    }

    /// Closes every connection that waits for work.
    pub(super) fn close_all(&self) {
        drop(self.take_idle(|_| true));
    }

    /// A connection of this lane that waits; one of the other lane if there is no room for another connection.
    pub(super) fn reuse(&self, lane: Lane, now: Instant) -> Option<Lease> {
        self.close_worn(now);
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let full = state.live >= self.most;
            // The one used last, so that what is not needed grows old.
            let fitting = state.idle.iter().rposition(|lease| lease.lane == lane);
            let at = fitting.or_else(|| state.idle.len().checked_sub(1).filter(|_| full))?;
            let mut lease = state.idle.remove(at);
            drop(state);
            if lease.connection.is_quiet() {
                return Some(lease);
            }
        }
    }

    /// Dropped by the caller, when the lock is free again.
    fn take_idle(&self, which: impl Fn(&Lease) -> bool) -> Vec<Lease> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.idle.iter().any(&which) {
            return Vec::new();
        }
        let (taken, kept) = std::mem::take(&mut state.idle).into_iter().partition(|lease| which(lease));
        state.idle = kept;
        taken
    }

    /// Room for one more connection. Whoever asks holds a permit, so there is room, or a connection that waits.
    pub(super) fn slot(self: &Arc<Self>) -> Slot {
        loop {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.live < self.most || state.idle.is_empty() {
                state.live += 1;
                return Slot(self.clone());
            }
            let oldest = state.idle.remove(0);
            drop(state);
            drop(oldest);
        }
    }
}

/// Closes connections that nobody needs any more, until none is left.
async fn close_in_time(slots: Weak<Slots>) {
    loop {
        sleep(IDLE_MAX).await;
        let Some(slots) = slots.upgrade() else { return };
        slots.close_worn(Instant::now());
        let mut state = slots.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.idle.is_empty() {
            state.watched = false;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(slots: &Arc<Slots>, lane: Lane) -> Lease {
        // Its other end is held by nobody who would say something.
        let (stream, far) = tokio::io::duplex(64);
        std::mem::forget(far);
        let connection = Connection::over(Box::new(stream));
        let mut lease = Lease::new(connection, Endpoint::new("a", 389), slots.slot());
        lease.lane = lane;
        lease
    }

    fn live(slots: &Slots) -> usize {
        slots.state.lock().unwrap().live
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_nobody_needs_is_closed_in_time() {
        let slots = Arc::new(Slots::new(4));
        slots.give_back(lease(&slots, Lane::Service));
        tokio::time::sleep(IDLE_MAX).await;
        assert_eq!(live(&slots), 1, "at the last moment");
        slots.give_back(slots.reuse(Lane::Service, Instant::now()).unwrap());
        tokio::time::sleep(IDLE_MAX / 2).await;
        assert_eq!(live(&slots), 1, "it has been used");
        tokio::time::sleep(IDLE_MAX * 2).await;
        assert_eq!(live(&slots), 0);
        slots.give_back(lease(&slots, Lane::User));
        tokio::time::sleep(IDLE_MAX * 3).await;
        assert_eq!(live(&slots), 0, "the next one, too");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_used_all_the_time_grows_old() {
        let slots = Arc::new(Slots::new(4));
        slots.give_back(lease(&slots, Lane::Service));
        let begun = Instant::now();
        let mut uses = 0;
        while let Some(lease) = slots.reuse(Lane::Service, Instant::now()) {
            slots.give_back(lease);
            tokio::time::sleep(Duration::from_secs(1)).await;
            uses += 1;
        }
        assert!(begun.elapsed() > AGE_MAX && begun.elapsed() < AGE_MAX + IDLE_MAX * 2, "{uses} uses");
    }

    #[tokio::test(start_paused = true)]
    async fn the_other_lane_s_connection_is_taken_when_there_is_no_room() {
        let slots = Arc::new(Slots::new(2));
        slots.give_back(lease(&slots, Lane::User));
        assert!(slots.reuse(Lane::Service, Instant::now()).is_none(), "there is room for another one");
        let busy = lease(&slots, Lane::Service);
        let taken = slots.reuse(Lane::Service, Instant::now()).unwrap();
        assert!(taken.lane == Lane::User, "it must be bound again");
        slots.give_back(taken);
        let _fresh = slots.slot();
        assert_eq!(live(&slots), 2, "what waits gives way");
        drop(busy);
        assert_eq!(live(&slots), 1);
    }
}
