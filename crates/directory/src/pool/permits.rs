//! Who may use a connection now.
//!
//! Half of a pool is for searches and half for checking passwords, so that a busy one does not keep binding its connections
//! anew. What the one half does not need at the moment the other one takes, all but the last one.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{sleep, timeout};

use super::slots::Lane;

/// How often whoever waits looks whether the other half can do with less.
const LOOK_ACROSS_EVERY: Duration = Duration::from_millis(20);

/// As many permits as there may be connections.
pub(super) struct Permits {
    service: Arc<Semaphore>,
    user: Arc<Semaphore>,
}

impl Permits {
    /// A single connection is everybody's.
    pub(super) fn new(connections: usize) -> Self {
        if connections < 2 {
            let all = Arc::new(Semaphore::new(connections));
            return Self { service: all.clone(), user: all };
        }
        let for_users = connections / 2;
        let service = Arc::new(Semaphore::new(connections - for_users));
        Self { service, user: Arc::new(Semaphore::new(for_users)) }
    }

    /// Leave to use one connection; `None` if that takes longer than `patience`.
    pub(super) async fn one(&self, lane: Lane, patience: Duration) -> Option<SemaphorePermit<'_>> {
        let (own, other) = match lane {
            Lane::Service => (&self.service, &self.user),
            Lane::User => (&self.user, &self.service),
        };
        let at_once = own.try_acquire().ok().or_else(|| spare(other));
        if at_once.is_some() {
            return at_once;
        }
        timeout(patience, next(own, other)).await.ok()?
    }
}

/// One that a half does not need. The last one is left to it: whoever takes that makes a connection change sides, and soon back
/// again.
fn spare(half: &Semaphore) -> Option<SemaphorePermit<'_>> {
    if half.available_permits() > 1 { half.try_acquire().ok() } else { None }
}

/// The next one of its own half, or one that the other half needs no more.
async fn next<'a>(own: &'a Semaphore, other: &'a Semaphore) -> Option<SemaphorePermit<'a>> {
    let mut next = pin!(own.acquire());
    loop {
        tokio::select! {
            permit = &mut next => return permit.ok(),
            () = sleep(LOOK_ACROSS_EVERY) => {
                let permit = spare(other);
                if permit.is_some() {
                    return permit;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn there_are_as_many_as_connections_and_one_of_the_other_half_is_left() {
        // How many a half has when it asks first, and the other one afterwards.
        let cases = [
            (1, Lane::Service, 1, 0),
            (1, Lane::User, 1, 0),
            (2, Lane::Service, 1, 1),
            (2, Lane::User, 1, 1),
            (3, Lane::Service, 2, 1),
            (3, Lane::User, 2, 1),
            (32, Lane::Service, 31, 1),
            (32, Lane::User, 31, 1),
        ];
        for (connections, lane, first, second) in cases {
            let permits = Permits::new(connections);
            let mut held = Vec::new();
            let other = if lane == Lane::User { Lane::Service } else { Lane::User };
            for (lane, expected) in [(lane, first), (other, second)] {
                let before = held.len();
                while let Some(permit) = permits.one(lane, PATIENCE).await {
                    held.push(permit);
                }
                assert_eq!(held.len() - before, expected, "{lane:?} of {connections}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_gets_what_the_other_half_needs_no_more_but_for_the_last_one() {
        let permits = Permits::new(6);
        let mut held = Vec::new();
        for lane in [Lane::User, Lane::User, Lane::User, Lane::Service, Lane::Service, Lane::Service] {
            held.push(permits.one(lane, PATIENCE).await.unwrap());
        }
        for (freed, expected) in [(1, false), (2, true)] {
            let waiting = permits.one(Lane::User, PATIENCE);
            let ending = async {
                tokio::task::yield_now().await;
                drop(held.pop());
            };
            assert_eq!(tokio::join!(waiting, ending).0.is_some(), expected, "{freed} of the other half are free again");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_gets_the_next_of_its_own_half() {
        let permits = Permits::new(2);
        let (search, check) = (permits.one(Lane::Service, PATIENCE).await, permits.one(Lane::User, PATIENCE).await);
        let waiting = async { permits.one(Lane::User, PATIENCE).await.is_some() };
        let ending = async {
            tokio::task::yield_now().await;
            drop(search);
            assert!(permits.user.try_acquire().is_err());
            drop(check);
        };
        let (got, ()) = tokio::join!(waiting, ending);
        assert!(got);
    }
}
