//! What a connector is asked.

use async_trait::async_trait;
use url::Url;

use crate::login::{LoginMethod, Wanted};
use crate::{Clock, Identity, Renewed, UpstreamError, UpstreamLogout};

/// What a connector is opened from.
pub struct Opening<'a> {
    /// Its id, for the log, and for what must not be shared with another connector.
    pub id: &'a str,
    /// Its configuration, a JSON object, or `null`.
    pub config: &'a serde_json::Value,
    /// Our `/callback`, to which browsers come back.
    pub callback: &'a Url,
    /// The time.
    pub clock: Clock,
}

/// An opened upstream.
///
/// Opening one reads files and checks its configuration, and asks nobody. What must be fetched before a login is the work of
/// [`prepare`](Connector::prepare).
#[async_trait]
pub trait Connector: Send + Sync {
    /// How people log in through it.
    fn login(&self) -> LoginMethod<'_>;

    /// Fetches what every login needs, such as the upstream's discovery document. It is called in the background when the
    /// server starts, and again until it succeeds; meanwhile the login page says that this upstream is not available. A login
    /// may come before it has succeeded.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`], for the log.
    async fn prepare(&self) -> Result<(), UpstreamError> {
        Ok(())
    }

    /// Refreshing what is known of a user. Without it no refresh token is issued.
    fn refresh(&self) -> Option<&dyn Refresh> {
        None
    }

    /// Saying whose token of the upstream's it is (RFC 8693).
    fn token_identity(&self) -> Option<&dyn TokenIdentity> {
        None
    }

    /// Logging out at the upstream as well.
    fn logout(&self) -> Option<&dyn UpstreamLogout> {
        None
    }

    /// Where to send a browser that comes from the upstream though nobody sent it there: the application's own login page,
    /// which begins an ordinary login (OpenID Connect Core §4). `None` refuses it. What it brings is not looked at: an answer
    /// to no question can be anybody's.
    fn unsolicited(&self) -> Option<&Url> {
        None
    }

    /// What is published about us for the upstream's operator, such as SAML metadata: media type and text. `logout` is where
    /// this connector's upstream may send browsers to log out, if logging out is offered.
    fn metadata(&self, _logout: Option<&Url>) -> Option<(&'static str, String)> {
        None
    }
}

/// Refreshing what is known of a user.
#[async_trait]
pub trait Refresh: Send + Sync {
    /// The user as of now. `identity` is what was known, with the connector's data. The user id stays as it was: the
    /// answer for another one refuses the refresh.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Unreachable`] and [`UpstreamError::Misconfigured`] leave the refresh token valid; any other refuses the
    /// refresh.
    async fn refresh(&self, wanted: Wanted, identity: Identity) -> Result<Identity, UpstreamError>;

    /// Whether that takes connector's data of a login that asked for it. A browser's session, which has none, then stands for
    /// such a login only where the data lies from another one.
    fn needs_data(&self) -> bool {
        true
    }

    /// Whether a refresh with this data may use up something that works once, such as a refresh token that the upstream
    /// replaces. Such refreshes of one user run one after another, over all replicas, by [`refresh_once`](Self::refresh_once).
    fn single_use(&self, _data: &[u8]) -> bool {
        false
    }

    /// [`refresh`](Self::refresh) with data of single use. `renewed` is told what is to be stored instead as soon as the
    /// upstream has given it.
    ///
    /// # Errors
    ///
    /// As [`refresh`](Self::refresh).
    async fn refresh_once(
        &self,
        wanted: Wanted,
        identity: Identity,
        _renewed: &Renewed,
    ) -> Result<Identity, UpstreamError> {
        self.refresh(wanted, identity).await
    }
}

/// Saying whose token of the upstream's it is.
#[async_trait]
pub trait TokenIdentity: Send + Sync {
    /// The user the token speaks for.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`]; the exchange is refused.
    async fn identify(&self, token: SubjectToken<'_>) -> Result<Identity, UpstreamError>;
}

/// A token of the upstream's (RFC 8693 §2.1).
#[derive(Clone, Copy)]
pub enum SubjectToken<'a> {
    /// An access token.
    Access(&'a str),
    /// An ID token.
    Id(&'a str),
}
