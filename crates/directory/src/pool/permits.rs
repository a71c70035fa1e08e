//! Who may use a connection now.
//!
//! Half of a pool is for searches and half for checking passwords, so that a busy one does not keep binding its connections
//! anew. What the one half does not need at the moment the other one takes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::slots::Lane;

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
        if let Ok(permit) = own.try_acquire().or_else(|_| other.try_acquire()) {
            return Some(permit);
        }
        timeout(patience, own.acquire()).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn there_are_as_many_as_connections_whoever_asks() {
        for (connections, lanes) in [
            (1, [Lane::Service, Lane::User]),
            (2, [Lane::User, Lane::Service]),
            (3, [Lane::Service, Lane::Service]),
            (8, [Lane::User, Lane::User]),
        ] {
            let permits = Permits::new(connections);
            let mut held = Vec::new();
            for lane in lanes.into_iter().cycle().take(connections) {
                held.push(permits.one(lane, PATIENCE).await.expect("one is left"));
            }
            for lane in [Lane::Service, Lane::User] {
                assert!(permits.one(lane, PATIENCE).await.is_none(), "{connections} are held, {lane:?}");
            }
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
