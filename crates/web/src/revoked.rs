//! Access tokens that were revoked before their time.

use std::collections::HashMap;
use std::sync::RwLock;

use dex_model::{Kind, Spent, Timestamp};
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

    /// Whether a token was revoked, as far as this replica has heard.
    pub fn contains(&self, jti: &str) -> bool {
        self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner).contains_key(jti)
    }

    /// Hears of what other replicas revoked and forgets what has expired. A loop calls it every few seconds.
    ///
    /// # Errors
    ///
    /// [`StorageError`]; what was heard before stays.
    pub async fn refresh(&self, store: &Store, now: Timestamp) -> Result<(), StorageError> {
        for spent in store.list::<Spent>().await? {
            if let Some(jti) = spent.id.strip_prefix(PREFIX) {
                self.remember(jti.to_owned(), spent.expiry);
            }
        }
        self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner).retain(|_, expiry| *expiry >= now);
        Ok(())
    }

    /// The kind of record to sweep.
    pub const KIND: Kind = Kind::Spent;

    fn remember(&self, jti: String, expiry: Timestamp) {
        let mut known = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.len() < REMEMBERED_MAX {
            known.insert(jti, expiry);
        }
    }
}
