//! Refreshing what is known of a user (connectors-protocol spec, 4.11).

use async_trait::async_trait;
use dex_connector::{Identity, Refresh, UpstreamError, Wanted};

use super::Directory;
use super::account::standing;
use super::attributes::values;
use super::data::Data;
use crate::wire::{Entry, unescape};

/// Attributes whose value an entry keeps when it is moved, and no other entry gets.
const LASTING_IDS: [&str; 2] = ["entryUUID", "objectGUID"];

#[async_trait]
impl Refresh for Directory {
    async fn refresh(&self, wanted: Wanted, identity: Identity) -> Result<Identity, UpstreamError> {
        let data = Data::read(&identity.connector_data)?;
        let entry = self.find_again(&data.username).await?;
        if !same(&data.stored_entry(), &entry) {
            let Data { username, entry: stored } = &data;
            let text =
                format!("ldap: refresh for username {username:?} expected DN {:?} got {:?}", stored.dn, entry.dn);
            return Err(UpstreamError::Gone(text));
        }
        if let Some(state) = standing(&entry, self.clock.now()) {
            return Err(UpstreamError::Gone(format!("ldap: entry {:?}: {state}", entry.dn)));
        }
        let moved = entry.dn != data.entry.dn;
        let keep = Wanted { offline_access: moved, ..wanted };
        let mut fresh = self.identity(keep, &data.username, &entry).await?;
        if !moved {
            fresh.connector_data = identity.connector_data;
        }
        Ok(fresh)
    }
}

impl Directory {
    /// The entry of a stored name. Dex has stored names with the escapes of a filter, too.
    async fn find_again(&self, stored: &str) -> Result<Entry, UpstreamError> {
        let plain = unescape(stored).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let names = std::iter::once(stored.to_owned()).chain(plain.filter(|plain| plain != stored));
        for name in names {
            if let Some(located) = self.find(&name, &self.settings.users.attributes).await? {
                return Ok(located.entry);
            }
        }
        Err(UpstreamError::Gone(format!("ldap: user not found {stored:?}")))
    }
}

/// Whether it is the entry of then. An id that lasts tells, since an entry may be moved, and somebody else may get the DN of
/// one that was deleted. Where none is known of both, the DN does.
fn same(then: &Entry, now: &Entry) -> bool {
    let ids = LASTING_IDS.iter().map(|name| (values(then, name), values(now, name)));
    let mut known = ids.filter(|(before, after)| !before.is_empty() && !after.is_empty());
    known.next().map_or_else(|| then.dn.to_lowercase() == now.dn.to_lowercase(), |(before, after)| before == after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Attribute;

    #[test]
    fn an_entry_is_known_by_its_dn_or_by_an_id_that_lasts() {
        let entry = |dn: &str, name: &str, value: &str| Entry {
            dn: dn.into(),
            attributes: vec![Attribute { name: name.into(), values: vec![value.into()] }],
        };
        let then = entry("cn=Jane,dc=x", "entryUUID", "1");
        let cases = [
            ("the same", entry("cn=Jane,dc=x", "entryUUID", "1"), true),
            ("written otherwise", entry("CN=jane,DC=x", "cn", "jane"), true),
            ("moved", entry("cn=Jane,ou=y,dc=x", "entryuuid", "1"), true),
            ("somebody else with the DN of old", entry("cn=Jane,dc=x", "entryUUID", "2"), false),
            ("somebody else of that name", entry("cn=Jane,ou=y,dc=x", "entryUUID", "2"), false),
            ("moved, and nothing tells", entry("cn=Jane,ou=y,dc=x", "cn", "jane"), false),
        ];
        for (told, now, expected) in cases {
            assert_eq!(same(&then, &now), expected, "{told}");
        }
        let silent = entry("cn=Jane,dc=x", "cn", "jane");
        assert!(!same(&silent, &entry("cn=Jane,ou=y,dc=x", "cn", "jane")), "no id is not the same id");
    }
}
