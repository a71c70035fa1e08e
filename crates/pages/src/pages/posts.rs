//! Pages that only carry a form onward: to the client, to an upstream, or back to ourselves.
//!
//! They submit themselves with a script and offer a button without one. `frontend.dir` cannot
//! replace them. None has `Debug`: their fields hold codes, tokens and assertions.

use std::borrow::Cow;

use super::{Fields, HOSTILE, Page, Sample};

/// One hidden field of a form.
#[derive(Clone)]
pub struct HiddenField {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl HiddenField {
    /// A field of this name and value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// Without values: they may be codes or tokens.
impl std::fmt::Debug for HiddenField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HiddenField").field("name", &self.name).finish_non_exhaustive()
    }
}

pub(super) fn hidden_fields(fields: &[HiddenField]) -> impl Iterator<Item = Fields> {
    fields.iter().map(|field| Fields::new().set("Name", &field.name).set("Value", &field.value))
}

/// Posts to somebody else: a client (OAuth 2.0 Form Post Response Mode) or a SAML upstream (POST binding).
#[derive(Clone)]
pub struct FormPost {
    /// Where the form goes: a registered redirect URI, or an upstream's configured endpoint. Any
    /// scheme is allowed except those that run in our own page.
    pub action: String,
    /// What it carries.
    pub fields: Vec<HiddenField>,
}

/// Schemes whose URL would run in our page or be one.
const RUNNING_SCHEMES: [&str; 3] = ["javascript:", "data:", "vbscript:"];

fn runs_in_page(url: &str) -> bool {
    // Browsers skip control characters and blanks before and within a scheme.
    let seen: String = url.chars().filter(|c| !c.is_control() && !c.is_whitespace()).take(16).collect();
    let seen = seen.to_ascii_lowercase();
    RUNNING_SCHEMES.iter().any(|scheme| seen.starts_with(scheme))
}

impl Page for FormPost {
    fn template(&self) -> &'static str {
        "form_post.html"
    }

    fn title(&self) -> Cow<'static, str> {
        "Continue".into()
    }

    fn fields(&self) -> Fields {
        let fields = Fields::new().set_list("Fields", hidden_fields(&self.fields));
        if runs_in_page(&self.action) {
            return fields.set("Action", "#");
        }
        fields.set_url("Action", &self.action)
    }
}

/// Posts a form that came from another site once more, from our own, so that the browser adds the
/// cookies it held back (`SameSite=Lax`).
#[derive(Clone)]
pub struct Repost {
    /// Path of ours the form goes to.
    pub target: String,
    /// The form as it came.
    pub fields: Vec<HiddenField>,
}

impl Page for Repost {
    fn template(&self) -> &'static str {
        "repost.html"
    }

    fn title(&self) -> Cow<'static, str> {
        "Continue".into()
    }

    fn fields(&self) -> Fields {
        Fields::new().set("Target", &self.target).set_list("Fields", hidden_fields(&self.fields))
    }
}

pub(super) fn form_post_samples() -> Vec<Sample> {
    let page = |action: &str, fields| FormPost { action: action.into(), fields };
    let fields = vec![HiddenField::new("code", "qf6ag5ptjkbnoxygxwgrcejto"), HiddenField::new("state", "a/b+c")];
    vec![
        Sample::new("full", page("https://app.example.com/callback?x=1&y=2", fields)),
        Sample::new("own-scheme", page("com.example.app:/callback", vec![])),
        Sample::new("hostile", page("JavaScript:alert(1)", vec![HiddenField::new(HOSTILE, HOSTILE)])),
    ]
}

pub(super) fn repost_samples() -> Vec<Sample> {
    let page = |target: &str, name: &str, value: &str| Repost {
        target: target.into(),
        fields: vec![HiddenField::new(name, value)],
    };
    vec![
        Sample::new("full", page("/dex/callback", "SAMLResponse", "PHNhbWw+")),
        Sample::new("hostile", page("javascript:alert(1)", HOSTILE, HOSTILE)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_schemes_that_run_in_the_page() {
        let cases = [
            ("https://app.example.com/cb", false),
            ("com.example.app:/cb", false),
            ("javascriptx:/cb", false),
            ("javascript:alert(1)", true),
            (" java\tscript:alert(1)", true),
            ("\u{1}JAVASCRIPT:alert(1)", true),
            ("data:text/html,x", true),
            ("vbscript:x", true),
        ];
        for (url, expected) in cases {
            assert_eq!(runs_in_page(url), expected, "{url:?}");
        }
    }

    #[test]
    fn debug_of_a_field_hides_its_value() {
        assert_eq!(format!("{:?}", HiddenField::new("code", "s3cret")), "HiddenField { name: \"code\", .. }");
    }
}
