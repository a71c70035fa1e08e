//! Opening connections, and binding them as the service.

use tokio::time::{Instant, timeout};

use super::error::DirectoryError;
use super::hosts::Endpoint;
use super::slots::{Lane, Lease, Slot};
use super::{Pool, Service};
use crate::wire::{Connection, Failure, Outcome, code};

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
        let mut endpoints = self.hosts.ordered().await?.into_iter().peekable();
        while let Some(endpoint) = endpoints.next() {
            let room = slot.take().unwrap_or_else(|| self.slots.slot());
            match self.open_at(endpoint.clone(), lane, room).await {
                Err(error @ (DirectoryError::Failed { .. } | DirectoryError::ServiceBind { .. })) => {
                    self.hosts.failed(&endpoint);
                    if endpoints.peek().is_some() {
                        self.passed_over(&endpoint, &error);
                    }
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
        let lease = Lease::new(connection, endpoint, slot);
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
