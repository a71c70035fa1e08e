//! A browser's session.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Timestamp, TokenSecret, ZERO_TIME, later};

/// How much of a browser's name for itself is kept, in bytes: what every table of Dex takes.
pub const USER_AGENT_BYTES_MAX: usize = 255;

/// A browser's session with one user (storage spec, 2.11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthSession {
    /// The id, public as the `sid` claim.
    pub id: String,
    /// What the cookie proves.
    pub secret: TokenSecret,
    /// The user.
    pub user_id: String,
    /// The connector the user came through.
    pub connector_id: String,
    /// What each client did with it, by client id.
    pub client_states: BTreeMap<String, ClientState>,
    /// The first login.
    pub created_at: Timestamp,
    /// The last use.
    pub last_activity: Timestamp,
    /// The browser's address at the last login.
    pub ip_address: String,
    /// The browser's name for itself.
    pub user_agent: String,
    /// When it ends whatever happens.
    pub absolute_expiry: Timestamp,
    /// When it ends unless it is used.
    pub idle_expiry: Timestamp,
    /// A logout on its way through the upstream.
    pub logout_state: Option<LogoutState>,
}

/// What one client did with a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ClientState {
    /// When its user logged in.
    pub authenticated_at: Timestamp,
    /// When it last used the session.
    pub last_activity: Timestamp,
    /// When it last got a token.
    pub last_token_issued_at: Timestamp,
    /// Whether it came in by another client's login.
    #[serde(rename = "ViaSSO")]
    pub via_sso: bool,
}

impl Default for ClientState {
    fn default() -> Self {
        Self { authenticated_at: ZERO_TIME, last_activity: ZERO_TIME, last_token_issued_at: ZERO_TIME, via_sso: false }
    }
}

/// Where to go after the upstream has logged its user out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct LogoutState {
    /// The client's page.
    #[serde(rename = "PostLogoutRedirectURI")]
    pub post_logout_redirect_uri: String,
    /// The client's `state`.
    pub state: String,
    /// The client.
    #[serde(rename = "ClientID")]
    pub client_id: String,
    /// The connector.
    #[serde(rename = "ConnectorID")]
    pub connector_id: String,
}

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPolicy {
    /// From the first login to the end, whatever happens.
    pub absolute_lifetime: Duration,
    /// From the last use to the end.
    pub idle_lifetime: Duration,
}

/// A login that lands on a session.
#[derive(Debug, Clone, Copy)]
pub struct SessionLogin<'a> {
    /// The client it is for.
    pub client_id: &'a str,
    /// The browser's address, or empty.
    pub ip_address: &'a str,
    /// The browser's name for itself; what exceeds [`USER_AGENT_BYTES_MAX`] is cut off.
    pub user_agent: &'a str,
    /// When.
    pub now: Timestamp,
}

/// The session ended by one of its deadlines; nothing brings it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session is over")]
pub struct SessionOver;

impl AuthSession {
    /// A new session (sessions spec, 2.8). `secret` goes into the browser's cookie and nowhere else.
    pub fn begin(
        (id, secret): (String, TokenSecret),
        (user_id, connector_id): (&str, &str),
        login: &SessionLogin<'_>,
        policy: &SessionPolicy,
    ) -> Self {
        Self {
            id,
            secret,
            user_id: user_id.to_owned(),
            connector_id: connector_id.to_owned(),
            client_states: BTreeMap::from([(login.client_id.to_owned(), ClientState::logged_in(login.now))]),
            created_at: login.now,
            last_activity: login.now,
            ip_address: login.ip_address.to_owned(),
            user_agent: shortened(login.user_agent).to_owned(),
            absolute_expiry: later(login.now, policy.absolute_lifetime),
            idle_expiry: later(login.now, policy.idle_lifetime),
            logout_state: None,
        }
    }

    /// Another login of the same user in the same browser. What the client was before is forgotten, the absolute deadline
    /// stays, and so do id and secret: clients know the id, and other tabs carry the secret at this moment.
    ///
    /// # Errors
    ///
    /// [`SessionOver`]; a new one begins.
    pub fn log_in(self, login: &SessionLogin<'_>, policy: &SessionPolicy) -> Result<Self, SessionOver> {
        let mut session = self.used(policy, login.now)?;
        session.client_states.insert(login.client_id.to_owned(), ClientState::logged_in(login.now));
        login.ip_address.clone_into(&mut session.ip_address);
        shortened(login.user_agent).clone_into(&mut session.user_agent);
        // Who logs in has given up logging out.
        session.logout_state = None;
        Ok(session)
    }

    /// Lets a client in by the login of another one, made at `authenticated_at` (sessions spec, 2.10).
    ///
    /// # Errors
    ///
    /// [`SessionOver`]; the user logs in.
    pub fn share(
        self,
        client_id: &str,
        authenticated_at: Timestamp,
        policy: &SessionPolicy,
        now: Timestamp,
    ) -> Result<Self, SessionOver> {
        let mut session = self.used(policy, now)?;
        let state = session.client_states.entry(client_id.to_owned()).or_default();
        *state = ClientState { authenticated_at, last_activity: now, via_sso: true, ..state.clone() };
        Ok(session)
    }

    /// A login that the session completes.
    ///
    /// # Errors
    ///
    /// [`SessionOver`]; the user logs in.
    pub fn used(self, policy: &SessionPolicy, now: Timestamp) -> Result<Self, SessionOver> {
        if self.expired(now) {
            return Err(SessionOver);
        }
        Ok(Self { last_activity: now, idle_expiry: later(now, policy.idle_lifetime), ..self })
    }

    /// The client gets its response (sessions spec, 2.6). Unlike Dex's, a session that ended while its user was asked
    /// something stays ended.
    ///
    /// A client that is not among the session's is noted as one that came by another's login, so that it hears of the
    /// logout and nothing more follows from it.
    ///
    /// # Errors
    ///
    /// [`SessionOver`]; the response is of no session.
    pub fn respond(self, client_id: &str, policy: &SessionPolicy, now: Timestamp) -> Result<Self, SessionOver> {
        let mut session = self.used(policy, now)?;
        let unknown = ClientState { authenticated_at: session.created_at, via_sso: true, ..ClientState::default() };
        let state = session.client_states.entry(client_id.to_owned()).or_insert(unknown);
        (state.last_activity, state.last_token_issued_at) = (now, now);
        Ok(session)
    }

    /// Whether half of the time without use is over: noting each use is a write, and between two of them little changes.
    pub fn wears_out(&self, policy: &SessionPolicy, now: Timestamp) -> bool {
        later(now, policy.idle_lifetime / 2) > self.idle_expiry
    }

    /// Whether it belongs to this user, who came through this connector.
    pub fn is_of(&self, user_id: &str, connector_id: &str) -> bool {
        self.user_id == user_id && self.connector_id == connector_id
    }

    /// Whether it has ended by either deadline. One that was never set has passed.
    pub fn expired(&self, now: Timestamp) -> bool {
        now > self.absolute_expiry || now > self.idle_expiry
    }

    /// How long it can last at most, in whole seconds.
    pub fn seconds_left(&self, now: Timestamp) -> u64 {
        u64::try_from(self.absolute_expiry.as_second().saturating_sub(now.as_second())).unwrap_or_default()
    }
}

impl ClientState {
    fn logged_in(now: Timestamp) -> Self {
        Self { authenticated_at: now, last_activity: now, ..Self::default() }
    }
}

fn shortened(name: &str) -> &str {
    &name[..name.floor_char_boundary(USER_AGENT_BYTES_MAX)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: SessionPolicy =
        SessionPolicy { absolute_lifetime: Duration::from_secs(1000), idle_lifetime: Duration::from_secs(100) };

    fn after(seconds: u64) -> Timestamp {
        later(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
    }

    fn login(client_id: &str, seconds: u64) -> SessionLogin<'_> {
        SessionLogin { client_id, ip_address: "192.0.2.1", user_agent: "Browser", now: after(seconds) }
    }

    fn session() -> AuthSession {
        let whose = ("jane", "ldap");
        AuthSession::begin(("s1".into(), TokenSecret::new("secret")), whose, &login("web", 0), &POLICY)
    }

    #[test]
    fn a_session_ends_after_its_last_use_and_at_its_last_deadline() {
        let late = (1..=9).fold(session(), |session, n| session.used(&POLICY, after(n * 100)).unwrap());
        let cases = [
            ("the last moment of idleness", session(), 100, false),
            ("a moment later", session(), 101, true),
            ("used to the last moment", late.clone(), 1000, false),
            ("over in spite of its use", late, 1001, true),
            ("a deadline that was never set", AuthSession { idle_expiry: ZERO_TIME, ..session() }, 0, true),
        ];
        for (told, session, at, expected) in cases {
            assert_eq!(session.expired(after(at)), expected, "{told}");
        }
    }

    #[test]
    fn nothing_brings_back_what_is_over() {
        let now = after(101);
        let other = SessionLogin { now, ..login("web", 0) };
        assert_eq!(session().log_in(&other, &POLICY), Err(SessionOver));
        assert_eq!(session().share("wiki", after(0), &POLICY, now), Err(SessionOver));
        assert_eq!(session().respond("web", &POLICY, now), Err(SessionOver));
        assert_eq!(session().used(&POLICY, now), Err(SessionOver));
    }

    #[test]
    fn another_login_begins_the_client_anew_and_moves_no_last_deadline() {
        let first = session().share("wiki", after(0), &POLICY, after(10)).unwrap();
        let first = AuthSession { logout_state: Some(LogoutState::default()), ..first };
        let second = SessionLogin { ip_address: "192.0.2.2", user_agent: "Other", ..login("wiki", 50) };
        let session = first.clone().log_in(&second, &POLICY).unwrap();
        let kept = (&session.id, &session.secret, session.created_at, session.absolute_expiry);
        assert_eq!(kept, (&first.id, &first.secret, after(0), after(1000)));
        assert_eq!((session.last_activity, session.idle_expiry), (after(50), after(150)));
        assert_eq!((session.ip_address.as_str(), session.user_agent.as_str()), ("192.0.2.2", "Other"));
        assert_eq!(session.client_states["wiki"], ClientState::logged_in(after(50)));
        assert_eq!(session.client_states["web"], ClientState::logged_in(after(0)));
        assert_eq!(session.logout_state, None);
    }

    #[test]
    fn what_is_shared_keeps_the_time_of_the_login_it_comes_from() {
        let session = session().share("wiki", after(0), &POLICY, after(10)).unwrap();
        let session = session.respond("wiki", &POLICY, after(20)).unwrap();
        let shared = ClientState {
            authenticated_at: after(0),
            last_activity: after(20),
            last_token_issued_at: after(20),
            via_sso: true,
        };
        assert_eq!(session.client_states["wiki"], shared);
        let again = session.share("wiki", after(15), &POLICY, after(30)).unwrap();
        assert_eq!(again.client_states["wiki"].authenticated_at, after(15));
        assert_eq!(again.client_states["wiki"].last_token_issued_at, after(20), "what was issued stays known");
    }

    #[test]
    fn a_response_is_noted_with_its_client_alone() {
        let answered = session().respond("web", &POLICY, after(60)).unwrap();
        assert_eq!(answered.client_states["web"].last_token_issued_at, after(60));
        assert_eq!(answered.client_states["web"].authenticated_at, after(0));
        assert!(!answered.client_states["web"].via_sso);
        assert_eq!(answered.idle_expiry, after(160));
        let stranger = session().respond("wiki", &POLICY, after(60)).unwrap();
        assert!(stranger.client_states["wiki"].via_sso, "nobody logged in for it that we know of");
        assert_eq!(stranger.client_states["web"], ClientState::logged_in(after(0)));
    }

    #[test]
    fn a_use_is_noted_once_half_of_the_time_is_over() {
        for (at, expected) in [(0, false), (50, false), (51, true), (100, true)] {
            assert_eq!(session().wears_out(&POLICY, after(at)), expected, "{at}");
        }
    }

    #[test]
    fn a_cookie_lives_no_longer_than_its_session() {
        for (at, expected) in [(0, 1000), (999, 1), (1000, 0), (2000, 0)] {
            assert_eq!(session().seconds_left(after(at)), expected, "{at}");
        }
    }

    #[test]
    fn a_long_name_of_a_browser_is_cut_between_two_letters() {
        let long = "ä".repeat(200);
        let login = SessionLogin { user_agent: &long, ..login("web", 0) };
        let session = AuthSession::begin((String::new(), TokenSecret::default()), ("", ""), &login, &POLICY);
        assert_eq!(session.user_agent, "ä".repeat(127));
    }
}
