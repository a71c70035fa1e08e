//! What every connector promises: that each of its keys does something, and that nine things hold for each kind.
//!
//! Owned here: the journey through a stand-in of which everything observable is written down ([`journey`]), the table of keys
//! ([`keys`]), the nine promises ([`nine`]), and one file a kind with its rows. A key that is declared and has no row, or a kind
//! without a file, fails. Not owned: how an upstream misbehaves in detail, which the connectors' own tests tell. Control leaves
//! to the stand-ins of `dex-fakes`, and for `ldap` to real servers.

mod authproxy;
mod forges;
mod forms;
mod journey;
mod keys;
mod ldap;
mod nine;
mod providers;

use authproxy::AuthProxy;
use forges::{BitbucketCloud, GitHub, GitLab, Gitea, Microsoft};
use forms::{Crowd, Keystone, MockPassword};
use journey::StandIn;
use ldap::Ldap;
use providers::{Google, LinkedIn, OAuth, Oidc, OpenShift, Saml};

/// Kinds that are not tried here, and where they are.
const ELSEWHERE: [(&str, &str); 1] = [("mockCallback", "it has no keys and no upstream")];

/// Makes the two tests of each kind, and the list of kinds that have them.
macro_rules! tried {
    ($($name:ident: $stand_in:ty,)*) => {
        const TRIED: &[&str] = &[$(<$stand_in as StandIn>::KIND,)*];
        $(mod $name {
            use super::*;

            #[tokio::test]
            async fn every_key() {
                keys::every_key::<$stand_in>().await;
            }

            #[tokio::test]
            async fn every_promise() {
                nine::every_promise::<$stand_in>().await;
            }
        })*
    };
}

tried! {
    atlassian_crowd: Crowd,
    through_a_proxy: AuthProxy,
    bitbucket_cloud: BitbucketCloud,
    gitea: Gitea,
    github: GitHub,
    gitlab: GitLab,
    google: Google,
    keystone: Keystone,
    linkedin: LinkedIn,
    microsoft: Microsoft,
    mock_password: MockPassword,
    oauth: OAuth,
    oidc: Oidc,
    openshift: OpenShift,
    saml: Saml,
}

#[test]
fn every_kind_is_tried() {
    let known: Vec<_> = TRIED.iter().copied().chain([Ldap::KIND]).chain(ELSEWHERE.map(|(kind, _)| kind)).collect();
    for (kind, _) in dex_upstreams::KINDS {
        let told = "give it a stand-in in tests/it/promises, and a line in `tried!`";
        assert!(known.contains(kind), "{kind} is not tried: {told}");
    }
    assert_eq!(known.len(), dex_upstreams::KINDS.len(), "a kind that is tried does not exist, or is tried twice");
}
