//! The choice of connectors.

use std::borrow::Cow;

use super::posts::{HiddenField, hidden_fields};
use super::{Fields, HOSTILE, Page, Sample};

/// Asks the user which way to log in.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// In the order to show; [`Login::sort`] gives Dex's.
    pub connectors: Vec<ConnectorLink>,
    /// Finding the way by e-mail address, if some connector takes those of a domain.
    pub email: Option<EmailForm>,
    /// Name of the application that asks for the login; empty if it is not to be told.
    pub client: String,
}

/// Asks for an e-mail address, whose domain says which way to log in.
#[derive(Clone, Debug, Default)]
pub struct EmailForm {
    /// Path of ours the form goes to, by GET.
    pub action: String,
    /// The authorization request.
    pub fields: Vec<HiddenField>,
    /// What was typed before and led nowhere.
    pub typed: String,
}

/// One way to log in.
#[derive(Clone, Debug, Default)]
pub struct ConnectorLink {
    /// Connector id.
    pub id: String,
    /// What it is called: "Log in with" and this.
    pub name: String,
    /// Where the link goes. Ours, and therefore trusted with any scheme.
    pub url: String,
    /// The connector's configured `type`, which chooses the icon.
    pub kind: String,
    /// It could not be opened, and is being tried again: shown without a link.
    pub unavailable: bool,
}

impl Login {
    /// Sorts by name without regard to case; equal names keep their order.
    pub fn sort(&mut self) {
        self.connectors.sort_by_key(|connector| connector.name.to_lowercase());
    }
}

impl Page for Login {
    fn template(&self) -> &'static str {
        "login.html"
    }

    fn title(&self) -> Cow<'static, str> {
        "Log in".into()
    }

    fn fields(&self) -> Fields {
        let connectors = self.connectors.iter().map(|connector| {
            Fields::new()
                .set("ID", &connector.id)
                .set_shown("Name", &connector.name)
                .set_url("URL", &connector.url)
                .set("Type", &connector.kind)
                .set("Unavailable", connector.unavailable)
        });
        let fields = Fields::new().set_list("Connectors", connectors).set_shown("Client", &self.client);
        match &self.email {
            None => fields.set("EmailAction", ""),
            Some(form) => fields
                .set("EmailAction", &form.action)
                .set_list("EmailFields", hidden_fields(&form.fields))
                .set("EmailTyped", &form.typed),
        }
    }
}

/// Every connector type with an icon.
pub(crate) const KINDS_WITH_ICON: [&str; 19] = [
    "atlassian-crowd",
    "authproxy",
    "bitbucket-cloud",
    "gitea",
    "github",
    "gitlab",
    "google",
    "keystone",
    "ldap",
    "linkedin",
    "local",
    "microsoft",
    "mockCallback",
    "mockPassword",
    "oauth",
    "oidc",
    "openshift",
    "saml",
    "samlExperimental",
];

fn link(kind: &str, name: &str) -> ConnectorLink {
    ConnectorLink {
        id: kind.to_owned(),
        name: name.to_owned(),
        url: format!("/dex/auth/{kind}?client_id=example-app&state=I+wish+to+wash"),
        kind: kind.to_owned(),
        unavailable: false,
    }
}

fn email(typed: &str) -> Option<EmailForm> {
    let fields = vec![HiddenField::new("state", HOSTILE)];
    Some(EmailForm { action: "/dex/auth".into(), fields, typed: typed.into() })
}

pub(super) fn samples() -> Vec<Sample> {
    let unavailable = ConnectorLink { unavailable: true, ..link("ldap", "Corporate directory") };
    let full = vec![link("local", "Email"), link("github", "GitHub"), link("google", "Google"), unavailable];
    let hostile = ConnectorLink {
        id: HOSTILE.into(),
        name: HOSTILE.into(),
        url: format!("/dex/auth/x?{HOSTILE}"),
        kind: HOSTILE.into(),
        unavailable: false,
    };
    let long = link("saml", "the single sign-on of the Department of Extraordinarily Long Departmental Names");
    let every = KINDS_WITH_ICON.iter().map(|kind| link(kind, kind)).chain([link("unheard-of", "something new"), long]);
    vec![
        Sample::new("minimal", Login::default()),
        Sample::new("full", Login { connectors: full.clone(), client: "Grafana".into(), email: None }),
        Sample::new("every-kind", Login { connectors: every.collect(), ..Login::default() }),
        Sample::new("email", Login { connectors: full.clone(), client: "Grafana".into(), email: email("") }),
        Sample::new(
            "email-unknown",
            Login { connectors: full, client: "Grafana".into(), email: email("jane@nowhere.example") },
        ),
        Sample::new("hostile", Login { connectors: vec![hostile], client: HOSTILE.into(), email: email(HOSTILE) }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_by_name_without_case_and_keeps_equals_in_order() {
        let named = |id: &str, name: &str| ConnectorLink { id: id.into(), name: name.into(), ..Default::default() };
        let mut page = Login {
            connectors: vec![named("1", "b"), named("2", "C"), named("3", "B"), named("4", "a")],
            ..Login::default()
        };
        page.sort();
        let ids: Vec<&str> = page.connectors.iter().map(|connector| connector.id.as_str()).collect();
        assert_eq!(ids, ["4", "1", "3", "2"]);
    }
}
