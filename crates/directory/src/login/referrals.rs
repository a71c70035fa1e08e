//! Searching, and going on where a server says that the search goes on (RFC 4511 §4.1.10 and §4.5.3).
//!
//! By default nothing is followed: Active Directory refers every search from its root to places nobody needs, and the
//! service's password would go to whichever server an entry names.

use std::collections::{HashSet, VecDeque};

use dex_connector::UpstreamError;

use super::Directory;
use crate::pool::{DirectoryError, Endpoint, Referral};
use crate::wire::{Entry, Outcome, Search, code};

/// How many referrals one search follows.
const FOLLOWED_MAX: usize = 16;

/// An entry, and the server it was found at if that is none of those that are configured.
pub(crate) struct Located {
    pub(super) entry: Entry,
    pub(super) at: Option<Endpoint>,
}

impl Directory {
    /// Searches as the service.
    pub(super) async fn search(&self, search: &Search<'_>) -> Result<(Vec<Located>, Outcome), UpstreamError> {
        let Search { base, scope, filter, .. } = search;
        tracing::debug!(connector.id = %self.id, base_dn = base, ?scope, filter = %filter, "performing ldap search");
        let found = self.pool.search(search).await?;
        let mut located: Vec<_> = found.entries.into_iter().map(|entry| Located { entry, at: None }).collect();
        let mut outcome = found.outcome;
        if !self.settings.follow_referrals {
            return Ok((located, outcome));
        }
        let (mut waiting, mut followed) = (VecDeque::from(found.references), HashSet::new());
        loop {
            if outcome.code == code::REFERRAL {
                outcome.code = code::SUCCESS;
                waiting.extend(outcome.referrals.drain(..).take(1));
            }
            if outcome.code != code::SUCCESS || located.len() > search.entries_max as usize {
                return Ok((located, outcome));
            }
            let Some(url) = waiting.pop_front() else { return Ok((located, outcome)) };
            let Some(referral) = Referral::parse(&url, self.settings.transport.security) else {
                return Err(DirectoryError::Referral(url).into());
            };
            if !followed.insert((referral.endpoint.clone(), referral.base.clone())) {
                continue;
            }
            if followed.len() > FOLLOWED_MAX {
                return Err(DirectoryError::Referral(url).into());
            }
            tracing::debug!(connector.id = %self.id, url, "following a referral");
            let found = self.pool.search_at(&referral, search).await?;
            let at = referral.endpoint;
            located.extend(found.entries.into_iter().map(|entry| Located { entry, at: Some(at.clone()) }));
            waiting.extend(found.references);
            outcome = found.outcome;
        }
    }
}
