//! The form of user name and password.

use std::borrow::Cow;

use super::{Fields, HOSTILE, Page, Sample};

/// Asks for a user name and a password.
#[derive(Clone, Debug, Default)]
pub struct Password {
    /// Where the form goes; the page's own URL with its query.
    pub post_url: String,
    /// Where "Select another login method." goes, already checked to be a local path; empty for no link.
    pub back_link: String,
    /// The user name as typed before.
    pub username: String,
    /// What the connector calls a user name: `Username`, `Email Address`.
    pub username_prompt: String,
    /// The last try was to no avail.
    pub invalid: bool,
    /// Why, in words.
    pub problem: String,
    /// Offer to stay logged in.
    pub show_remember_me: bool,
    /// The offer is taken unless the user says no.
    pub remember_me_checked: bool,
    /// Which account is asked for, by the connector's name; empty not to say.
    pub connector_name: String,
}

impl Page for Password {
    fn template(&self) -> &'static str {
        "password.html"
    }

    fn title(&self) -> Cow<'static, str> {
        if self.invalid { "Error: log in".into() } else { "Log in".into() }
    }

    fn fields(&self) -> Fields {
        Fields::new()
            .set("PostURL", &self.post_url)
            .set("BackLink", &self.back_link)
            .set("Username", &self.username)
            .set_shown("UsernamePrompt", &self.username_prompt)
            .set("Invalid", self.invalid)
            .set_shown("Problem", &self.problem)
            .set("ShowRememberMe", self.show_remember_me)
            .set("RememberMeChecked", self.remember_me_checked)
            .set_shown("ConnectorName", &self.connector_name)
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let minimal = || Password {
        post_url: "/dex/auth/local/login?back=&state=qf6ag5ptjkbnoxygxwgrcejto".into(),
        username_prompt: "Username".into(),
        ..Password::default()
    };
    let full = || Password {
        back_link: "/dex/auth?client_id=example-app&scope=openid".into(),
        username_prompt: "Email Address".into(),
        show_remember_me: true,
        remember_me_checked: true,
        connector_name: "Email".into(),
        ..minimal()
    };
    vec![
        Sample::new("minimal", minimal()),
        Sample::new("full", full()),
        Sample::new(
            "invalid",
            Password {
                username: "jane@example.com".into(),
                invalid: true,
                problem: "Invalid Email Address and password.".into(),
                ..full()
            },
        ),
        Sample::new(
            "hostile",
            Password {
                post_url: "javascript:alert(1)".into(),
                back_link: "javascript:alert(1)".into(),
                username: HOSTILE.into(),
                username_prompt: HOSTILE.into(),
                invalid: true,
                problem: HOSTILE.into(),
                connector_name: HOSTILE.into(),
                ..full()
            },
        ),
    ]
}
