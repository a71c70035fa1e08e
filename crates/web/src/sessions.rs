//! What the endpoints are told of browser sessions.

use std::time::Duration;

use dex_model::{SessionPolicy, TokenSecret};

/// The section `sessions` of the configuration (sessions spec, 2.1).
#[derive(Debug, Clone)]
pub struct SessionSettings {
    /// `cookieName`
    pub cookie_name: String,
    /// `absoluteLifetime`: from the first login to the end.
    pub absolute_lifetime: Duration,
    /// `validIfNotUsedFor`: from the last use to the end.
    pub valid_if_not_used_for: Duration,
    /// `rememberMeCheckedByDefault`
    pub remember_me_checked_by_default: bool,
    /// `cookieEncryptionKey`: 16, 24 or 32 bytes of an AES key, as the text itself. Without one the cookie is not encrypted.
    pub cookie_key: Option<TokenSecret>,
    /// `ssoSharedWithDefault` is `all`: a client that does not say shares its sign-in with every other.
    pub sso_shared_with_all: bool,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            cookie_name: "dex_session".into(),
            absolute_lifetime: Duration::from_secs(24 * 3600),
            valid_if_not_used_for: Duration::from_secs(3600),
            remember_me_checked_by_default: true,
            cookie_key: None,
            sso_shared_with_all: false,
        }
    }
}

impl SessionSettings {
    /// How long sessions last.
    pub fn policy(&self) -> SessionPolicy {
        SessionPolicy { absolute_lifetime: self.absolute_lifetime, idle_lifetime: self.valid_if_not_used_for }
    }
}

/// A client is to be told that a session has ended (OpenID Connect Back-Channel Logout 1.0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutNotice {
    /// Our issuer.
    pub issuer: String,
    /// The client.
    pub client_id: String,
    /// Where it hears of logouts, as it was registered.
    pub uri: String,
    /// The user.
    pub user_id: String,
    /// The connector the user came through.
    pub connector_id: String,
    /// The session: `sid`.
    pub session_id: String,
}

/// Who tells clients of sessions that have ended.
pub trait LogoutNotices: Send + Sync {
    /// Takes a notice, and waits for nobody: the logout goes on whether or not the client hears of it. What cannot be told is
    /// named in the log.
    fn post(&self, notice: LogoutNotice);
}
