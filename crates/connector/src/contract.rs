//! What a connector is asked.

use async_trait::async_trait;
use url::Url;

use crate::{Identity, UpstreamError, Wanted};

/// An opened upstream.
pub trait Connector: Send + Sync {
    /// How people log in through it.
    fn login(&self) -> LoginMethod<'_>;

    /// Refreshing what is known of a user. Without it no refresh token is issued.
    fn refresh(&self) -> Option<&dyn Refresh> {
        None
    }

    /// Saying whose token of the upstream's it is (RFC 8693).
    fn token_identity(&self) -> Option<&dyn TokenIdentity> {
        None
    }
}

/// How people log in through a connector.
pub enum LoginMethod<'a> {
    /// By going to the upstream and coming back.
    Redirect(&'a dyn RedirectLogin),
    /// By a user name and a password typed into our own page.
    Password(&'a dyn PasswordLogin),
}

/// Login by going to the upstream and coming back.
#[async_trait]
pub trait RedirectLogin: Send + Sync {
    /// Where to send the browser. `callback` is where it is to come back, carrying `state`.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`], shown as a page.
    async fn start(&self, wanted: Wanted, callback: &Url, state: &str) -> Result<Redirection, UpstreamError>;

    /// Who came back. `data` is what `start` handed over.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`]; nobody is logged in.
    async fn finish(&self, wanted: Wanted, data: &[u8], callback: &Callback<'_>) -> Result<Identity, UpstreamError>;
}

/// Where to send the browser, and what to remember until it is back.
pub struct Redirection {
    /// The upstream's page.
    pub to: Url,
    /// What `finish` wants back; it travels sealed with the browser, so it is kept small.
    pub data: Vec<u8>,
}

/// The request with which a browser came back.
pub struct Callback<'a> {
    /// Our callback URL, as given to `start`.
    pub url: &'a Url,
    /// The parameters of the query.
    pub parameters: &'a dex_oidc::Form,
    /// The headers of the request; for connectors behind a proxy that names the user there.
    pub headers: &'a http::HeaderMap,
}

/// Login by user name and password.
#[async_trait]
pub trait PasswordLogin: Send + Sync {
    /// What the name is called on the page; empty means `Username`.
    fn prompt(&self) -> &str {
        ""
    }

    /// Who it is; `None` if the name or the password is wrong.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] when it cannot be told.
    async fn log_in(&self, wanted: Wanted, username: &str, password: &str) -> Result<Option<Identity>, UpstreamError>;
}

/// Refreshing what is known of a user.
#[async_trait]
pub trait Refresh: Send + Sync {
    /// The user as of now. `identity` is what was known, with the connector's data. The user id stays as it was: the
    /// answer for another one refuses the refresh.
    ///
    /// # Errors
    ///
    /// [`UpstreamError::Unreachable`] leaves the refresh token valid; any other refuses the refresh.
    async fn refresh(&self, wanted: Wanted, identity: Identity) -> Result<Identity, UpstreamError>;
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
