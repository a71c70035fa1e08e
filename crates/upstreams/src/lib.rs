//! Every kind of upstream, one folder each, and the table of kinds.
//!
//! Owned here: opening a connector from its configuration. Not owned: the contract, which is `dex-connector`'s, and
//! the local password database, which needs the store and lives in `dex-web`. An upstream never sees the store.
//!
//! Control leaves to the upstreams, from inside the connectors that are opened here.

mod atlassian_crowd;
mod authproxy;
mod bitbucket_cloud;
mod forge;
mod gitea;
mod github;
mod gitlab;
mod google;
mod keystone;
mod linkedin;
mod microsoft;
mod mock;
mod oauth;
mod oidc;
mod openshift;
pub mod saml;
mod typed;

use std::sync::Arc;

use dex_connector::{Connector, Opening, UpstreamError};

/// Opens a connector. It reads files and checks the configuration, and asks nobody.
pub type Open = fn(&Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError>;

/// Every kind of upstream, by the `type` its configuration names.
pub const KINDS: &[(&str, Open)] = &[
    ("atlassian-crowd", atlassian_crowd::open),
    ("authproxy", authproxy::open),
    ("bitbucket-cloud", bitbucket_cloud::open),
    ("gitea", gitea::open),
    ("github", github::open),
    ("gitlab", gitlab::open),
    ("google", google::open),
    ("keystone", keystone::open),
    ("ldap", dex_directory::open),
    ("linkedin", linkedin::open),
    ("microsoft", microsoft::open),
    ("mockCallback", mock::open_callback),
    ("mockPassword", mock::open_password),
    ("oauth", oauth::open),
    ("oidc", oidc::open),
    ("openshift", openshift::open),
    ("saml", saml::open),
];

/// Opens a connector of a kind.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`] for a kind that is not known or a configuration that does not fit it.
pub fn open(kind: &str, opening: &Opening<'_>) -> Result<Arc<dyn Connector>, UpstreamError> {
    // Dex has both names; connectors that were made through its API may be stored under the old one.
    let kind = if kind == "samlExperimental" { "saml" } else { kind };
    let found = KINDS.iter().find(|(name, _)| *name == kind);
    let (_, open) = found.ok_or_else(|| UpstreamError::Misconfigured(format!("unknown connector type {kind:?}")))?;
    open(opening)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_opened_by_name_with_their_own_configuration() {
        let cases = [
            ("mockCallback", "{}", None),
            ("mockPassword", r#"{"username":"u","password":"p"}"#, None),
            ("mockPassword", "{}", Some("no username supplied")),
            ("mockpassword", "{}", Some(r#"unknown connector type "mockpassword""#)),
            (
                "samlExperimental",
                r#"{"ssoURL":"s","usernameAttr":"u","emailAttr":"e"}"#,
                Some(r#"field "redirectURI""#),
            ),
        ];
        for (kind, config, refused) in cases {
            let config = serde_json::from_str(config).unwrap();
            let callback = "https://id.example/callback".parse().unwrap();
            let clock = dex_connector::Clock::new(|| "2026-01-01T00:00:00Z".parse().unwrap());
            let opened = open(kind, &Opening { id: "mock", config: &config, callback: &callback, clock });
            match (opened.err().map(|error| error.to_string()), refused) {
                (None, None) => {}
                (Some(error), Some(text)) => assert!(error.ends_with(text), "{error}"),
                (got, expected) => panic!("{kind}: {got:?} for {expected:?}"),
            }
        }
    }
}
