//! What each page says: one typed struct a page, the names its template sees, and samples to try templates with.
//!
//! The names in [`Page::fields`] are a contract: users' own templates rely on them
//! (`docs/theming.md`). Nothing here knows HTML; values leave as [`Fields`] and are escaped where
//! the template puts them.

mod approval;
mod device;
mod error;
mod home;
mod login;
mod logout;
mod oob;
mod password;
mod posts;
mod totp;
mod webauthn;

use std::borrow::Cow;

use crate::fields::Fields;

pub use approval::Approval;
pub use device::{Device, DeviceSuccess};
pub use error::ErrorPage;
pub use home::{Home, HomeSession, Landing};
#[cfg(test)]
pub(crate) use login::KINDS_WITH_ICON;
pub use login::{ConnectorLink, EmailForm, Login};
pub use logout::{Logout, LogoutState};
pub use oob::Oob;
pub use password::Password;
pub use posts::{FormPost, HiddenField, Repost};
pub use totp::{TotpEnrolment, TotpVerify};
pub use webauthn::{WebauthnMode, WebauthnVerify};

/// A page, ready to be shown: which template, and what it is told.
pub trait Page {
    /// File name of the template, `login.html` for example.
    fn template(&self) -> &'static str;

    /// What the browser's tab says before the issuer's name; empty for the issuer's name alone.
    fn title(&self) -> Cow<'static, str>;

    /// Everything the template may read, except `ReqPath` and `PageTitle`, which each page gets.
    fn fields(&self) -> Fields;
}

/// A page with example values, for trying templates at start and in tests.
pub struct Sample {
    /// What is special about it: `minimal`, `full`, `hostile` and so on.
    pub name: &'static str,
    /// The page itself.
    pub page: Box<dyn Page + Send + Sync>,
}

impl Sample {
    fn new(name: &'static str, page: impl Page + Send + Sync + 'static) -> Self {
        Self { name, page: Box::new(page) }
    }
}

/// Who may replace a page's template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A file of this name in `frontend.dir` takes its place.
    Operator,
    /// Always ours: a page that only carries a form onward, unknown to directories made for Dex.
    Dex,
}

/// One line of [`PAGES`].
pub struct PageKind {
    /// File name of the template.
    pub template: &'static str,
    /// Our own template's text.
    pub source: &'static str,
    /// Whether `frontend.dir` may replace it.
    pub owner: Owner,
    /// Example values; never empty.
    pub samples: fn() -> Vec<Sample>,
}

macro_rules! page {
    ($owner:ident, $template:literal, $samples:path) => {
        PageKind {
            template: $template,
            source: include_str!(concat!("../../templates/", $template)),
            owner: Owner::$owner,
            samples: $samples,
        }
    };
}

/// Every page there is.
pub const PAGES: &[PageKind] = &[
    page!(Operator, "approval.html", approval::samples),
    page!(Operator, "device.html", device::samples),
    page!(Operator, "device_success.html", device::success_samples),
    page!(Operator, "error.html", error::samples),
    page!(Operator, "home.html", home::samples),
    page!(Operator, "login.html", login::samples),
    page!(Operator, "logout.html", logout::samples),
    page!(Operator, "oob.html", oob::samples),
    page!(Operator, "password.html", password::samples),
    page!(Operator, "totp_verify.html", totp::samples),
    page!(Operator, "webauthn_verify.html", webauthn::samples),
    page!(Dex, "form_post.html", posts::form_post_samples),
    page!(Dex, "landing.html", home::landing_samples),
    page!(Dex, "repost.html", posts::repost_samples),
];

/// Templates that pages include; `frontend.dir` may replace them.
pub(crate) const PARTIALS: &[(&str, &str)] = &[
    ("footer.html", include_str!("../../templates/footer.html")),
    ("header.html", include_str!("../../templates/header.html")),
];

/// Text that breaks out of any context which is not escaped.
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{.}}&amp;\u{202e}";
