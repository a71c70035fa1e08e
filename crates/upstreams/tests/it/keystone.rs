//! The `keystone` connector against a real Keystone.

use std::sync::Arc;

use dex_connector::{
    AccountState, Clock, Connector, Identity, LoginMethod, Opening, PasswordAnswer, UpstreamError, Wanted,
};
use dex_peers::Keystone;
use serde_json::{Value, json};

use crate::kit::{ALL, CALLBACK, now};

const PLAIN: Wanted = Wanted { offline_access: false, groups: false };
const OFFLINE: Wanted = Wanted { offline_access: true, groups: false };
const PASSWORD: &str = "p&\"<ż";

fn open(server: &Keystone, keys: &Value) -> Arc<dyn Connector> {
    let mut config = json!({
        "keystoneHost": server.url(), "domain": "default", "keystoneUsername": Keystone::ADMIN,
        "keystonePassword": Keystone::PASSWORD,
    });
    config.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    let callback = CALLBACK.parse().unwrap();
    let opening = Opening { id: "up", config: &config, callback: &callback, clock: Clock::new(now) };
    dex_upstreams::open("keystone", &opening).unwrap()
}

async fn answer(
    connector: &Arc<dyn Connector>,
    wanted: Wanted,
    username: &str,
    password: &str,
) -> Result<PasswordAnswer, UpstreamError> {
    match connector.login() {
        LoginMethod::Password(login) => login.log_in(wanted, username, password).await,
        LoginMethod::Redirect(_) => panic!("names and passwords are typed here"),
    }
}

async fn log_in(connector: &Arc<dyn Connector>, wanted: Wanted, username: &str) -> Identity {
    match answer(connector, wanted, username, PASSWORD).await.unwrap() {
        PasswordAnswer::Identity(identity) => identity,
        other => panic!("{username}: {other:?}"),
    }
}

async fn refresh(
    connector: &Arc<dyn Connector>,
    wanted: Wanted,
    identity: &Identity,
) -> Result<Identity, UpstreamError> {
    connector.refresh().unwrap().refresh(wanted, identity.clone()).await
}

/// A user with the usual password, and what else is told.
async fn user(server: &Keystone, name: &str, more: Value) -> String {
    let mut about = json!({"name": name, "domain_id": "default", "password": PASSWORD});
    about.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server.add("user", about).await.unwrap()
}

async fn change(server: &Keystone, id: &str, to: Value) {
    server.call(http::Method::PATCH, &format!("users/{id}"), Some(json!({"user": to}))).await.unwrap();
}

async fn group(server: &Keystone, name: &str) -> String {
    server.add("group", json!({"name": name, "domain_id": "default"})).await.unwrap()
}

/// Puts a user into a group, or takes them out.
async fn member(server: &Keystone, how: http::Method, group: &str, user: &str) {
    server.call(how, &format!("groups/{group}/users/{user}"), None).await.unwrap();
}

#[tokio::test]
async fn people_of_a_real_keystone_log_in_and_are_refreshed() {
    let server = Keystone::start().await.unwrap();
    log_in_with_groups(&server).await;
    wrong_passwords(&server).await;
    accounts_that_may_not_be_used(&server).await;
    names_of_all_kinds(&server).await;
    domains(&server).await;
    gates(&server).await;
    an_administrator_with_a_project(&server).await;
    endings(&server).await;
    a_keystone_that_hangs(&server).await;
}

async fn log_in_with_groups(server: &Keystone) {
    let connector = open(server, &json!({}));
    let jane = user(server, "jane", json!({"email": "jane@stack.example"})).await;
    let plain = log_in(&connector, PLAIN, "jane").await;
    let expected = Identity {
        user_id: jane.clone(),
        username: "jane".into(),
        email: "jane@stack.example".into(),
        email_verified: true,
        ..Identity::default()
    };
    assert!(plain == expected);
    let nobody = log_in(&connector, ALL, "jane").await;
    assert!(nobody.groups.is_empty());
    let (first, second) = (group(server, "first").await, group(server, "żółw & co").await);
    member(server, http::Method::PUT, &first, &jane).await;
    assert_eq!(log_in(&connector, ALL, "jane").await.groups, ["first"]);
    member(server, http::Method::PUT, &second, &jane).await;
    let mut groups = refresh(&connector, ALL, &nobody).await.unwrap().groups;
    groups.sort();
    assert_eq!(groups, ["first", "żółw & co"]);
    change(server, &jane, json!({"email": "new@stack.example", "name": "janet"})).await;
    member(server, http::Method::DELETE, &first, &jane).await;
    let fresh = refresh(&connector, ALL, &nobody).await.unwrap();
    assert_eq!(fresh.groups, ["żółw & co"]);
    assert_eq!((fresh.username.as_str(), fresh.email.as_str()), ("janet", "new@stack.example"));
    assert!(refresh(&connector, OFFLINE, &nobody).await.unwrap().groups.is_empty(), "nobody asks for groups");
}

async fn wrong_passwords(server: &Keystone) {
    let connector = open(server, &json!({}));
    user(server, "guessed", json!({})).await;
    for (username, password) in
        [("guessed", "x"), ("guessed", ""), ("nobody", PASSWORD), ("", ""), ("guessed", "\u{202e}"), ("guessed", "<&>")]
    {
        let got = answer(&connector, PLAIN, username, password).await.unwrap();
        assert!(matches!(got, PasswordAnswer::Wrong), "{username:?} {password:?}: {got:?}");
    }
    let locked = answer(&connector, PLAIN, "guessed", PASSWORD).await.unwrap();
    assert!(matches!(locked, PasswordAnswer::Wrong), "Keystone does not tell that it is locked: {locked:?}");
}

async fn accounts_that_may_not_be_used(server: &Keystone) {
    let connector = open(server, &json!({}));
    user(server, "disabled", json!({"enabled": false})).await;
    let got = answer(&connector, PLAIN, "disabled", PASSWORD).await.unwrap();
    assert!(matches!(got, PasswordAnswer::Wrong), "{got:?}");
    let got = answer(&connector, PLAIN, Keystone::EXPIRED, "x").await.unwrap();
    assert!(matches!(got, PasswordAnswer::Wrong), "{got:?}");
    let got = answer(&connector, PLAIN, Keystone::EXPIRED, Keystone::PASSWORD).await.unwrap();
    assert!(matches!(got, PasswordAnswer::Refused(AccountState::PasswordExpired)), "{got:?}");
    let rules = json!({"multi_factor_auth_enabled": true, "multi_factor_auth_rules": [["password", "totp"]]});
    user(server, "careful", json!({"options": rules})).await;
    match answer(&connector, PLAIN, "careful", PASSWORD).await {
        Err(UpstreamError::Denied(text)) => assert!(text.contains("further factor"), "{text}"),
        other => panic!("{other:?}"),
    }
}

async fn names_of_all_kinds(server: &Keystone) {
    let connector = open(server, &json!({}));
    for name in
        ["a/../b", "..", "a b?c#d%2e&e=f", "żółw 亀", "<x>&amp;\"'</x>", "{\"a\":\"b\\\"}", "a\r\nb", "\u{202e}a"]
    {
        let id = user(server, name, json!({})).await;
        let identity = log_in(&connector, ALL, name).await;
        assert_eq!((identity.user_id.as_str(), identity.username.as_str()), (id.as_str(), name));
        assert_eq!(refresh(&connector, ALL, &identity).await.unwrap().username, name);
    }
    for nobody in ["x".repeat(4096), "\u{1}\u{7f}".into(), "' OR 1=1 --".into()] {
        let got = answer(&connector, PLAIN, &nobody, &nobody).await.unwrap();
        assert!(matches!(got, PasswordAnswer::Wrong), "{got:?}");
    }
}

async fn domains(server: &Keystone) {
    let domain = server.add("domain", json!({"name": "heat & co"})).await.unwrap();
    let id = user(server, "hana", json!({"domain_id": domain})).await;
    for named in [&domain, "heat & co"] {
        let connector = open(server, &json!({"domain": named}));
        assert_eq!(log_in(&connector, PLAIN, "hana").await.user_id, id, "{named}");
    }
    let version = open(server, &json!({"domain": "heat & co", "keystoneHost": format!("{}/v3/", server.url())}));
    assert_eq!(log_in(&version, PLAIN, "hana").await.user_id, id);
    for elsewhere in ["default", "nowhere"] {
        let got = answer(&open(server, &json!({"domain": elsewhere})), PLAIN, "hana", PASSWORD).await.unwrap();
        assert!(matches!(got, PasswordAnswer::Wrong), "{elsewhere}: {got:?}");
    }
}

async fn gates(server: &Keystone) {
    let connector = open(server, &json!({"groups": ["gate"]}));
    let id = user(server, "gated", json!({})).await;
    for wanted in [PLAIN, ALL] {
        let got = answer(&connector, wanted, "gated", PASSWORD).await;
        assert!(matches!(got, Err(UpstreamError::NotInRequiredGroups { .. })), "{got:?}");
    }
    let gate = group(server, "gate").await;
    member(server, http::Method::PUT, &gate, &id).await;
    let identity = log_in(&connector, PLAIN, "gated").await;
    assert_eq!(identity.groups, ["gate"]);
    assert!(refresh(&connector, OFFLINE, &identity).await.is_ok());
    member(server, http::Method::DELETE, &gate, &id).await;
    for wanted in [OFFLINE, ALL] {
        let got = refresh(&connector, wanted, &identity).await;
        assert!(matches!(got, Err(UpstreamError::NotInRequiredGroups { .. })), "{got:?}");
    }
}

/// As Dex needs it: the token is good for the default project at once.
async fn an_administrator_with_a_project(server: &Keystone) {
    let listed = server.call(http::Method::GET, "projects?name=admin", None).await.unwrap();
    let project = listed["projects"][0]["id"].as_str().unwrap().to_owned();
    let roles = server.call(http::Method::GET, "roles?name=admin", None).await.unwrap();
    let role = roles["roles"][0]["id"].as_str().unwrap().to_owned();
    let reader = user(server, "reader", json!({"default_project_id": project})).await;
    let path = format!("projects/{project}/users/{reader}/roles/{role}");
    server.call(http::Method::PUT, &path, None).await.unwrap();
    let connector = open(server, &json!({"keystoneUsername": "reader", "keystonePassword": PASSWORD}));
    let identity = log_in(&connector, ALL, "janet").await;
    assert_eq!(refresh(&connector, ALL, &identity).await.unwrap().username, "janet");
    let powerless = open(server, &json!({"keystoneUsername": "janet", "keystonePassword": PASSWORD}));
    let other = Identity { user_id: reader, ..Identity::default() };
    let got = refresh(&powerless, ALL, &other).await;
    assert!(matches!(&got, Err(UpstreamError::Misconfigured(text)) if text.contains("403")), "{got:?}");
    let refused = open(server, &json!({"keystonePassword": "x"}));
    let got = refresh(&refused, ALL, &identity).await;
    assert!(matches!(&got, Err(UpstreamError::Misconfigured(text)) if text.contains("admin token")), "{got:?}");
}

async fn endings(server: &Keystone) {
    let connector = open(server, &json!({}));
    let id = user(server, "leaver", json!({})).await;
    let identity = log_in(&connector, OFFLINE, "leaver").await;
    change(server, &id, json!({"password": "another"})).await;
    assert!(refresh(&connector, OFFLINE, &identity).await.is_ok());
    for (method, to, text) in [
        (http::Method::PATCH, Some(json!({"user": {"enabled": false}})), "is disabled"),
        (http::Method::DELETE, None, "does not exist"),
    ] {
        server.call(method, &format!("users/{id}"), to).await.unwrap();
        match refresh(&connector, OFFLINE, &identity).await {
            Err(UpstreamError::Gone(said)) => assert!(said.contains(text), "{said}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

async fn a_keystone_that_hangs(server: &Keystone) {
    let connector = open(server, &json!({}));
    let identity = log_in(&connector, OFFLINE, "janet").await;
    assert!(refresh(&connector, OFFLINE, &identity).await.is_ok());
    server.hang(true).unwrap();
    let (login, refreshed) =
        tokio::join!(answer(&connector, PLAIN, "janet", PASSWORD), refresh(&connector, OFFLINE, &identity));
    assert!(matches!(login, Err(UpstreamError::Unreachable(_))), "{login:?}");
    assert!(matches!(refreshed, Err(UpstreamError::Unreachable(_))), "{refreshed:?}");
    server.hang(false).unwrap();
    assert!(refresh(&connector, OFFLINE, &identity).await.is_ok());
}
