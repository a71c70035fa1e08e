//! Finding the entry a name stands for (connectors-protocol spec, 4.5).

use dex_connector::UpstreamError;

use super::Directory;
use super::referrals::Located;
use crate::wire::{Filter, Outcome, Search, code};

/// Two are enough to know that there are several.
const ENTRIES_MAX: u32 = 2;

impl Directory {
    /// The one entry that `name` stands for, with these of its attributes; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] if there are several, or it cannot be told.
    pub(crate) async fn find(&self, name: &str, attributes: &[String]) -> Result<Option<Located>, UpstreamError> {
        let users = &self.settings.users;
        let filters = users.usernames.iter().map(|attribute| Filter::equal(attribute, name)).collect();
        let filter = Filter::any(filters).within(users.filter.as_ref());
        let search = Search {
            base: &users.base,
            scope: users.scope,
            filter: &filter,
            attributes,
            size_limit: ENTRIES_MAX,
            entries_max: ENTRIES_MAX,
            page: 0,
        };
        let (mut found, outcome) = self.search(&search).await?;
        if found.len() > 1 {
            let (count, filter) = (found.len(), filter.to_string());
            let text = format!("ldap: filter returned multiple ({count}) results: {filter:?}");
            return Err(UpstreamError::Unacceptable(text));
        }
        if outcome.code != code::SUCCESS {
            return Err(failed(&filter, &outcome));
        }
        let Some(located) = found.pop() else {
            tracing::info!(connector.id = %self.id, filter = %filter, "no results returned for filter");
            return Ok(None);
        };
        let dn = &located.entry.dn;
        if dn.trim().is_empty() {
            // To bind as nobody is no check of a password.
            return Err(UpstreamError::Unacceptable(format!(
                "ldap: filter {:?} found an entry without a DN",
                filter.to_string()
            )));
        }
        tracing::debug!(connector.id = %self.id, username = name, user_dn = dn, "username mapped to entry");
        Ok(Some(located))
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
