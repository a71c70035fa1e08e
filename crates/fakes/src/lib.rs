//! Stand-ins for upstreams that cannot be had: GitHub and its like run on other people's machines.
//!
//! Owned here: small servers that answer as those do, one file each, on a free port, with pages, limits and errors, and
//! with a state that a test changes. Not owned: real servers that can be installed, which are `dex-peers`'s, and what is
//! asked of them. Nothing here ships.
//!
//! Control leaves to whoever asks; what they asked is recorded. `cargo xtask fake NAME` runs one to try a connector by
//! hand; [`FAKES`] is the table of those.

pub mod bitbucket_cloud;
pub mod crowd;
pub mod gitea;
pub mod github;
pub mod gitlab;
pub mod google;
pub mod keystone;
pub mod kit;
pub mod linkedin;
pub mod microsoft;
pub mod oidc;
pub mod openshift;
pub mod saml;

use axum::Router;
use url::Url;

/// A stand-in for trying a connector by hand.
pub struct ByHand {
    /// What it answers.
    pub router: Router,
    /// The keys of the connector's `config` that point to it, as indented YAML; client and callback are added.
    pub configuration: String,
}

/// Makes a stand-in that will be reached under a URL.
pub type Prepare = fn(&Url) -> ByHand;

/// Every stand-in, by the `type` of the connector.
pub const FAKES: &[(&str, Prepare)] = &[
    ("atlassian-crowd", crowd::by_hand),
    ("bitbucket-cloud", bitbucket_cloud::by_hand),
    ("gitea", gitea::by_hand),
    ("github", github::by_hand),
    ("gitlab", gitlab::by_hand),
    ("google", google::by_hand),
    ("linkedin", linkedin::by_hand),
    ("microsoft", microsoft::by_hand),
    ("keystone", keystone::by_hand),
    ("oauth", oidc::plain_by_hand),
    ("oidc", oidc::by_hand),
    ("openshift", openshift::by_hand),
    ("saml", saml::by_hand),
];

/// The callback of a dex with the issuer that `dex demo` has.
pub(crate) fn callback_by_hand() -> Url {
    Url::parse(CALLBACK_BY_HAND).expect("a URL")
}

/// Where a dex that is tried by hand is called back.
pub const CALLBACK_BY_HAND: &str = "http://127.0.0.1:5556/dex/callback";
