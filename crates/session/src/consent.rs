//! What users have agreed to before (sessions spec, 2.15).

use dex_model::UserIdentity;
use dex_storage::{Change, StorageError};
use dex_web::App;

/// Whether the user, who came through a connector (`whose`), has agreed before that the client gets all of this.
///
/// # Errors
///
/// [`StorageError`]
pub async fn consented(
    app: &App,
    whose: (&str, &str),
    client_id: &str,
    scopes: &[String],
) -> Result<bool, StorageError> {
    if app.settings.sessions.is_none() {
        return Ok(false);
    }
    let identity = app.store.get::<UserIdentity>(whose).await?;
    Ok(identity.is_some_and(|identity| identity.has_consented(client_id, scopes)))
}

/// Remembers that the user agrees to this, besides what was agreed to before. A user who is not known is asked again.
///
/// # Errors
///
/// [`StorageError`]
pub async fn remember_consent(
    app: &App,
    whose: (&str, &str),
    client_id: &str,
    scopes: &[String],
) -> Result<(), StorageError> {
    if app.settings.sessions.is_none() {
        return Ok(());
    }
    let agree = |identity: UserIdentity| Ok(identity.consent(client_id, scopes));
    let _: Change<UserIdentity> = app.store.update::<UserIdentity, StorageError, _>(whose, agree).await?;
    Ok(())
}
