//! Finding the entry a name stands for (connectors-protocol spec, 4.5).

use dex_connector::UpstreamError;

use super::Directory;
use crate::wire::{Entry, Filter, Found, Outcome, Search, code};

/// Two are enough to know that there are several.
const ENTRIES_MAX: u32 = 2;

impl Directory {
    /// The one entry that `name` stands for, `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] if there are several, or it cannot be told.
    pub(crate) async fn find(&self, name: &str) -> Result<Option<Entry>, UpstreamError> {
        let users = &self.settings.users;
        let filters = users.usernames.iter().map(|attribute| Filter::equal(attribute, name)).collect();
        let filter = Filter::any(filters).within(users.filter.as_ref());
        let search = Search {
            base: &users.base,
            scope: users.scope,
            filter: &filter,
            attributes: &users.attributes,
            entries_max: ENTRIES_MAX,
            page: 0,
        };
        let mut found = self.search(&search).await?;
        let several = found.entries.len() > 1;
        if several {
            let (count, filter) = (found.entries.len(), filter.to_string());
            let text = format!("ldap: filter returned multiple ({count}) results: {filter:?}");
            return Err(UpstreamError::Unacceptable(text));
        }
        if found.outcome.code != code::SUCCESS {
            return Err(failed(&filter, &found.outcome));
        }
        let Some(entry) = found.entries.pop() else {
            tracing::info!(connector.id = %self.id, filter = %filter, "no results returned for filter");
            return Ok(None);
        };
        if entry.dn.trim().is_empty() {
            // To bind as nobody is no check of a password.
            return Err(UpstreamError::Unacceptable(format!(
                "ldap: filter {:?} found an entry without a DN",
                filter.to_string()
            )));
        }
        tracing::debug!(connector.id = %self.id, username = %name, user_dn = %entry.dn, "username mapped to entry");
        Ok(Some(entry))
    }

    /// Searches as the service.
    pub(super) async fn search(&self, search: &Search<'_>) -> Result<Found, UpstreamError> {
        let Search { base, scope, filter, .. } = search;
        tracing::debug!(connector.id = %self.id, base_dn = base, ?scope, filter = %filter, "performing ldap search");
        Ok(self.pool.search(search).await?)
    }
}

/// A search that the server did not carry out.
pub(super) fn failed(filter: &Filter, outcome: &Outcome) -> UpstreamError {
    let text = format!("ldap: search with filter {:?} failed: {outcome}", filter.to_string());
    match outcome.code {
        code::BUSY | code::UNAVAILABLE => UpstreamError::Unreachable(text.into()),
        _ => UpstreamError::Misconfigured(text),
    }
}
