//! How people log in through a connector.

use std::fmt;
use std::net::IpAddr;

use async_trait::async_trait;
use dex_model::Timestamp;
use url::Url;

use crate::{Identity, UpstreamError};

/// What the client asked for that a connector must know of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// `offline_access`: the login will be refreshed later.
    pub offline_access: bool,
    /// `groups`: the user's groups are to be fetched. A gate on groups is checked whether or not they are wanted.
    pub groups: bool,
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
    /// Where to send the browser.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`], shown as a page.
    async fn start(&self, login: &Start<'_>) -> Result<Redirection, UpstreamError>;

    /// Who came back.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`]; nobody is logged in.
    async fn finish(&self, login: &Finish<'_>) -> Result<Arrival, UpstreamError>;
}

/// A login that begins.
pub struct Start<'a> {
    /// What is wanted of it.
    pub wanted: Wanted,
    /// Where the browser is to come back, carrying `state`.
    pub callback: &'a Url,
    /// What names the login; also fit for an XML `ID`.
    pub state: &'a str,
    /// `login_hint`, or empty.
    pub login_hint: &'a str,
    /// The time.
    pub now: Timestamp,
}

/// Where to send the browser, and what to remember until it is back.
pub struct Redirection {
    /// The upstream's page.
    pub to: Departure,
    /// What `finish` wants back; it travels sealed with the browser, so it is kept small.
    pub data: Vec<u8>,
}

/// How a browser is sent to the upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Departure {
    /// By a redirect.
    Get(Url),
    /// By a form that submits itself (SAML 2.0 Bindings §3.5).
    Post {
        /// Where it is submitted to.
        action: Url,
        /// Its hidden fields.
        fields: Vec<(String, String)>,
    },
}

/// The request with which a browser came back.
pub struct Finish<'a> {
    /// What is wanted of the login.
    pub wanted: Wanted,
    /// What [`RedirectLogin::start`] handed over.
    pub data: &'a [u8],
    /// Our callback URL, as given to `start`.
    pub callback: &'a Url,
    /// What names the login.
    pub state: &'a str,
    /// The parameters of the query, or of the form if the browser was told to submit one.
    pub parameters: &'a dex_oidc::Form,
    /// Whether the parameters are those of a form.
    pub posted: bool,
    /// The headers of the request; for connectors behind a proxy that names the user there.
    pub headers: &'a http::HeaderMap,
    /// Who is at the other end of the connection, if it is one of the network's; never what a header claims.
    pub peer: Option<IpAddr>,
    /// The time.
    pub now: Timestamp,
}

/// Somebody who came back from the upstream, or showed what the upstream had given them.
pub struct Arrival {
    /// Who it is.
    pub identity: Identity,
    /// What the upstream's answer may be used for once only, wherever it is shown.
    pub once: Option<Once>,
    /// What the upstream will want when this session is to be logged out there. It travels sealed with the browser, and is
    /// left out if it is large; nothing of it is stored.
    pub logout: Vec<u8>,
}

impl From<Identity> for Arrival {
    fn from(identity: Identity) -> Self {
        Self { identity, once: None, logout: Vec::new() }
    }
}

/// Something that lets in one login and no more, among all replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// What it is known by: short, of printable ASCII, and of this connector alone.
    pub id: String,
    /// Until when it could be used, and so must be remembered.
    pub until: Timestamp,
}

/// Login by user name and password.
#[async_trait]
pub trait PasswordLogin: Send + Sync {
    /// What the name is called on the page; empty means `Username`.
    fn prompt(&self) -> &str {
        ""
    }

    /// Who it is.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] when it cannot be told.
    async fn log_in(&self, wanted: Wanted, username: &str, password: &str) -> Result<PasswordAnswer, UpstreamError>;

    /// Logging in by what the browser's machine already knows, before the form is shown.
    fn negotiate(&self) -> Option<&dyn Negotiate> {
        None
    }
}

/// What came of a user name and a password.
#[derive(Debug)]
pub enum PasswordAnswer {
    /// They are right.
    Identity(Identity),
    /// The name or the password is wrong.
    Wrong,
    /// The password is right, yet the account may not be used; it is told to the user in words.
    Refused(AccountState),
}

/// Why an account may not be used though its password is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// The password has expired.
    PasswordExpired,
    /// The password must be changed first.
    MustChangePassword,
    /// The account is locked, for a while perhaps.
    Locked,
    /// The account was disabled.
    Disabled,
    /// The account has expired.
    Expired,
    /// The account may not log in at this time or from here.
    NotNow,
}

impl fmt::Display for AccountState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PasswordExpired => "The password has expired. Change it, then log in with the new one.",
            Self::MustChangePassword => "The password must be changed before the first login.",
            Self::Locked => "The account is locked. Wait a while, or ask the administrator to unlock it.",
            Self::Disabled => "The account is disabled.",
            Self::Expired => "The account has expired.",
            Self::NotNow => "The account may not be used at this time or from this place.",
        })
    }
}

/// Logging in by SPNEGO (RFC 4559; connectors-protocol spec, 5).
#[async_trait]
pub trait Negotiate: Send + Sync {
    /// Whether the form of user name and password is shown to those who cannot.
    fn falls_back_to_password(&self) -> bool;

    /// Who shows this token: the decoded bytes after `Negotiate `. `peer` is who is at the other end of the connection.
    ///
    /// # Errors
    ///
    /// [`UpstreamError`] when a believed token leads to nobody, or it cannot be told.
    async fn accept(&self, wanted: Wanted, token: &[u8], peer: Option<IpAddr>) -> Result<Negotiated, UpstreamError>;
}

/// What came of a SPNEGO token.
pub enum Negotiated {
    /// It is believed, wherever else it has not been shown before.
    Arrival(Arrival),
    /// It is not believed; the bytes, if any, are sent with the next challenge.
    Rejected(Vec<u8>),
    /// It is believed, but of a realm that may not log in here.
    WrongRealm,
}
