//! The page that asks for a security key (WebAuthn Level 2).

use std::borrow::Cow;

use super::{Fields, HOSTILE, Page, Sample};

/// Registers a security key, or asks for one. The work is done by `static/webauthn.js`, which
/// takes `req`, `hmac` and `authenticator` from the page's query.
#[derive(Clone, Debug)]
pub struct WebauthnVerify {
    /// Which of the two.
    pub mode: WebauthnMode,
    /// The authenticator's configured id.
    pub authenticator_id: String,
}

/// What is to be done with the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebauthnMode {
    /// The user has no key yet: `navigator.credentials.create`, after a click.
    Register,
    /// The user proves to hold it: `navigator.credentials.get`, at once.
    Login,
}

impl WebauthnMode {
    /// The word templates and script know it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
        }
    }
}

impl Page for WebauthnVerify {
    fn template(&self) -> &'static str {
        "webauthn_verify.html"
    }

    fn title(&self) -> Cow<'static, str> {
        match self.mode {
            WebauthnMode::Register => "Register security key".into(),
            WebauthnMode::Login => "Two-factor authentication".into(),
        }
    }

    fn fields(&self) -> Fields {
        Fields::new().set("Mode", self.mode.as_str()).set("AuthenticatorID", &self.authenticator_id)
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let page = |mode, id: &str| WebauthnVerify { mode, authenticator_id: id.into() };
    vec![
        Sample::new("register", page(WebauthnMode::Register, "security-key")),
        Sample::new("login", page(WebauthnMode::Login, "security-key")),
        Sample::new("hostile", page(WebauthnMode::Login, HOSTILE)),
    ]
}
