//! Logins and refreshes against the stand-in.

use std::time::Duration;

use dex_connector::Identity;
use dex_fakes::kit::{Answer, Fault};
use dex_fakes::microsoft::{Group, Microsoft};
use serde_json::{Value, json};

use crate::forge::testing::{ALL, GROUPS, OFFLINE, PLAIN, Trial, assert_fails, parameters, stored};

/// A connector for the stand-in, of one tenant.
fn open(microsoft: &Microsoft, keys: &Value) -> Trial {
    let base = format!("{}/", microsoft.fake.base());
    let mut all = json!({"apiURL": base, "graphURL": base, "tenant": "fjord.example"});
    all.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    Trial::open("microsoft", &all).unwrap()
}

fn asked(microsoft: &Microsoft, line: &str) -> usize {
    microsoft.fake.lines().iter().filter(|asked| asked.starts_with(line)).count()
}

#[tokio::test]
async fn a_user_is_who_graph_says() {
    let microsoft = Microsoft::start().await.unwrap();
    let jonas = Identity {
        user_id: "7b1f0c52-0000-4000-8000-aaaabbbbcccc".into(),
        username: "Jonas Lindqvist".into(),
        email: "Jonas.Lindqvist@Fjord.example".into(),
        email_verified: true,
        ..Identity::default()
    };
    let lower = "jonas.lindqvist@fjord.example";
    let preferred = |field: &str| json!({"preferredUsernameField": field, "emailToLowercase": true});
    let cases = [
        ("plain", json!({}), jonas.clone()),
        ("lower case", json!({"emailToLowercase": true}), Identity { email: lower.into(), ..jonas.clone() }),
        (
            "by name",
            json!({"preferredUsernameField": "name"}),
            Identity { preferred_username: "Jonas Lindqvist".into(), ..jonas.clone() },
        ),
        (
            "by email",
            preferred("email"),
            Identity { preferred_username: lower.into(), email: lower.into(), ..jonas.clone() },
        ),
        (
            "by alias",
            preferred("mailNickname"),
            Identity { preferred_username: "jonas".into(), email: lower.into(), ..jonas.clone() },
        ),
        (
            "no such name there",
            preferred("onPremisesSamAccountName"),
            Identity { email: lower.into(), ..jonas.clone() },
        ),
        ("no such field", preferred("nickname"), Identity { email: lower.into(), ..jonas.clone() }),
    ];
    for (told, keys, expected) in cases {
        let trial = open(&microsoft, &keys);
        let got = trial.log_in(&microsoft.fake, OFFLINE).await.unwrap();
        let refreshed = trial.refresh(OFFLINE, &got).await.unwrap();
        for got in [got, refreshed] {
            let got = Identity { connector_data: Vec::new(), ..got };
            assert!(got == expected, "{told}: {} {}", got.preferred_username, got.email);
        }
    }
    let line = "GET /v1.0/me?$select=id,displayName,userPrincipalName,mailNickname,onPremisesSamAccountName";
    assert!(microsoft.fake.lines().contains(&line.to_owned()));
    microsoft.change(|user| user.on_premises_sam_account_name = Some("LINDQVIST".into()));
    let got = open(&microsoft, &preferred("onPremisesSamAccountName")).log_in(&microsoft.fake, PLAIN).await.unwrap();
    assert_eq!(got.preferred_username, "LINDQVIST");
    microsoft.change(|user| user.display_name = None);
    let got = open(&microsoft, &json!({})).log_in(&microsoft.fake, PLAIN).await.unwrap();
    assert_eq!(got.username, "Jonas.Lindqvist@Fjord.example", "what there is stands in");
    microsoft.change(|user| user.user_principal_name = None);
    let got = open(&microsoft, &json!({})).log_in(&microsoft.fake, PLAIN).await.unwrap();
    assert_eq!((got.email.as_str(), got.email_verified), ("", false));
}

#[tokio::test]
async fn the_browser_is_sent_to_the_tenant_with_what_the_groups_need() {
    let microsoft = Microsoft::start().await.unwrap();
    let gate = json!({"groups": ["Platform"]});
    let cases = [
        (json!({}), PLAIN, "user.read"),
        (json!({}), GROUPS, "user.read directory.read.all"),
        (json!({}), ALL, "user.read directory.read.all offline_access"),
        (gate, OFFLINE, "user.read directory.read.all offline_access"),
        (json!({"tenant": "common"}), ALL, "user.read offline_access"),
        (json!({"tenant": "consumers"}), ALL, "user.read offline_access"),
        (json!({"scopes": ["openid", "User.Read"]}), GROUPS, "openid User.Read directory.read.all"),
        (json!({"scopes": ["user.read", "GroupMember.Read.All"]}), GROUPS, "user.read GroupMember.Read.All"),
    ];
    for (keys, wanted, scope) in cases {
        let (url, data) = open(&microsoft, &keys).depart(wanted).await.unwrap();
        let tenant = keys.get("tenant").and_then(Value::as_str).unwrap_or("fjord.example");
        let there = format!("{}/{tenant}/oauth2/v2.0/authorize?", microsoft.fake.base());
        assert!(url.as_str().starts_with(&there), "{url}");
        let sent = parameters(&url);
        assert_eq!((sent["scope"].as_str(), data.len(), sent.len()), (scope, 43, 7), "{keys}");
    }
    let keys = json!({"promptType": "select_account", "domainHint": "fjord.example"});
    let sent = parameters(&open(&microsoft, &keys).depart(PLAIN).await.unwrap().0);
    assert_eq!((sent["prompt"].as_str(), sent["domain_hint"].as_str()), ("select_account", "fjord.example"));
    let other = open(&microsoft, &json!({"redirectURI": "https://id.example/callback"}));
    assert_fails("another callback", other.depart(PLAIN).await, "misconfigured", "expected callback URL");
}

#[tokio::test]
async fn groups_are_read_as_configured() {
    let microsoft = Microsoft::start().await.unwrap();
    let cases = [
        ("not asked for", json!({}), PLAIN, vec![]),
        ("by name", json!({}), GROUPS, vec!["Platform", "On-call", ""]),
        ("by id", json!({"groupNameFormat": "id"}), GROUPS, vec!["g-1", "g-2", "g-3"]),
        ("security groups", json!({"onlySecurityGroups": true, "groupNameFormat": "id"}), GROUPS, vec!["g-1", "g-3"]),
        ("the gate shows all", json!({"groups": ["On-call", "x"]}), PLAIN, vec!["Platform", "On-call", ""]),
        ("or its own", json!({"groups": ["On-call", "x"], "useGroupsAsWhitelist": true}), PLAIN, vec!["On-call"]),
        ("a gate on ids", json!({"groups": ["g-2"], "groupNameFormat": "id"}), PLAIN, vec!["g-1", "g-2", "g-3"]),
        ("a list of none", json!({"useGroupsAsWhitelist": true}), GROUPS, vec![]),
        ("many tenants", json!({"tenant": "organizations"}), GROUPS, vec![]),
    ];
    for (told, keys, wanted, expected) in cases {
        microsoft.fake.forget();
        let got = open(&microsoft, &keys).log_in(&microsoft.fake, wanted).await.expect(told);
        assert_eq!(got.groups, expected, "{told}");
        let by_name = !expected.is_empty() && !keys.to_string().contains("\"id\"");
        assert_eq!(
            asked(&microsoft, "POST /v1.0/directoryObjects/getByIds") > 0,
            by_name || told == "a list of none",
            "{told}"
        );
    }
    microsoft.change(|user| user.groups.clear());
    microsoft.fake.forget();
    assert!(open(&microsoft, &json!({})).log_in(&microsoft.fake, GROUPS).await.unwrap().groups.is_empty());
    assert_eq!(asked(&microsoft, "POST /v1.0/directoryObjects"), 0, "no ids, no names");
}

#[tokio::test]
async fn thousands_of_groups_are_read_in_batches_and_not_one_more_than_the_limit() {
    let microsoft = Microsoft::start().await.unwrap();
    let many = |count: usize| (0..count).map(|n| Group::new(&format!("g-{n}"), &format!("Group {n}"))).collect();
    microsoft.change(|user| (user.groups, user.page_size) = (many(1_500), 999));
    for batches in [false, true] {
        microsoft.fake.forget();
        let trial = open(&microsoft, &json!({"batchGroupLookups": batches}));
        let groups = trial.log_in(&microsoft.fake, GROUPS).await.unwrap().groups;
        assert_eq!((groups.len(), groups[1_499].as_str()), (1_500, "Group 1499"));
        let bodies = microsoft.fake.recorded();
        let ids: Vec<usize> = bodies
            .iter()
            .filter(|asked| asked.path.ends_with("getByIds") && asked.query.is_empty())
            .map(|asked| serde_json::from_slice::<Value>(&asked.body).unwrap()["ids"].as_array().unwrap().len())
            .collect();
        assert_eq!(ids.iter().sum::<usize>(), 1_500);
        assert!(ids.iter().all(|count| *count <= 1_000), "{ids:?}");
    }
    let trial = open(&microsoft, &json!({}));
    microsoft.change(|user| user.groups = many(11_000));
    assert_eq!(trial.log_in(&microsoft.fake, GROUPS).await.unwrap().groups.len(), 11_000);
    microsoft.change(|user| user.groups = many(11_001));
    let text = "microsoft: get groups: more than 11000 groups";
    assert_fails("too many", trial.log_in(&microsoft.fake, GROUPS).await, "unacceptable", text);
}

#[tokio::test]
async fn a_refresh_sees_what_changed_and_keeps_the_new_tokens() {
    let microsoft = Microsoft::start().await.unwrap();
    let trial = open(&microsoft, &json!({}));
    let identity = trial.log_in(&microsoft.fake, ALL).await.unwrap();
    let first = r#"{"accessToken":"at-1","refreshToken":"rt-1","expiry":"2026-08-06T12:00:00Z"}"#;
    assert_eq!(stored(&identity), first);
    microsoft.change(|user| {
        user.display_name = Some("J. Lindqvist".into());
        user.groups.remove(0);
    });
    let fresh = trial.refresh(ALL, &identity).await.unwrap();
    assert_eq!((fresh.username.as_str(), fresh.groups.join(",").as_str()), ("J. Lindqvist", "On-call,"));
    assert_eq!(stored(&fresh), first, "the access token still works");
    trial.advance(Duration::from_secs(7_190));
    let second = trial.refresh(OFFLINE, &fresh).await.unwrap();
    assert_eq!(stored(&second), r#"{"accessToken":"at-2","refreshToken":"rt-2","expiry":"2026-08-06T13:59:50Z"}"#);
    assert_eq!(second.groups, fresh.groups, "not asked for, they stay");
    microsoft.oauth().revoke_all();
    trial.advance(Duration::from_secs(7_200));
    let text = "microsoft: failed to refresh token: oauth2: \"invalid_grant\"";
    assert_fails("revoked", trial.refresh(OFFLINE, &second).await, "denied", text);
    assert!(trial.log_in(&microsoft.fake, PLAIN).await.unwrap().connector_data.is_empty());
}

#[tokio::test]
async fn data_of_all_ages_is_read() {
    let microsoft = Microsoft::start().await.unwrap();
    let trial = open(&microsoft, &json!({}));
    trial.log_in(&microsoft.fake, OFFLINE).await.unwrap();
    let with = |data: &str| Identity { user_id: "7b1f".into(), connector_data: data.into(), ..Identity::default() };
    for (data, kind, text) in [
        ("", "denied", "microsoft: no refresh or access token found"),
        ("{", "unacceptable", "microsoft: unmarshal connector data"),
        (
            r#"{"accessToken":"at-1","refreshToken":"","expiry":"2026-08-06T10:00:00Z"}"#,
            "denied",
            "refresh token is not set",
        ),
    ] {
        assert_fails(data, trial.refresh(OFFLINE, &with(data)).await, kind, text);
    }
    for data in [
        r#"{"accessToken":"at-1"}"#,
        r#"{"accessToken":"at-1","refreshToken":"","expiry":"0001-01-01T00:00:00Z"}"#,
        r#"{"accessToken":"at-1","refreshToken":"rt-1","expiry":"2026-08-06T13:00:00.123456789+02:00"}"#,
    ] {
        assert_eq!(trial.refresh(OFFLINE, &with(data)).await.unwrap().username, "Jonas Lindqvist", "{data}");
    }
}

#[tokio::test]
async fn an_assertion_proves_the_application_instead_of_its_secret() {
    let microsoft = Microsoft::start().await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), " assertion-1\n").unwrap();
    let trial = open(&microsoft, &json!({"clientAssertion": file.path()}));
    let identity = trial.log_in(&microsoft.fake, OFFLINE).await.unwrap();
    let posts = microsoft.fake.recorded();
    let post = posts.iter().find(|asked| asked.path == "/fjord.example/oauth2/v2.0/token").unwrap();
    assert_eq!((post.header("authorization"), post.field("client_secret")), (None, None));
    assert_eq!(post.field("client_assertion").as_deref(), Some("assertion-1"));
    microsoft.change(|user| user.assertion = "assertion-2".into());
    trial.advance(Duration::from_secs(7_200));
    let refused = trial.refresh(OFFLINE, &identity).await;
    assert_fails(
        "an old one",
        refused,
        "misconfigured",
        "microsoft: failed to refresh token: oauth2: \"invalid_client\"",
    );
    std::fs::write(file.path(), "assertion-2").unwrap();
    trial.refresh(OFFLINE, &identity).await.unwrap();
    let path = file.path().to_owned();
    drop(file);
    let missing = open(&microsoft, &json!({"clientAssertion": path})).log_in(&microsoft.fake, PLAIN).await;
    let text = "microsoft: failed to get token: failed to read client assertion";
    assert_fails("missing", missing, "misconfigured", text);
}

#[tokio::test]
async fn a_refusal_there_and_a_stolen_code_end_the_login() {
    let microsoft = Microsoft::start().await.unwrap();
    let trial = open(&microsoft, &json!({}));
    microsoft.oauth().refuse_next("access_denied", "AADSTS65004: the user declined to consent.");
    assert_fails("cancel", trial.log_in(&microsoft.fake, PLAIN).await, "denied", "access_denied: AADSTS65004");
    let (theirs, _) = trial.depart(PLAIN).await.unwrap();
    microsoft.fake.browse(&theirs).await.unwrap();
    let (_, own) = trial.depart(PLAIN).await.unwrap();
    assert_fails("theirs", trial.arrive(PLAIN, &own, &[("code", "code-1")]).await, "denied", "invalid_grant");
    let wrong = open(&microsoft, &json!({"clientSecret": "wrong"}));
    assert_fails("another secret", wrong.log_in(&microsoft.fake, PLAIN).await, "misconfigured", "invalid_client");
}

#[tokio::test]
async fn a_microsoft_that_is_down_is_told_from_one_that_says_no() {
    let microsoft = Microsoft::start().await.unwrap();
    let trial = open(&microsoft, &json!({}));
    let identity = trial.log_in(&microsoft.fake, ALL).await.unwrap();
    microsoft.fake.go_down().await;
    assert_fails("login", trial.log_in(&microsoft.fake, PLAIN).await, "unreachable", "microsoft: failed to get token");
    assert_fails("refresh", trial.refresh(ALL, &identity).await, "unreachable", "microsoft: get user");
    trial.advance(Duration::from_secs(7_200));
    assert_fails("renewal", trial.refresh(ALL, &identity).await, "unreachable", "microsoft: failed to refresh token");
    microsoft.fake.come_back().await.unwrap();
    for (path, text) in [("/v1.0/me/getMemberGroups", "get groups"), ("/v1.0/directoryObjects", "get groups")] {
        for status in [429, 500, 503] {
            microsoft.fake.heal();
            microsoft.fake.fail(Fault::at(path).status(status, r#"{"error":{"code":"TooManyRequests"}}"#));
            assert_fails(path, trial.refresh(ALL, &identity).await, "unreachable", text);
        }
    }
    microsoft.fake.heal();
    assert!(trial.refresh(ALL, &identity).await.is_ok(), "the refresh token is not lost");
}

#[tokio::test]
async fn answers_that_are_none_end_the_login() {
    let microsoft = Microsoft::start().await.unwrap();
    let trial = open(&microsoft, &json!({}));
    let user = |fault: fn(Fault) -> Fault| fault(Fault::at("/v1.0/me"));
    let groups = |body: &str| Fault::at("/v1.0/me/getMemberGroups").status(200, body);
    let denied = r#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}}"#;
    let cases = [
        (Fault::at("/fjord.example/oauth2/v2.0/token").html(), "microsoft: failed to get token"),
        (user(|fault| fault.status(401, r#"{"error":{"code":"InvalidAuthenticationToken"}}"#)), "microsoft: get user"),
        (user(Fault::html), "HTML"),
        (user(|fault| fault.answer(Answer::Truncated)), "microsoft: get user"),
        (user(|fault| fault.answer(Answer::Endless)), "more than"),
        (user(|fault| fault.status(200, r#"{"id":""}"#)), "the user has no id"),
        (user(|fault| fault.status(200, r#"{"id":5}"#)), "another type"),
        (Fault::at("/v1.0/me/getMemberGroups").status(403, denied), "Insufficient privileges"),
        (Fault::at("/v1.0/directoryObjects").status(403, denied), "microsoft: get groups"),
        (groups(r#"{"value":[],"@odata.nextLink":"https://evil.example/"}"#), "another host"),
        (groups(r#"{"value":[],"@odata.nextLink":"getMemberGroups"}"#), "a page that was read"),
        (groups(r#"{"value":[{"id":"g-1"}]}"#), "another type"),
    ];
    for (fault, text) in cases {
        microsoft.fake.heal();
        microsoft.fake.fail(fault);
        assert_fails(text, trial.log_in(&microsoft.fake, GROUPS).await, "unacceptable", text);
    }
}

#[tokio::test]
async fn a_configuration_that_dex_stored_is_opened() {
    let stored = json!({
        "clientAssertion": "", "tenant": "", "onlySecurityGroups": false, "groups": null, "groupNameFormat": "name",
        "useGroupsAsWhitelist": false, "emailToLowercase": false, "batchGroupLookups": false, "apiURL": "", "graphURL": "",
        "promptType": "", "domainHint": "", "scopes": null, "preferredUsernameField": "",
    });
    let (to, _) = Trial::open("microsoft", &stored).unwrap().depart(PLAIN).await.unwrap();
    assert!(to.as_str().starts_with("https://login.microsoftonline.com/common/oauth2/v2.0/authorize?"), "{to}");
}
