//! Writing a session that others write at the same time.

use dex_model::{AuthSession, SessionOver};
use dex_storage::{Change, Read, StorageError, Store};

/// How often an update that lost as often as the store tries is begun anew. A browser opens some hundred pages at once at
/// most, and each try that loses is one of theirs that won.
pub(crate) const ROUNDS_MAX: u32 = 8;

/// Why a session was not changed.
pub(crate) enum NotChanged {
    /// It is over.
    Over,
    /// The store failed.
    Storage(StorageError),
}

impl From<StorageError> for NotChanged {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<SessionOver> for NotChanged {
    fn from(_: SessionOver) -> Self {
        Self::Over
    }
}

/// Changes a session that was read before; `None` if it is over or gone meanwhile.
pub(crate) async fn change(
    store: &Store,
    read: Read<AuthSession>,
    mut change: impl FnMut(AuthSession) -> Result<AuthSession, SessionOver> + Send,
) -> Result<Option<AuthSession>, StorageError> {
    let id = read.record.id.clone();
    let mut step = |session: AuthSession| change(session).map_err(NotChanged::from);
    let mut changed = store.update_read(read, &mut step).await;
    for _ in 1..ROUNDS_MAX {
        if !matches!(changed, Err(NotChanged::Storage(StorageError::Contended { .. }))) {
            break;
        }
        changed = store.update(id.as_str(), &mut step).await;
    }
    match changed {
        Ok(Change::Made(session)) => Ok(Some(session)),
        Ok(Change::Missing) | Err(NotChanged::Over) => Ok(None),
        Err(NotChanged::Storage(error)) => Err(error),
    }
}
