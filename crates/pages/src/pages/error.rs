//! The page for everything that ends a login in the browser.

use std::borrow::Cow;

use super::{Fields, HOSTILE, Page, Sample};

/// Says what happened, what to do, and by which id the log tells more.
#[derive(Clone, Debug, Default)]
pub struct ErrorPage {
    /// The status' standard phrase: `Bad Request`.
    pub err_type: String,
    /// What happened, for the person who sees it.
    pub err_msg: String,
    /// What that person can do; empty for the template's own advice.
    pub hint: String,
    /// The id that the log line carries; empty for none.
    pub request_id: String,
}

impl Page for ErrorPage {
    fn template(&self) -> &'static str {
        "error.html"
    }

    fn title(&self) -> Cow<'static, str> {
        "Error".into()
    }

    fn fields(&self) -> Fields {
        Fields::new()
            .set_shown("ErrType", &self.err_type)
            .set_shown("ErrMsg", &self.err_msg)
            .set_shown("Hint", &self.hint)
            .set("RequestID", &self.request_id)
    }
}

pub(super) fn samples() -> Vec<Sample> {
    vec![
        Sample::new(
            "minimal",
            ErrorPage { err_type: "Bad Request".into(), err_msg: "User session error.".into(), ..Default::default() },
        ),
        Sample::new("empty", ErrorPage { err_type: "Bad Request".into(), ..Default::default() }),
        Sample::new(
            "full",
            ErrorPage {
                err_type: "Forbidden".into(),
                err_msg: "You are not a member of any of the required groups to authenticate.".into(),
                hint: "Ask whoever runs the application to add you to one of its groups.".into(),
                request_id: "0197a4c2-7d0e-7c11-9f3a-5f2f6f0e1b2c".into(),
            },
        ),
        Sample::new(
            "hostile",
            ErrorPage {
                err_type: HOSTILE.into(),
                err_msg: HOSTILE.into(),
                hint: HOSTILE.into(),
                request_id: HOSTILE.into(),
            },
        ),
    ]
}
