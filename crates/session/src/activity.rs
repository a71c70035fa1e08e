//! What a response leaves in its session (sessions spec, 2.6).

use dex_model::{AuthSession, Timestamp};
use dex_storage::{Read, StorageError};
use dex_web::{App, SessionSettings};
use http::HeaderMap;

use crate::presented::{Presented, presented};
use crate::write;

/// Notes that a client gets its response, for a user who came through a connector (`whose`). Answers the session's id, for
/// `sid`: of the browser that gets the response, if its session goes on and is this user's.
///
/// # Errors
///
/// [`StorageError`]; the response is not written, since a logout could not reach it.
pub async fn note_response(
    app: &App,
    headers: &HeaderMap,
    client_id: &str,
    whose: (&str, &str),
    now: Timestamp,
) -> Result<Option<String>, StorageError> {
    let Some(settings) = &app.settings.sessions else { return Ok(None) };
    let Presented::Valid(read) = presented(app, settings, headers, now).await? else {
        return Ok(None);
    };
    if !read.record.is_of(whose.0, whose.1) {
        return Ok(None);
    }
    note(app, settings, *read, (client_id, now)).await
}

/// The same in a session that this very request has begun or gone on with, so that its browser could not yet prove it.
///
/// # Errors
///
/// As [`note_response`].
pub async fn note_response_in(
    app: &App,
    session: &AuthSession,
    client_id: &str,
    now: Timestamp,
) -> Result<Option<String>, StorageError> {
    let Some(settings) = &app.settings.sessions else { return Ok(None) };
    let Some(read) = app.store.read::<AuthSession>(&session.id).await? else { return Ok(None) };
    note(app, settings, read, (client_id, now)).await
}

async fn note(
    app: &App,
    settings: &SessionSettings,
    read: Read<AuthSession>,
    (client_id, now): (&str, Timestamp),
) -> Result<Option<String>, StorageError> {
    let policy = settings.policy();
    let noted =
        write::change(&app.store, read, |session: AuthSession| session.respond(client_id, &policy, now)).await?;
    Ok(noted.map(|session| session.id))
}
