//! When a session lets its user in without asking (sessions spec, 2.10 to 2.12).

use std::time::Duration;

use dex_model::{AuthSession, Claims, Client, ClientState, Timestamp, UserIdentity, later};
use dex_storage::StorageError;
use dex_web::{App, SessionSettings};

use crate::write;

/// A login that a session completes.
#[derive(Debug, Clone)]
pub struct Reuse {
    /// The session, as it is now.
    pub session: AuthSession,
    /// The user, as the upstream last described them.
    pub claims: Claims,
    /// When the user logged in, in this browser: for this client, or for the one that shares its sign-in.
    pub auth_time: Timestamp,
}

/// How a client may use a session.
enum Access {
    /// Its user logged in for it.
    Direct(Timestamp),
    /// By the sign-in of another client.
    Shared(Timestamp),
}

impl Access {
    fn auth_time(&self) -> Timestamp {
        match self {
            Self::Direct(at) | Self::Shared(at) => *at,
        }
    }
}

/// Whether a valid session lets its user into this client, logged in at most `max_age` seconds ago. `None`: the user logs in.
///
/// Nothing is written unless everything allows it. A sharing that was taken back lets nobody in any more. Whether the
/// user may use the client at all is for the caller to ask (`dex_token::policy`).
///
/// # Errors
///
/// [`StorageError`]
pub async fn reuse(
    app: &App,
    session: &AuthSession,
    client: &Client,
    max_age: Option<u32>,
    now: Timestamp,
) -> Result<Option<Reuse>, StorageError> {
    let Some(settings) = &app.settings.sessions else { return Ok(None) };
    let Some(read) = app.store.read::<AuthSession>(&session.id).await? else { return Ok(None) };
    let current = &read.record;
    if current.expired(now)
        || current.secret != session.secret
        || !current.is_of(&session.user_id, &session.connector_id)
    {
        return Ok(None);
    }
    let Some(access) = access(app, settings, current, client).await? else { return Ok(None) };
    let auth_time = access.auth_time();
    if too_old(auth_time, max_age, now) {
        return Ok(None);
    }
    let whose = (current.user_id.as_str(), current.connector_id.as_str());
    let identity = app.store.get::<UserIdentity>(whose).await?;
    let Some(identity) = identity.filter(|identity| !identity.blocked(now)) else { return Ok(None) };
    let policy = settings.policy();
    let session = match access {
        Access::Shared(at) if !noted(current, &client.id, at) || current.wears_out(&policy, now) => {
            let share = |session: AuthSession| session.share(&client.id, at, &policy, now);
            write::change(&app.store, read, share).await?
        }
        _ if current.wears_out(&policy, now) => {
            write::change(&app.store, read, |session: AuthSession| session.used(&policy, now)).await?
        }
        _ => Some(read.record),
    };
    Ok(session.map(|session| Reuse { session, claims: identity.claims, auth_time }))
}

/// Whether this sharing is stored already.
fn noted(session: &AuthSession, client_id: &str, at: Timestamp) -> bool {
    session.client_states.get(client_id).is_some_and(|state| state.authenticated_at == at)
}

/// `max_age=0` asks for a login whatever the clock says (OpenID Connect Core §3.1.2.1).
fn too_old(auth_time: Timestamp, max_age: Option<u32>, now: Timestamp) -> bool {
    let span = |seconds: u32| Duration::from_secs(seconds.into());
    max_age.is_some_and(|seconds| seconds == 0 || now > later(auth_time, span(seconds)))
}

/// How a client may use a session. Of several sign-ins that are shared with it the latest counts. What came by sharing is
/// shared with nobody, and is looked for anew each time.
async fn access(
    app: &App,
    settings: &SessionSettings,
    session: &AuthSession,
    client: &Client,
) -> Result<Option<Access>, StorageError> {
    if let Some(state) = session.client_states.get(&client.id).filter(|state| !state.via_sso) {
        return Ok(Some(Access::Direct(state.authenticated_at)));
    }
    let mut direct: Vec<(&String, &ClientState)> =
        session.client_states.iter().filter(|(_, state)| !state.via_sso).collect();
    direct.sort_by_key(|(_, state)| std::cmp::Reverse(state.authenticated_at));
    for (id, state) in direct {
        let source = app.store.get::<Client>(id).await?;
        if source.is_some_and(|source| source.shares_sign_in_with(&client.id, settings.sso_shared_with_all)) {
            return Ok(Some(Access::Shared(state.authenticated_at)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_as_old_as_it_may_be_for_a_moment() {
        let at = |seconds: u64| later(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds));
        let cases = [
            ("no limit", None, 1_000_000, false),
            ("a login is asked for, at the very moment too", Some(0), 0, true),
            ("the last second", Some(60), 60, false),
            ("a second later", Some(60), 61, true),
            ("the largest limit", Some(u32::MAX), 1_000_000, false),
        ];
        for (told, max_age, now, expected) in cases {
            assert_eq!(too_old(at(0), max_age, at(now)), expected, "{told}");
        }
    }
}
