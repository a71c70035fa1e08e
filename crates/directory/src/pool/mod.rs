//! The connections to a directory: a bounded number, reused, on whichever of its servers answers.
//!
//! Owned here: which server is asked, how many connections there are, who each of them is bound as, and what is asked
//! again elsewhere when a connection breaks. Not owned: what is asked and what the answer means.
//!
//! A connection that a user was bound on is never used to search with unless it has been bound again. Control leaves to
//! the directory inside [`Pool::search`] and [`Pool::bind`]. A call that is dropped closes its connection.

mod error;
mod health;
mod hosts;
mod lease;
mod permits;
mod referral;
mod slots;
mod srv;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use zeroize::Zeroizing;

pub(crate) use error::DirectoryError;
pub(crate) use hosts::{Endpoint, Hosts};
pub(crate) use referral::Referral;
pub(crate) use srv::Srv;

use crate::wire::{Failure, Found, Outcome, PolicyError, Search, Transport};
use permits::Permits;
use slots::{Lane, Lease, Slots};

/// How often a request is sent again on a connection to another server, or on a fresh one.
const ATTEMPTS_MAX: usize = 6;

/// What the pool keeps to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How many connections there are at most, to all servers together.
    pub(crate) connections: usize,
    /// How long connecting may take, TLS included.
    pub(crate) connect: Duration,
    /// How long an answer may take, and how long is waited for a free connection.
    pub(crate) request: Duration,
}

/// Who searches.
#[derive(Clone)]
pub(crate) enum Service {
    /// A DN and its password; both empty for nobody.
    Simple { dn: String, password: Zeroizing<String> },
    /// Whoever the client certificate names.
    External,
}

/// The connections to one directory.
pub(crate) struct Pool {
    /// The connector's id, for the log.
    id: String,
    hosts: Hosts,
    transport: Transport,
    service: Service,
    limits: Limits,
    permits: Permits,
    slots: Arc<Slots>,
}

/// What is asked on a connection.
enum Job<'a> {
    Search(&'a Search<'a>),
    Bind { dn: &'a str, password: &'a str },
}

/// What came back.
enum Done {
    Found(Found),
    Bound(Bound),
}

/// How a bind ended, and where.
pub(crate) struct Bound {
    pub(crate) endpoint: Endpoint,
    pub(crate) outcome: Outcome,
    pub(crate) policy: Option<PolicyError>,
}

impl Job<'_> {
    fn lane(&self) -> Lane {
        match self {
            Job::Search(_) => Lane::Service,
            Job::Bind { .. } => Lane::User,
        }
    }
}

impl Done {
    fn found(self) -> Found {
        match self {
            Self::Found(found) => found,
            Self::Bound(_) => unreachable!("a search finds"),
        }
    }

    fn bound(self) -> Bound {
        match self {
            Self::Bound(bound) => bound,
            Self::Found(_) => unreachable!("a bind binds"),
        }
    }
}

impl Pool {
    pub(crate) fn new(id: &str, hosts: Hosts, transport: Transport, service: Service, limits: Limits) -> Self {
        let permits = Permits::new(limits.connections);
        let slots = Arc::new(Slots::new(limits.connections));
        Self { id: id.to_owned(), hosts, transport, service, limits, permits, slots }
    }

    /// Searches as the service.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] when no server answers.
    pub(crate) async fn search(&self, search: &Search<'_>) -> Result<Found, DirectoryError> {
        self.run(&Job::Search(search)).await.map(Done::found)
    }

    /// Binds as `dn`, whose password is not empty.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] when no server answers.
    pub(crate) async fn bind(&self, dn: &str, password: &str) -> Result<Bound, DirectoryError> {
        self.run(&Job::Bind { dn, password }).await.map(Done::bound)
    }

    /// Whether a server can be reached and lets the service in.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] if not.
    pub(crate) async fn probe(&self) -> Result<(), DirectoryError> {
        let permit = self.permit(Lane::Service).await?;
        let lease = self.lease(Lane::Service).await?;
        self.slots.give_back(lease);
        drop(permit);
        Ok(())
    }

    async fn permit(&self, lane: Lane) -> Result<tokio::sync::SemaphorePermit<'_>, DirectoryError> {
        let permit = self.permits.one(lane, self.limits.request).await;
        permit.ok_or(DirectoryError::Busy(self.limits.connections))
    }

    async fn run(&self, job: &Job<'_>) -> Result<Done, DirectoryError> {
        let lane = job.lane();
        let _permit = self.permit(lane).await?;
        let (mut attempts, mut on_fresh_ones) = (0, 0);
        loop {
            let mut lease = self.lease(lane).await?;
            let failure = match timeout(self.limits.request, perform(&mut lease, job)).await {
                Ok(Ok(done)) => {
                    self.hosts.answered(&lease.endpoint);
                    self.slots.give_back(lease);
                    return Ok(done);
                }
                Ok(Err(failure)) => failure,
                Err(_) => Failure::Silent(self.limits.request),
            };
            attempts += 1;
            on_fresh_ones += usize::from(!lease.reused);
            // A connection that has waited may have been closed meanwhile by a server that is well.
            let stale = lease.reused && matches!(failure, Failure::Closed | Failure::Io(_));
            let endpoint = self.broken(lease, stale);
            // A server that fails on a fresh connection is not asked again, only another one.
            if attempts >= ATTEMPTS_MAX || on_fresh_ones >= self.hosts.count() {
                return Err(DirectoryError::Failed { endpoint, failure });
            }
            if !stale {
                self.passed_over(&endpoint, &failure);
            }
        }
    }

    /// Closes a connection that broke, and those to the same server that wait for work.
    fn broken(&self, lease: Lease, stale: bool) -> Endpoint {
        let endpoint = lease.endpoint.clone();
        drop(lease);
        self.slots.close_idle(&endpoint);
        if !stale {
            self.hosts.failed(&endpoint);
        }
        endpoint
    }

    /// Tells of a server in whose place another one is asked. What the last one did is told by whoever needed the answer.
    fn passed_over(&self, endpoint: &Endpoint, failure: &dyn std::error::Error) {
        tracing::warn!(connector.id = %self.id, host = %endpoint, err = %failure, "directory server failed; asking again");
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // What waits there holds its room, and so the slots themselves.
        self.slots.close_all();
    }
}

async fn perform(lease: &mut Lease, job: &Job<'_>) -> Result<Done, Failure> {
    match job {
        Job::Search(search) => lease.connection.search(search).await.map(Done::Found),
        Job::Bind { dn, password } => {
            let (outcome, policy) = lease.connection.bind(dn, password).await?;
            Ok(Done::Bound(Bound { endpoint: lease.endpoint.clone(), outcome, policy }))
        }
    }
}
