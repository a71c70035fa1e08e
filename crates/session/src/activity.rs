//! What a response leaves in its session (sessions spec, 2.6).

use dex_model::{AuthSession, Timestamp};
use dex_storage::StorageError;
use dex_web::App;
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
    let policy = settings.policy();
    let noted =
        write::change(&app.store, *read, |session: AuthSession| session.respond(client_id, &policy, now)).await?;
    Ok(noted.map(|session| session.id))
}
