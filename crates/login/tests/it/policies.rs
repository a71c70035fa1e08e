//! Every grant under every policy.

use dex_model::{Client, ClientRestrictions, Connector};
use dex_oidc::GrantType;
use dex_storage::Change;
use dex_testkit::{Browser, CALLBACK, CLIENT, CLIENT_SECRET, LOCAL_PASSWORD, LOCAL_USER, Shown, TestApp};
use dex_web::Settings;
use serde_json::Value;

use crate::{app_with, without_consent};

/// What is in force when the grant is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Policy {
    Open,
    /// `allowedConnectors` of the client names another.
    ClientForbidsConnector,
    /// `grantTypes` of the connector names another.
    ConnectorForbidsGrant,
    /// `oauth2.pkce.enforce`, and the client sends no challenge.
    PkceRequired,
    ClientDisabled,
    /// `allowedGroups` of the client names the user's group.
    InGroup,
    /// `allowedGroups` of the client names another group.
    NotInGroup,
}

const POLICIES: [Policy; 7] = [
    Policy::Open,
    Policy::ClientForbidsConnector,
    Policy::ConnectorForbidsGrant,
    Policy::PkceRequired,
    Policy::ClientDisabled,
    Policy::InGroup,
    Policy::NotInGroup,
];

/// Whether the grant succeeds. A new grant has no answer here and does not compile.
fn expected(grant: GrantType, policy: Policy) -> bool {
    match (grant, policy) {
        (_, Policy::Open | Policy::InGroup) => true,
        (_, Policy::ClientDisabled) => false,
        // It has neither user nor connector.
        (GrantType::ClientCredentials, _) => true,
        // Only a code is bound to its redemption by a challenge. Whoever refreshes has redeemed one before.
        (GrantType::AuthorizationCode | GrantType::Implicit, Policy::PkceRequired) => false,
        (
            GrantType::Password | GrantType::RefreshToken | GrantType::DeviceCode | GrantType::TokenExchange,
            Policy::PkceRequired,
        ) => true,
        (
            GrantType::AuthorizationCode
            | GrantType::Implicit
            | GrantType::Password
            | GrantType::RefreshToken
            | GrantType::DeviceCode
            | GrantType::TokenExchange,
            Policy::ClientForbidsConnector | Policy::ConnectorForbidsGrant | Policy::NotInGroup,
        ) => false,
    }
}

/// Another grant than this one, for a connector that is to refuse this one.
fn another(grant: GrantType) -> GrantType {
    if grant == GrantType::Password { GrantType::RefreshToken } else { GrantType::Password }
}

async fn enforce(app: &TestApp, policy: Policy, grant: GrantType) {
    let restricted = |disabled, group: &str| {
        let allowed_groups = if group.is_empty() { Vec::new() } else { vec![group.to_owned()] };
        ClientRestrictions { disabled, allowed_groups }
    };
    change_client(app, |client| match policy {
        Policy::ClientForbidsConnector => Client { allowed_connectors: vec!["tickets".into()], ..client },
        Policy::ClientDisabled => Client { restrictions: restricted(true, ""), ..client },
        // The group of the mock user, and of the local one.
        Policy::InGroup => Client {
            restrictions: ClientRestrictions {
                disabled: false,
                allowed_groups: vec!["authors".into(), "admins".into()],
            },
            ..client
        },
        Policy::NotInGroup => Client { restrictions: restricted(false, "nobody"), ..client },
        Policy::Open | Policy::ConnectorForbidsGrant | Policy::PkceRequired => client,
    })
    .await;
    if policy == Policy::ConnectorForbidsGrant {
        for id in ["mock", "local"] {
            let grant_types = vec![another(grant).as_str().to_owned()];
            let change = |connector: Connector| Ok(Connector { grant_types: grant_types.clone(), ..connector });
            let changed = app.app.store.update::<Connector, dex_storage::StorageError, _>(id, change).await;
            assert!(matches!(changed, Ok(Change::Made(_))));
        }
    }
}

async fn change_client(app: &TestApp, change: impl Fn(Client) -> Client + Send + Sync) {
    let changed =
        app.app.store.update::<Client, dex_storage::StorageError, _>(CLIENT, |client| Ok(change(client))).await;
    assert!(matches!(changed, Ok(Change::Made(_))));
}

async fn token(browser: &mut Browser<'_>, grant: GrantType, fields: &[(&str, &str)]) -> Shown {
    let client = [("client_id", CLIENT), ("client_secret", CLIENT_SECRET), ("grant_type", grant.as_str())];
    browser.post("/dex/token", &[client.as_slice(), fields].concat()).await
}

fn member(shown: &Shown, name: &str) -> String {
    let json: Value = serde_json::from_str(&shown.body).unwrap_or_default();
    json[name].as_str().unwrap_or_default().to_owned()
}

/// Logs in through the mock and redeems the code.
async fn by_code(app: &TestApp, changes: &[(&str, &str)]) -> Shown {
    let mut browser = app.browser();
    let shown = browser.log_in_through("mock", changes).await;
    let code = shown.told("code");
    token(&mut browser, GrantType::AuthorizationCode, &[("code", &code), ("redirect_uri", CALLBACK)]).await
}

async fn by_device(app: &TestApp) -> Shown {
    let mut browser = app.browser();
    let fields = [("client_id", CLIENT), ("client_secret", CLIENT_SECRET), ("scope", "openid")];
    let begun = browser.post("/dex/device/code", &fields).await;
    let (device_code, user_code) = (member(&begun, "device_code"), member(&begun, "user_code"));
    if !user_code.is_empty() {
        let choice = browser.post("/dex/device/auth/verify_code", &[("user_code", &user_code)]).await;
        let to = choice.body.split('"').find(|part| part.starts_with("/dex/auth/mock?")).map(unescaped);
        if let Some(to) = to {
            browser.get(&to).await;
        }
    }
    app.clock.advance(std::time::Duration::from_secs(6));
    token(&mut browser, GrantType::DeviceCode, &[("device_code", &device_code)]).await
}

fn unescaped(link: &str) -> String {
    link.replace("&amp;", "&")
}

/// Asks for a token through `grant`, under `policy` from when it matters most: a refresh comes after the policy changed.
async fn succeeds(grant: GrantType, policy: Policy) -> bool {
    let settings = Settings {
        grant_types: GrantType::ALL.to_vec(),
        password_connector: Some("local".into()),
        pkce_enforced: policy == Policy::PkceRequired && grant != GrantType::RefreshToken,
        ..without_consent()
    };
    let app = app_with(settings).await;
    let held = match grant {
        GrantType::RefreshToken => member(&by_code(&app, &[("scope", "openid offline_access")]).await, "refresh_token"),
        _ => String::new(),
    };
    enforce(&app, policy, grant).await;
    let mut browser = app.browser();
    let shown = match grant {
        GrantType::AuthorizationCode => by_code(&app, &[]).await,
        GrantType::Implicit => {
            let changes = [("response_type", "id_token token"), ("nonce", "n")];
            let shown = browser.log_in_through("mock", &changes).await;
            return !shown.told("id_token").is_empty();
        }
        GrantType::RefreshToken => token(&mut browser, grant, &[("refresh_token", &held)]).await,
        GrantType::ClientCredentials => token(&mut browser, grant, &[("scope", "openid")]).await,
        GrantType::Password => {
            let fields = [("username", LOCAL_USER), ("password", LOCAL_PASSWORD), ("scope", "openid")];
            token(&mut browser, grant, &fields).await
        }
        GrantType::DeviceCode => by_device(&app).await,
        GrantType::TokenExchange => {
            let kind = "urn:ietf:params:oauth:token-type:access_token";
            let fields = [("connector_id", "mock"), ("subject_token", "theirs"), ("subject_token_type", kind)];
            token(&mut browser, grant, &fields).await
        }
    };
    let (status, issued) = (shown.status.as_u16(), !member(&shown, "access_token").is_empty());
    assert_eq!(issued, status == 200, "{grant} under {policy:?}: {status} {}", shown.body);
    assert!(issued || (400..500).contains(&status), "{grant} under {policy:?}: {status} {}", shown.body);
    issued
}

#[tokio::test]
async fn each_grant_obeys_each_policy() {
    for grant in GrantType::ALL {
        for policy in POLICIES {
            assert_eq!(succeeds(*grant, policy).await, expected(*grant, policy), "{grant} under {policy:?}");
        }
    }
}
