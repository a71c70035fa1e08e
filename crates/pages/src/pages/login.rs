//! The choice of connectors.

use std::borrow::Cow;

use super::{Fields, HOSTILE, Page, Sample};

/// Asks the user which way to log in.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// In the order to show; [`Login::sort`] gives Dex's.
    pub connectors: Vec<ConnectorLink>,
    /// Name of the application that asks for the login; empty if it is not to be told.
    pub client: String,
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
        Fields::new().set_list("Connectors", connectors).set_shown("Client", &self.client)
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
        Sample::new("full", Login { connectors: full, client: "Grafana".into() }),
        Sample::new("every-kind", Login { connectors: every.collect(), client: String::new() }),
        Sample::new("hostile", Login { connectors: vec![hostile], client: HOSTILE.into() }),
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
            client: String::new(),
        };
        page.sort();
        let ids: Vec<&str> = page.connectors.iter().map(|connector| connector.id.as_str()).collect();
        assert_eq!(ids, ["4", "1", "3", "2"]);
    }
}
