//! The page for clients without a redirect URI (`urn:ietf:wg:oauth:2.0:oob`).

use std::borrow::Cow;

use super::{Fields, HOSTILE, Page, Sample};

/// Shows the authorization code to be copied by hand. Has no `Debug`: the code is a secret.
#[derive(Clone, Default)]
pub struct Oob {
    /// The authorization code.
    pub code: String,
}

impl Page for Oob {
    fn template(&self) -> &'static str {
        "oob.html"
    }

    fn title(&self) -> Cow<'static, str> {
        "Login successful".into()
    }

    fn fields(&self) -> Fields {
        Fields::new().set("Code", &self.code)
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let page = |code: &str| Oob { code: code.into() };
    vec![Sample::new("full", page("qf6ag5ptjkbnoxygxwgrcejto")), Sample::new("hostile", page(HOSTILE))]
}
