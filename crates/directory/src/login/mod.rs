//! Logging in against a directory (connectors-protocol spec, 4.4 to 4.11).
//!
//! Owned here: who a name and a password belong to, which groups they are in, whether the account may be used, and what
//! is remembered for a refresh. Not owned: connections, which are the pool's, and Kerberos tickets.
//!
//! Control leaves to the directory through the pool. Nobody is logged in unless a server said so to a bind as the entry
//! that was found, or a ticket was believed.

mod account;
mod attributes;
mod data;
mod find;
mod groups;
mod identity;
mod password;
mod ranges;
mod referrals;
mod refresh;
mod verdict;

use async_trait::async_trait;
use dex_connector::{Clock, Connector, LoginMethod, Opening, Refresh, UpstreamError};

use crate::config::Settings;
use crate::kerberos::Kerberos;
use crate::pool::{Hosts, Pool, Srv};

pub(crate) use account::STATE_ATTRIBUTES;

/// An opened `ldap` connector.
pub(crate) struct Directory {
    pub(crate) id: String,
    settings: Settings,
    pool: Pool,
    pub(crate) clock: Clock,
    /// Not there if nobody logs in by a ticket.
    pub(crate) kerberos: Option<Kerberos>,
}

impl Directory {
    /// Opens it from its configuration.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`]
    pub(crate) fn open(opening: &Opening<'_>) -> Result<Self, UpstreamError> {
        let settings = Settings::read(opening.id, opening.config)?;
        let hosts = Hosts::new(settings.hosts.clone(), settings.srv.as_deref().map(Srv::new));
        let (transport, service) = (settings.transport.clone(), settings.service.clone());
        let pool = Pool::new(opening.id, hosts, transport, service, settings.limits);
        let kerberos = settings.kerberos.as_ref().and_then(|raw| Kerberos::open(opening.id, raw));
        Ok(Self { id: opening.id.to_owned(), settings, pool, clock: opening.clock.clone(), kerberos })
    }
}

#[async_trait]
impl Connector for Directory {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Password(self)
    }

    async fn prepare(&self) -> Result<(), UpstreamError> {
        Ok(self.pool.probe().await?)
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }
}
