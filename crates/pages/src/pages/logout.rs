//! The question before a logout, and the word after it.

use std::borrow::Cow;

use super::posts::{HiddenField, hidden_fields};
use super::{Fields, HOSTILE, Page, Sample};

/// The logout page.
#[derive(Clone, Debug, Default)]
pub struct Logout {
    /// What has happened so far.
    pub state: LogoutState,
    /// Where the application wants its user back, already checked; empty for nowhere.
    pub back_url: String,
    /// Carried through the confirmation: `client_id`, `post_logout_redirect_uri`, `state`.
    pub fields: Vec<HiddenField>,
    /// The name of the login provider where the user may still be logged in, since it did not answer; empty for none.
    pub still_at: String,
}

/// What a logout has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogoutState {
    /// The user is asked; "yes" posts to this page's own path.
    Confirm,
    /// The session is gone.
    LoggedOut,
    /// There was none.
    #[default]
    NoSession,
}

impl Page for Logout {
    fn template(&self) -> &'static str {
        "logout.html"
    }

    fn title(&self) -> Cow<'static, str> {
        match self.state {
            LogoutState::Confirm => "Log out".into(),
            LogoutState::LoggedOut => "Logged out".into(),
            LogoutState::NoSession => "Session not found".into(),
        }
    }

    fn fields(&self) -> Fields {
        Fields::new()
            .set("BackURL", &self.back_url)
            .set("StillAt", &self.still_at)
            .set("LoggedOut", self.state == LogoutState::LoggedOut)
            .set("ShowConfirmation", self.state == LogoutState::Confirm)
            .set_list("Fields", hidden_fields(&self.fields))
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let page = |state| Logout { state, ..Logout::default() };
    let back = Logout { back_url: "https://app.example.com/".into(), ..page(LogoutState::LoggedOut) };
    let still = Logout { still_at: "Corporate login".into(), ..back.clone() };
    let carried = vec![HiddenField::new("state", "af0ifjsldkj")];
    vec![
        Sample::new("minimal", page(LogoutState::NoSession)),
        Sample::new("confirm", Logout { fields: carried, ..page(LogoutState::Confirm) }),
        Sample::new("full", back),
        Sample::new("still-at", still),
        Sample::new(
            "hostile",
            Logout {
                state: LogoutState::Confirm,
                back_url: "javascript:alert(1)".into(),
                fields: vec![HiddenField::new(HOSTILE, HOSTILE)],
                still_at: HOSTILE.into(),
            },
        ),
    ]
}
