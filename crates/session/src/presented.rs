//! What the browser's cookie proves (sessions spec, 2.7).

use dex_model::{AuthSession, Timestamp};
use dex_storage::{Read, StorageError};
use dex_web::{App, SessionSettings, cookies};
use http::{HeaderMap, HeaderValue};

use crate::cookie;
use crate::end::{Cause, end_by};

/// The session of a browser.
#[derive(Debug, Default)]
pub struct Found {
    /// The session, if the cookie proves a valid one.
    pub session: Option<AuthSession>,
    /// Takes a worthless cookie back.
    pub set_cookie: Option<HeaderValue>,
}

/// What a cookie is worth.
pub(crate) enum Presented {
    /// There is none.
    Nothing,
    /// It proves nothing: foreign, broken, or of a session that is gone.
    Worthless,
    /// It proves a session that is over, of this id.
    Over(String),
    /// It proves a session.
    Valid(Box<Read<AuthSession>>),
}

/// The session of the browser that sent these headers. Viewing it is no use of it. One that is over is ended here.
///
/// # Errors
///
/// [`StorageError`]; whether there is a session cannot be told, and the cookie stays.
pub async fn current(app: &App, headers: &HeaderMap, now: Timestamp) -> Result<Found, StorageError> {
    let Some(settings) = &app.settings.sessions else { return Ok(Found::default()) };
    let taken_back = || Some(cookies::end_session(&app.issuer, &settings.cookie_name));
    Ok(match presented(app, settings, headers, now).await? {
        Presented::Nothing => Found::default(),
        Presented::Worthless => Found { session: None, set_cookie: taken_back() },
        Presented::Over(id) => {
            end_by(app, &id, Cause::Time, now).await?;
            Found { session: None, set_cookie: taken_back() }
        }
        Presented::Valid(read) => Found { session: Some(read.record), set_cookie: None },
    })
}

pub(crate) async fn presented(
    app: &App,
    settings: &SessionSettings,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Presented, StorageError> {
    let Some(value) = cookies::session(headers, &settings.cookie_name) else {
        return Ok(Presented::Nothing);
    };
    let Some(carried) = cookie::decode(value, settings.cookie_key.as_ref()) else {
        return Ok(Presented::Worthless);
    };
    let read = app.store.read::<AuthSession>(&carried.id).await?;
    // A row without a secret could be claimed by anybody.
    let proved = |session: &AuthSession| !session.secret.is_empty() && session.secret.matches(carried.secret.expose());
    Ok(match read.filter(|read| proved(&read.record)) {
        None => Presented::Worthless,
        Some(read) if read.record.expired(now) => Presented::Over(read.record.id),
        Some(read) => Presented::Valid(Box::new(read)),
    })
}
