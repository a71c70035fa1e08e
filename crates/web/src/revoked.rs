//! Access tokens that were revoked before their time.

use std::collections::HashMap;
use std::sync::RwLock;

use dex_model::{Spent, Timestamp};
use dex_storage::{StorageError, Store};

/// How many revoked tokens are remembered.
const REMEMBERED_MAX: usize = 100_000;

/// Before the `jti` in the id of what was revoked.
const PREFIX: &str = "jti/";

/// The `jti` of revoked access tokens: kept in the store until they expire, and remembered here, so that
/// nothing is asked of the store for a token that was not revoked.
#[derive(Debug, Default)]
pub struct Revoked(RwLock<HashMap<String, Timestamp>>);

impl Revoked {
    /// Revokes an access token for all replicas.
    ///
    /// # Errors
    ///
    /// [`StorageError`]; the token then lives on.
    pub async fn revoke(&self, store: &Store, jti: &str, expiry: Timestamp) -> Result<(), StorageError> {
        // A lost insert means that it was revoked before.
        let _ = store.insert(Spent { id: format!("{PREFIX}{jti}"), expiry }).await?;
        self.remember(jti.to_owned(), expiry);
        Ok(())
    }

    /// Whether a token was revoked, as far as this replica has heard. If more were revoked than are remembered,
    /// the store is asked.
    ///
    /// # Errors
    ///
    /// [`StorageError`]; it cannot be told then, and the token must not be believed.
    pub async fn contains(&self, store: &Store, jti: &str) -> Result<bool, StorageError> {
        let (known, full) = {
            let known = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
            (known.contains_key(jti), known.len() >= REMEMBERED_MAX)
        };
        if known || !full {
            return Ok(known);
        }
        Ok(store.get::<Spent>(&format!("{PREFIX}{jti}")).await?.is_some())
    }

    /// Hears of what other replicas revoked and forgets what has expired. A loop calls it every few seconds.
    ///
    /// # Errors
    ///
    /// [`StorageError`]; what was heard before stays.
    pub async fn refresh(&self, store: &Store, now: Timestamp) -> Result<(), StorageError> {
        for spent in store.list_prefix::<Spent>(PREFIX).await? {
            if let Some(jti) = spent.id.strip_prefix(PREFIX) {
                self.remember(jti.to_owned(), spent.expiry);
            }
        }
        self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner).retain(|_, expiry| *expiry >= now);
        Ok(())
    }

    fn remember(&self, jti: String, expiry: Timestamp) {
        let mut known = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.len() < REMEMBERED_MAX {
            known.insert(jti, expiry);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dex_storage::Memory;

    use super::*;

    #[tokio::test]
    async fn another_replica_hears_of_what_was_revoked_among_many_other_marks() {
        let store = Store::new(Arc::new(Memory::new()));
        for n in 0..2000 {
            for id in [format!("code/{n}"), format!("replayed/{n}")] {
                let _ = store.insert(Spent { id, expiry: Timestamp::MAX }).await.unwrap();
            }
            Revoked::default().revoke(&store, &n.to_string(), Timestamp::MAX).await.unwrap();
        }
        let replica = Revoked::default();
        replica.refresh(&store, Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(replica.0.read().unwrap().len(), 2000);
    }

    #[tokio::test]
    async fn what_is_not_remembered_is_asked_of_the_store() {
        let (revoked, store) = (Revoked::default(), Store::new(Arc::new(Memory::new())));
        for n in 0..REMEMBERED_MAX {
            revoked.remember(n.to_string(), Timestamp::MAX);
        }
        revoked.revoke(&store, "one more", Timestamp::MAX).await.unwrap();
        for (jti, expected) in [("one more", true), ("0", true), ("another", false)] {
            assert_eq!(revoked.contains(&store, jti).await.unwrap(), expected, "{jti}");
        }
    }
}
