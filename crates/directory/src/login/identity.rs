//! Who an entry is (connectors-protocol spec, 4.8).

use dex_connector::{Identity, UpstreamError, Wanted};

use super::Directory;
use super::account::standing;
use super::attributes::claim;
use super::data::Data;
use super::referrals::Located;
use crate::wire::Entry;

impl Directory {
    /// The identity of a user who has logged in as `username`, with the groups and the data that are wanted.
    pub(super) async fn identity(
        &self,
        wanted: Wanted,
        username: &str,
        entry: &Entry,
    ) -> Result<Identity, UpstreamError> {
        let mut identity = self.claims(entry)?;
        if wanted.groups {
            identity.groups = self.groups(entry).await?;
        }
        if wanted.offline_access {
            identity.connector_data = Data::new(username, entry).to_bytes();
        }
        Ok(identity)
    }

    /// The identity of a user whom somebody else vouches for; `None` if nobody has that name.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Gone`] if the account may not be used: no server looks at it in place of a bind.
    pub(crate) async fn vouched_for(&self, wanted: Wanted, username: &str) -> Result<Option<Identity>, UpstreamError> {
        let attributes = &self.settings.users.attributes;
        let Some(Located { entry, .. }) = self.find(username, attributes).await? else { return Ok(None) };
        if let Some(state) = standing(&entry, self.clock.now()) {
            return Err(UpstreamError::Gone(format!("ldap: entry {:?}: {state}", entry.dn)));
        }
        self.identity(wanted, username, &entry).await.map(Some)
    }

    /// What the attributes say.
    fn claims(&self, entry: &Entry) -> Result<Identity, UpstreamError> {
        let users = &self.settings.users;
        let mut missing = Vec::new();
        let mut required = |name: &str| -> Result<String, UpstreamError> {
            let value = claim(entry, name)?;
            if value.is_none() {
                missing.push(name.to_owned());
            }
            Ok(value.unwrap_or_default())
        };
        let user_id = required(&users.id)?;
        let by_suffix = !users.email_suffix.is_empty();
        let mut email = if by_suffix { String::new() } else { required(&users.email)? };
        let name_needed = by_suffix || !users.name.is_empty();
        let username = if name_needed { required(&users.name)? } else { String::new() };
        let preferred = &users.preferred_username;
        let preferred_username = if preferred.is_empty() { String::new() } else { required(preferred)? };
        if by_suffix {
            email = format!("{username}@{}", users.email_suffix);
        }
        if !missing.is_empty() {
            let quoted: Vec<String> = missing.iter().map(|name| format!("{name:?}")).collect();
            let text =
                format!("ldap: entry {:?} missing following required attribute(s): [{}]", entry.dn, quoted.join(" "));
            return Err(UpstreamError::Unacceptable(text));
        }
        Ok(Identity { user_id, username, preferred_username, email, email_verified: true, ..Identity::default() })
    }
}
