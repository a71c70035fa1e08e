//! How a session ends.

use dex_model::{AuthSession, Client, Key, Timestamp};
use dex_storage::{StorageError, Write};
use dex_token::session::revoke_bound;
use dex_web::{App, LogoutNotice};

/// How many sessions are read at a time when many are to end.
const PAGE: u32 = 200;

/// Whose sessions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which<'a> {
    /// Those of a user who came through a connector.
    User {
        /// The connector's id of the user.
        user_id: &'a str,
        /// The connector.
        connector_id: &'a str,
    },
    /// Those of everybody who came through a connector.
    Connector(&'a str),
}

/// Why a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Somebody ended it: its user, an operator, or the next user of the browser.
    Logout,
    /// Its time is over.
    Time,
}

impl Cause {
    /// For the log.
    fn word(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Time => "time",
        }
    }
}

impl Which<'_> {
    fn holds(self, session: &AuthSession) -> bool {
        match self {
            Self::User { user_id, connector_id } => session.is_of(user_id, connector_id),
            Self::Connector(id) => session.connector_id == id,
        }
    }
}

/// Ends a session: removes it, and with it the refresh tokens that end with it, and tells its clients. `false` if somebody else has ended it.
///
/// # Errors
///
/// [`StorageError`] before anything has happened; the caller may come again.
pub async fn end(app: &App, session: &AuthSession, now: Timestamp) -> Result<bool, StorageError> {
    end_by(app, &session.id, Cause::Logout, now).await
}

/// Ends several sessions; answers how many this call ended. Read page by page; one that cannot be ended keeps none of the
/// others alive.
///
/// # Errors
///
/// The last [`StorageError`], after all that could be ended were.
pub async fn end_all(app: &App, which: Which<'_>, now: Timestamp) -> Result<u64, StorageError> {
    end_those(app, |session| which.holds(session), Cause::Logout, now).await
}

/// Ends the sessions whose time was over at `then`, if there is a client that is to hear of it or whose tokens end with
/// them; otherwise the store forgets them faster. Answers how many.
///
/// # Errors
///
/// As [`end_all`].
pub async fn end_expired(app: &App, then: Timestamp) -> Result<u64, StorageError> {
    let clients = app.store.list::<Client>().await?;
    if !clients.iter().any(Client::refresh_ends_with_session) {
        return Ok(0);
    }
    end_those(app, |session| session.expired(then), Cause::Time, then).await
}

async fn end_those(
    app: &App,
    which: impl Fn(&AuthSession) -> bool + Send,
    cause: Cause,
    now: Timestamp,
) -> Result<u64, StorageError> {
    let (mut ended, mut failed) = (0, None);
    let mut after: Option<Key> = None;
    loop {
        let page = app.store.page::<AuthSession>(after.as_ref(), PAGE).await?;
        for session in page.records.iter().filter(|session| which(session)) {
            match end_by(app, &session.id, cause, now).await {
                Ok(ours) => ended += u64::from(ours),
                Err(error) => failed = Some(error),
            }
        }
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    failed.map_or(Ok(ended), Err)
}

pub(crate) async fn end_by(app: &App, id: &str, cause: Cause, now: Timestamp) -> Result<bool, StorageError> {
    // What the caller has may be older than what other tabs have made of it.
    let Some(session) = app.store.get::<AuthSession>(id).await? else {
        return Ok(false);
    };
    if cause == Cause::Time && !session.expired(now) {
        return Ok(false);
    }
    let clients = clients_of(app, &session).await?;
    if app.store.remove::<AuthSession>(id).await? == Write::Lost {
        return Ok(false);
    }
    // Without its session no such token can be refreshed: this only tidies up.
    if let Err(error) = revoke_bound(&app.store, &session, &clients).await {
        tracing::warn!(session_id = id, err = %error, "refresh tokens of an ended session are left in the store");
    }
    tell(app, &session, &clients, cause);
    let lasted = now.as_second() - session.created_at.as_second();
    let AuthSession { user_id, connector_id, .. } = &session;
    tracing::info!(session_id = id, user_id, connector_id, cause = cause.word(), seconds = lasted, "session ended");
    Ok(true)
}

/// Tells the clients of a session that it has ended. One whose time was over is told to those alone whose tokens end with
/// it: the others go on as they would without browser sessions, for nobody has logged out.
fn tell(app: &App, session: &AuthSession, clients: &[Client], cause: Cause) {
    let concerned = |client: &&Client| cause == Cause::Logout || client.refresh_ends_with_session();
    for client in clients.iter().filter(concerned).filter(|client| !client.backchannel_logout_uri.is_empty()) {
        app.logouts.post(LogoutNotice {
            issuer: app.issuer.as_str().to_owned(),
            client_id: client.id.clone(),
            uri: client.backchannel_logout_uri.clone(),
            user_id: session.user_id.clone(),
            connector_id: session.connector_id.clone(),
            session_id: session.id.clone(),
        });
    }
}

/// The clients reached from a session that still exist. One that cannot be read keeps no session alive.
async fn clients_of(app: &App, session: &AuthSession) -> Result<Vec<Client>, StorageError> {
    let mut clients = Vec::new();
    for id in session.client_states.keys() {
        match app.store.get::<Client>(id).await {
            Ok(client) => clients.extend(client),
            Err(error @ StorageError::Undecodable { .. }) => {
                tracing::error!(client_id = id, err = %error, "the client is not told of a logout");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(clients)
}
