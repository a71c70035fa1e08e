//! Connections that are lent out, and those that wait for work.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::error::DirectoryError;
use super::hosts::Endpoint;
use super::{Pool, Service};
use crate::wire::{Connection, Failure, Outcome, code};

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
    lane: Lane,
    opened: Instant,
    idle_since: Instant,
    _slot: Slot,
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

    /// Keeps a connection for the next one who needs it.
    pub(super) fn give_back(&self, mut lease: Lease) {
        lease.idle_since = Instant::now();
        lease.reused = true;
        self.state.lock().unwrap_or_else(PoisonError::into_inner).idle.push(lease);
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
    fn reuse(&self, lane: Lane, now: Instant) -> Option<Lease> {
        let worn = self.take_idle(|lease| now > lease.idle_since + IDLE_MAX || now > lease.opened + AGE_MAX);
        drop(worn);
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

impl Pool {
    /// A connection for this lane. The caller holds a permit.
    pub(super) async fn lease(&self, lane: Lane) -> Result<Lease, DirectoryError> {
        while let Some(mut lease) = self.slots.reuse(lane, Instant::now()) {
            if lease.lane == lane || lane == Lane::User {
                lease.lane = lane;
                return Ok(lease);
            }
            match self.bound(lease).await {
                Ok(lease) => return Ok(lease),
                Err(error @ DirectoryError::ServiceBind { .. }) => return Err(error),
                // It has waited too long; the next one, or a fresh one.
                Err(_) => {}
            }
        }
        let slot = self.slots.slot();
        self.open(lane, slot).await
    }

    /// A fresh connection, to the first server that lets us in.
    async fn open(&self, lane: Lane, slot: Slot) -> Result<Lease, DirectoryError> {
        let mut last = DirectoryError::NoHost("none is configured".to_owned());
        let mut slot = Some(slot);
        for endpoint in self.hosts.ordered().await? {
            let room = slot.take().unwrap_or_else(|| self.slots.slot());
            match self.open_at(endpoint.clone(), lane, room).await {
                Err(error @ (DirectoryError::Failed { .. } | DirectoryError::ServiceBind { .. })) => {
                    self.failed(&endpoint, &error);
                    last = error;
                }
                opened => return opened,
            }
        }
        Err(last)
    }

    /// A fresh connection to this server.
    pub(super) async fn open_at(&self, endpoint: Endpoint, lane: Lane, slot: Slot) -> Result<Lease, DirectoryError> {
        let opening = Connection::open(&endpoint.host, endpoint.port, &self.transport);
        let opened = timeout(self.limits.connect, opening).await;
        let opened = opened.unwrap_or(Err(Failure::Silent(self.limits.connect)));
        let connection = match opened {
            Ok(connection) => connection,
            Err(failure) => return Err(DirectoryError::Failed { endpoint, failure }),
        };
        let now = Instant::now();
        let lease =
            Lease { connection, endpoint, reused: false, lane: Lane::User, opened: now, idle_since: now, _slot: slot };
        if lane == Lane::Service { self.bound(lease).await } else { Ok(lease) }
    }

    /// Binds as the service.
    async fn bound(&self, mut lease: Lease) -> Result<Lease, DirectoryError> {
        let bound = timeout(self.limits.request, bind_service(&mut lease.connection, &self.service)).await;
        let endpoint = lease.endpoint.clone();
        match bound.unwrap_or(Err(Failure::Silent(self.limits.request))) {
            Ok(outcome) if outcome.code == code::SUCCESS => {
                lease.lane = Lane::Service;
                Ok(lease)
            }
            Ok(outcome) => {
                let dn = match &self.service {
                    Service::Simple { dn, .. } => dn.clone(),
                    Service::External => "EXTERNAL".to_owned(),
                };
                Err(DirectoryError::ServiceBind { endpoint, dn, outcome })
            }
            Err(failure) => Err(DirectoryError::Failed { endpoint, failure }),
        }
    }
}

async fn bind_service(connection: &mut Connection, service: &Service) -> Result<Outcome, Failure> {
    match service {
        Service::Simple { dn, password } => Ok(connection.bind(dn, password).await?.0),
        Service::External => connection.bind_external().await,
    }
}
