//! Logging out at the upstream as well, and being asked by the upstream to log somebody out.

use async_trait::async_trait;
use dex_model::Timestamp;
use url::Url;

use crate::{Departure, Once, UpstreamError};

/// Logging out at the upstream as well (connectors-protocol spec, 7.11).
#[async_trait]
pub trait UpstreamLogout: Send + Sync {
    /// Where to send the browser to log out there. `None` if the upstream offers no such place.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`]; the user is logged out here only, and told so.
    async fn start(&self, logout: &LogoutStart<'_>) -> Result<Option<Departure>, UpstreamError>;

    /// What has come to our logout callback, wherever it comes from.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] if it is neither the upstream's answer to what `start` asked nor a request of the upstream's own;
    /// nobody is logged out by it.
    async fn arrive(&self, arrival: &LogoutArrival<'_>) -> Result<LogoutArrived, UpstreamError>;
}

/// A logout that begins here.
pub struct LogoutStart<'a> {
    /// Who is logging out, by the upstream's id.
    pub user_id: &'a str,
    /// What the login handed over as [`Arrival::logout`](crate::Arrival::logout); empty if the browser does not have it.
    pub data: &'a [u8],
    /// Where the browser is to come back: the callback that all connectors share. One that publishes
    /// [metadata](crate::Connector::metadata) has named the other, its own, there.
    pub callback: &'a Url,
    /// What names this logout; fit for an XML `ID` and for `RelayState`.
    pub state: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// A request to our logout callback.
pub struct LogoutArrival<'a> {
    /// The parameters of the query, or of the form if one was posted.
    pub parameters: &'a dex_oidc::Form,
    /// The query as it was received; the signatures of SAML's redirect binding are over its bytes.
    pub raw_query: &'a str,
    /// Whether the parameters are those of a form.
    pub posted: bool,
    /// The callback it has come to.
    pub callback: &'a Url,
    /// What names the logout that is in progress in this browser, if one is: [`LogoutStart::state`].
    pub state: Option<&'a str>,
    /// What the login of this browser's session handed over as [`Arrival::logout`](crate::Arrival::logout); empty if the
    /// browser has no session through this connector or does not have it.
    pub data: &'a [u8],
    /// The time.
    pub now: Timestamp,
}

/// What has come to our logout callback.
pub enum LogoutArrived {
    /// The upstream's answer to what `start` asked.
    Answered {
        /// Why the upstream has not logged the user out, for the log. Here the logout goes on.
        refused: Option<String>,
    },
    /// The upstream asks us to log its user out; that it is the upstream has been verified.
    Asked(LogoutAsked),
}

/// What an upstream asks that logs its user out everywhere (SAML 2.0 Profiles §4.4).
pub struct LogoutAsked {
    /// Whom, by the upstream's id: the user id of the identity.
    pub user_id: String,
    /// Whether one session of the user is meant and it may be that of this browser: the upstream names sessions, and
    /// [`LogoutArrival::data`] is of one of them or empty. Otherwise all sessions of the user end.
    pub only_here: bool,
    /// What lets the request be used once only.
    pub once: Option<Once>,
    /// The answer to the upstream, told whether the user is logged out.
    pub answer: LogoutAnswer,
}

/// Makes the answer to a [`LogoutAsked`]: how the browser goes back to the upstream.
pub type LogoutAnswer = Box<dyn FnOnce(bool) -> Result<Departure, UpstreamError> + Send>;
