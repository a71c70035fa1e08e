//! The consent page.

use std::borrow::Cow;

use super::{Fields, HOSTILE, Page, Sample};

/// Asks the user whether a client may have what it asked for.
///
/// The form posts to the page's own URL, whose query holds the signature; `approval` is `approve`
/// or `rejected`.
#[derive(Clone, Debug, Default)]
pub struct Approval {
    /// Who is asked, as the upstream names them.
    pub user: String,
    /// The client's name.
    pub client: String,
    /// The client's own logo; empty for none.
    pub client_logo_url: String,
    /// The pending request's id, sent back as `req`.
    pub auth_req_id: String,
    /// What is asked for, in words: see [`Approval::describe`].
    pub scopes: Vec<String>,
    /// Other clients the token will be good for, by name.
    pub audiences: Vec<String>,
    /// The code of the device that is let in, to be compared with what the device shows; empty if it is none.
    pub device_code: String,
}

/// Scopes the page has words for, sorted by the words.
const DESCRIPTIONS: [(&str, &str); 5] = [
    ("offline_access", "Have offline access"),
    ("profile", "View basic profile information"),
    ("federated:id", "View your account id at the login provider"),
    ("email", "View your email address"),
    ("groups", "View your groups"),
];

impl Approval {
    /// The sentences for `scopes`, sorted; a scope without one is left out, a repeated one said once.
    pub fn describe<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let scopes: Vec<&str> = scopes.into_iter().collect();
        let known = DESCRIPTIONS.iter().filter(|(scope, _)| scopes.contains(scope));
        known.map(|(_, words)| (*words).to_owned()).collect()
    }
}

impl Page for Approval {
    fn template(&self) -> &'static str {
        "approval.html"
    }

    fn title(&self) -> Cow<'static, str> {
        "Grant access".into()
    }

    fn fields(&self) -> Fields {
        Fields::new()
            .set_shown("User", &self.user)
            .set_shown("Client", &self.client)
            .set("ClientLogoURL", &self.client_logo_url)
            .set("AuthReqID", &self.auth_req_id)
            .set_shown_list("Scopes", &self.scopes)
            .set_shown_list("Audiences", &self.audiences)
            .set_shown("DeviceCode", &self.device_code)
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let every = DESCRIPTIONS.map(|(scope, _)| scope);
    vec![
        Sample::new(
            "minimal",
            Approval { client: "Example App".into(), auth_req_id: "abc".into(), ..Approval::default() },
        ),
        Sample::new(
            "full",
            Approval {
                user: "Jane Doe".into(),
                client: "Grafana".into(),
                client_logo_url: String::new(),
                auth_req_id: "qf6ag5ptjkbnoxygxwgrcejto".into(),
                scopes: Approval::describe(every),
                audiences: vec!["Kubernetes".into(), "Argo CD".into()],
                device_code: "BCDF-GHJK".into(),
            },
        ),
        Sample::new(
            "hostile",
            Approval {
                user: HOSTILE.into(),
                client: HOSTILE.into(),
                client_logo_url: "javascript:alert(1)".into(),
                auth_req_id: HOSTILE.into(),
                scopes: vec![HOSTILE.into()],
                audiences: vec![HOSTILE.into()],
                device_code: HOSTILE.into(),
            },
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describes_known_scopes_in_order_of_the_words() {
        let cases: [(&[&str], &[&str]); 4] = [
            (&["openid"], &[]),
            (&["email", "offline_access", "email"], &["Have offline access", "View your email address"]),
            (&["groups", "profile"], &["View basic profile information", "View your groups"]),
            (&["audience:server:client_id:x"], &[]),
        ];
        for (scopes, expected) in cases {
            assert_eq!(Approval::describe(scopes.iter().copied()), expected, "{scopes:?}");
        }
        let mut words = DESCRIPTIONS.map(|(_, words)| words);
        words.sort_unstable();
        assert_eq!(words, DESCRIPTIONS.map(|(_, words)| words));
    }
}
