//! Logins through real OpenID providers, from the client to the provider's own pages and back.
//!
//! Each provider stands behind a relay, so that it can be cut off without losing what it keeps in memory.

mod browser;
mod journey;
mod replicas;

use dex_peers::{Keycloak, OidcProvider, Relay, free_port};

use crate::dex::Dex;
use journey::{Journey, Person};

/// Keycloak 26: pages of its own, consent, ES256, refresh tokens that work once, groups with their path.
#[tokio::test(flavor = "multi_thread")]
async fn people_log_in_through_keycloak() {
    let relay = Relay::to_nowhere().unwrap();
    let keycloak = Keycloak::start().await.unwrap();
    relay.lead_to(keycloak.port()).await.unwrap();
    let issuer = format!("http://127.0.0.1:{}{}", relay.port(), Keycloak::REALM);
    let person = Person {
        login: Keycloak::USER,
        password: Keycloak::PASSWORD,
        name: "Nadia Petrova",
        email: "nadia@corp.example",
        groups: &["/admins", "/staff"],
    };
    let keys = format!(
        "{{issuer: '{issuer}', clientID: '{}', clientSecret: '{}', insecureEnableGroups: true, getUserInfo: true}}",
        Keycloak::CLIENT,
        Keycloak::SECRET
    );
    let journey = Journey::with_sessions(&keys, person);
    let address = format!("http://127.0.0.1:{}", relay.port());
    let ours = keycloak.tokens(&address, Keycloak::CLIENT).await.unwrap();
    let others = keycloak.tokens(&address, Keycloak::OTHER_CLIENT).await.unwrap();
    for kind in ["id_token", "access_token"] {
        assert_eq!(journey.exchange(&ours, kind).await, (200, true), "{kind}");
        assert_eq!(journey.exchange(&others, kind).await, (401, false), "{kind}");
    }
    // First of all: the user's logins share what the last one got to refresh by, and Keycloak ends that with its session.
    journey.logs_out().await;
    let tokens = journey.log_in().await;
    let tokens = journey.refresh(&tokens, &["/admins", "/staff"]).await;
    keycloak.leave(Keycloak::USER, "admins").await.unwrap();
    let tokens = journey.refresh(&tokens, &["/staff"]).await;
    let tokens = journey.survives_a_cut(&relay, keycloak.port(), &tokens, &["/staff"]).await;
    keycloak.log_out(Keycloak::USER).await.unwrap();
    journey.is_refused(&tokens).await;
    keycloak.disable(Keycloak::USER).await.unwrap();
    journey.stays_outside().await;
    journey.tells_no_secret("keycloak-secret");
}

/// oidc-provider: PKCE demanded, rotation, claims at userinfo only.
#[tokio::test(flavor = "multi_thread")]
async fn people_log_in_through_oidc_provider() {
    let relay = Relay::to_nowhere().unwrap();
    let issuer = format!("http://127.0.0.1:{}", relay.port());
    let person = Person {
        login: "olga",
        password: "any",
        name: "Name of olga",
        email: "olga@provider.example",
        groups: &["staff", "admins"],
    };
    let keys = format!(
        "{{issuer: '{issuer}', clientID: '{}', clientSecret: '{}', insecureEnableGroups: true, getUserInfo: true, \
         scopes: [profile, email, groups, offline_access], allowedGroups: [staff, admins]}}",
        OidcProvider::CLIENT,
        OidcProvider::SECRET
    );
    let journey = Journey::prepare(&keys, person);
    let provider = OidcProvider::start(&issuer, &journey.callback()).await.unwrap();
    relay.lead_to(provider.port()).await.unwrap();
    let tokens = journey.log_in().await;
    provider.set_groups(&["staff"]).await.unwrap();
    let tokens = journey.refresh(&tokens, &["staff"]).await;
    let tokens = journey.survives_a_cut(&relay, provider.port(), &tokens, &["staff"]).await;
    provider.set_groups(&["others"]).await.unwrap();
    journey.is_refused(&tokens).await;
    let refused = journey.come_back().await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    provider.end_accounts().await.unwrap();
    journey.is_refused(&tokens).await;
    journey.tells_no_secret("provider-secret");
}

/// Another dex, whose refresh tokens rotate and whose local user has groups.
#[tokio::test(flavor = "multi_thread")]
async fn people_log_in_through_another_dex() {
    let relay = Relay::to_nowhere().unwrap();
    let person = Person {
        login: "admin@example.com",
        password: "password",
        name: "admin",
        email: "admin@example.com",
        groups: &["staff", "admins"],
    };
    let issuer = format!("http://127.0.0.1:{}/dex", relay.port());
    let keys = format!(
        "{{issuer: '{issuer}', clientID: lower, clientSecret: lower-secret, insecureEnableGroups: true, \
         scopes: [profile, email, groups, offline_access], claimModifications: {{modifyGroupNames: {{prefix: 'up:'}}}}}}"
    );
    let journey = Journey::prepare(&keys, Person { groups: &["up:staff", "up:admins"], ..person });
    let (port, directory) = (free_port().unwrap(), tempfile::tempdir().unwrap());
    let file = directory.path().join("config.yaml");
    let upper = |groups: &str| upper_configuration(&issuer, port, &journey.callback(), groups);
    let upstream = Dex::configured(directory, &upper("[staff, admins]"), port);
    relay.lead_to(port).await.unwrap();
    let tokens = journey.log_in().await;
    let tokens = journey.refresh(&tokens, &["up:staff", "up:admins"]).await;
    let tokens = journey.survives_a_cut(&relay, port, &tokens, &["up:staff", "up:admins"]).await;
    std::fs::write(&file, upper("[staff]")).unwrap();
    journey.refresh_until(tokens, &["up:staff"]).await;
    drop(upstream);
}

fn upper_configuration(issuer: &str, port: u16, callback: &str, groups: &str) -> String {
    format!(
        "\
issuer: {issuer}
storage: {{type: memory}}
web: {{http: '127.0.0.1:{port}'}}
oauth2: {{skipApprovalScreen: true}}
staticClients:
  - {{id: lower, name: Lower dex, secret: lower-secret, redirectURIs: ['{callback}']}}
enablePasswordDB: true
staticPasswords:
  - email: admin@example.com
    # password
    hash: $2a$10$2b2cU8CPhOTaGrs1HRQuAueS7JTT5ZHsHSzYiFPm1leZck7Mc8T4W
    username: admin
    groups: {groups}
    userID: 08a8684b-db88-4b73-90a9-3cd1661f5466
"
    )
}
