//! The local password database (oidc-core spec, 9.4).

use std::sync::Arc;

use async_trait::async_trait;
use dex_connector::{Connector, Identity, LoginMethod, PasswordAnswer, PasswordLogin, Refresh, UpstreamError, Wanted};
use dex_model::Password;
use dex_storage::{StorageError, Store};
use tokio::sync::Semaphore;

/// How many passwords are compared at once; each takes a core for a twentieth of a second.
const WORKERS: usize = 2;

/// How many logins wait for a comparison; one more is told to come back later.
const QUEUE_MAX: usize = 256;

/// A hash of cost 10 of nobody's password: an unknown user takes as long as a wrong password.
const NOBODY: &str = "$2a$10$7EqJtq98hPqEX7fNZaFWoOa9zY5vYb1mQ4hQv5cGJ8eJQ2yZr1b2K";

/// Those who compare passwords: few, with a queue of bounded length.
#[derive(Debug, Clone)]
pub struct PasswordWorkers {
    working: Arc<Semaphore>,
    admitted: Arc<Semaphore>,
}

impl Default for PasswordWorkers {
    fn default() -> Self {
        Self { working: Arc::new(Semaphore::new(WORKERS)), admitted: Arc::new(Semaphore::new(WORKERS + QUEUE_MAX)) }
    }
}

/// The queue is full.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("too many passwords wait to be compared")]
struct Busy;

impl PasswordWorkers {
    async fn matches(&self, hash: String, password: &str) -> Result<bool, UpstreamError> {
        let busy = || UpstreamError::Unreachable(Box::new(Busy));
        let _admitted = self.admitted.try_acquire().map_err(|_| busy())?;
        let _working = self.working.acquire().await.map_err(|_| busy())?;
        // bcrypt looks at 72 bytes, as Go's does; what is longer is cut and not refused.
        let password = password.as_bytes().get(..72).unwrap_or(password.as_bytes()).to_vec();
        let compared = tokio::task::spawn_blocking(move || bcrypt::verify(password, &hash)).await;
        match compared {
            Ok(Ok(matches)) => Ok(matches),
            Ok(Err(_)) | Err(_) => Err(UpstreamError::Misconfigured("a stored password hash is malformed".into())),
        }
    }
}

/// What a password turns out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// That of this user.
    Right(Box<Password>),
    /// Not that of the user.
    Wrong,
    /// There is no such user. A login must not tell this from a wrong password.
    Unknown,
}

/// The connector `local`.
#[derive(Clone)]
pub struct LocalPasswords {
    store: Store,
    workers: PasswordWorkers,
}

impl LocalPasswords {
    /// The connector over the passwords of `store`.
    pub fn new(store: Store, workers: PasswordWorkers) -> Self {
        Self { store, workers }
    }

    /// Whether this is the password of the user with this e-mail. Nobody's takes as long as anybody's.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Misconfigured`] for a stored hash that no login takes, [`UpstreamError::Unreachable`] when the store
    /// fails or too many passwords wait to be compared.
    pub async fn verify(&self, email: &str, password: &str) -> Result<Verified, UpstreamError> {
        let Some(user) = self.find(email).await? else {
            self.workers.matches(NOBODY.to_owned(), password).await?;
            return Ok(Verified::Unknown);
        };
        let hash = user.hash.checked().map_err(|error| UpstreamError::Misconfigured(error.to_string()))?.to_owned();
        let matches = self.workers.matches(hash, password).await?;
        Ok(if matches { Verified::Right(Box::new(user)) } else { Verified::Wrong })
    }

    async fn find(&self, email: &str) -> Result<Option<Password>, UpstreamError> {
        self.store.get::<Password>(email).await.map_err(unreachable)
    }
}

fn unreachable(error: StorageError) -> UpstreamError {
    UpstreamError::Unreachable(Box::new(error))
}

fn identity(user: Password) -> Identity {
    Identity {
        user_id: user.user_id,
        username: if user.name.is_empty() { user.username } else { user.name },
        preferred_username: user.preferred_username,
        email: user.email,
        email_verified: user.email_verified.unwrap_or(true),
        groups: user.groups,
        connector_data: Vec::new(),
    }
}

impl Connector for LocalPasswords {
    fn login(&self) -> LoginMethod<'_> {
        LoginMethod::Password(self)
    }

    fn refresh(&self) -> Option<&dyn Refresh> {
        Some(self)
    }
}

#[async_trait]
impl PasswordLogin for LocalPasswords {
    fn prompt(&self) -> &str {
        "Email Address"
    }

    async fn log_in(&self, _: Wanted, email: &str, password: &str) -> Result<PasswordAnswer, UpstreamError> {
        Ok(match self.verify(email, password).await? {
            Verified::Right(user) => PasswordAnswer::Identity(identity(*user)),
            Verified::Wrong | Verified::Unknown => PasswordAnswer::Wrong,
        })
    }
}

#[async_trait]
impl Refresh for LocalPasswords {
    async fn refresh(&self, _: Wanted, known: Identity) -> Result<Identity, UpstreamError> {
        let user = self.find(&known.email).await?;
        let user = user.filter(|user| user.user_id == known.user_id);
        let user = user.ok_or_else(|| UpstreamError::Gone("no such local user".into()))?;
        // The e-mail stays as it was: it is what the user is found by.
        Ok(Identity { email: known.email, ..identity(user) })
    }

    fn needs_data(&self) -> bool {
        false
    }
}
