//! Somebody has logged in: the browser's session begins, goes on, or gives way (sessions spec, 2.8).

use std::net::IpAddr;

use dex_model::{AuthSession, Claims, Record as _, SessionLogin, Timestamp, TokenSecret, UserIdentity, id};
use dex_storage::{StorageError, Write};
use dex_web::{App, SessionSettings, cookies};
use http::{HeaderMap, HeaderValue, header};

use crate::end::{Cause, end_by};
use crate::presented::{Presented, presented};
use crate::{cookie, write};

/// A login that is done.
#[derive(Debug, Clone, Copy)]
pub struct Entering<'a> {
    /// What the browser sent.
    pub headers: &'a HeaderMap,
    /// The client it is for.
    pub client_id: &'a str,
    /// The connector the user came through.
    pub connector_id: &'a str,
    /// The user.
    pub claims: &'a Claims,
    /// The browser's address, if it is known.
    pub address: Option<IpAddr>,
    /// Whether the browser keeps the session when it ends; `None` where nobody was asked, and the configuration decides.
    pub remember: Option<bool>,
    /// When.
    pub now: Timestamp,
}

/// What a login leaves. Without sessions, nothing.
#[derive(Debug, Default)]
pub struct Entered {
    /// The session.
    pub session: Option<AuthSession>,
    /// Gives the browser its session.
    pub set_cookie: Option<HeaderValue>,
    /// The user, with consents and second factors.
    pub identity: Option<UserIdentity>,
}

/// Why a login ends here.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// The account is locked; the user is told so.
    #[error("the account is locked until {until}")]
    Blocked {
        /// Until when.
        until: Timestamp,
    },
    /// The store failed; the user may try again.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Records who has logged in, and gives the browser a session: the one it has, if that is of the same user and connector,
/// else a new one. The session of somebody else in this browser is ended as by a logout.
///
/// # Errors
///
/// [`EnterError`]; the login fails, and nobody is logged in.
pub async fn enter(app: &App, entering: Entering<'_>) -> Result<Entered, EnterError> {
    let Some(settings) = &app.settings.sessions else { return Ok(Entered::default()) };
    let identity = record(app, &entering).await?;
    if identity.blocked(entering.now) {
        return Err(EnterError::Blocked { until: identity.blocked_until });
    }
    let ip_address = entering.address.map(|address| address.to_string()).unwrap_or_default();
    let login = entering.login(&ip_address);
    let session = match presented(app, settings, entering.headers, entering.now).await? {
        Presented::Valid(read) if read.record.is_of(&entering.claims.user_id, entering.connector_id) => {
            let policy = settings.policy();
            let log_in = |session: AuthSession| session.log_in(&login, &policy);
            write::change(&app.store, *read, log_in).await?
        }
        Presented::Valid(read) => {
            end_by(app, &read.record.id, Cause::Logout, entering.now).await?;
            None
        }
        Presented::Over(id) => {
            end_by(app, &id, Cause::Time, entering.now).await?;
            None
        }
        Presented::Nothing | Presented::Worthless => None,
    };
    let session = match session {
        Some(session) => session,
        None => begin(app, settings, &entering, &login).await?,
    };
    let set_cookie = Some(give(app, settings, &session, &entering));
    Ok(Entered { session: Some(session), set_cookie, identity: Some(identity) })
}

impl<'a> Entering<'a> {
    fn login(&self, ip_address: &'a str) -> SessionLogin<'a> {
        let name = self.headers.get(header::USER_AGENT).and_then(|name| name.to_str().ok());
        SessionLogin { client_id: self.client_id, ip_address, user_agent: name.unwrap_or_default(), now: self.now }
    }
}

/// Notes what the upstream says of the user. A locked account stays as it is.
async fn record(app: &App, entering: &Entering<'_>) -> Result<UserIdentity, StorageError> {
    let Entering { claims, connector_id, now, .. } = *entering;
    let fresh = UserIdentity::begin(&claims.user_id, connector_id, claims.clone(), now);
    let seen = |identity: UserIdentity| {
        if identity.blocked(now) { identity } else { identity.log_in(claims.clone(), now) }
    };
    let whose = (claims.user_id.as_str(), connector_id);
    let mut recorded = app.store.upsert(whose, fresh.clone(), seen).await;
    for _ in 1..write::ROUNDS_MAX {
        if !matches!(recorded, Err(StorageError::Contended { .. })) {
            break;
        }
        recorded = app.store.upsert(whose, fresh.clone(), seen).await;
    }
    recorded
}

async fn begin(
    app: &App,
    settings: &SessionSettings,
    entering: &Entering<'_>,
    login: &SessionLogin<'_>,
) -> Result<AuthSession, StorageError> {
    let whose = (entering.claims.user_id.as_str(), entering.connector_id);
    let named = (id::new_id(), TokenSecret::new(id::new_id()));
    let session = AuthSession::begin(named, whose, login, &settings.policy());
    match app.store.insert(session.clone()).await? {
        Write::Done => Ok(session),
        // 128 random bits were taken, so the store is not to be trusted with another.
        Write::Lost => Err(StorageError::Contended { key: Box::new(session.key()) }),
    }
}

/// The cookie lives no longer than the session can.
fn give(app: &App, settings: &SessionSettings, session: &AuthSession, entering: &Entering<'_>) -> HeaderValue {
    let remember = entering.remember.unwrap_or(settings.remember_me_checked_by_default);
    let seconds = remember.then(|| session.seconds_left(entering.now));
    let value = cookie::encode(&session.id, &session.secret, settings.cookie_key.as_ref());
    cookies::begin_session(&app.issuer, &settings.cookie_name, &value, seconds)
}
