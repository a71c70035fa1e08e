//! Logins and refreshes against the stand-in.

use std::time::Duration;

use dex_connector::Identity;
use dex_fakes::bitbucket_cloud::{Account, BitbucketCloud};
use dex_fakes::kit::{Answer, Fault};
use serde_json::{Value, json};

use crate::forge::testing::{ALL, CALLBACK, GROUPS, OFFLINE, PLAIN, Trial, assert_fails, parameters, stored};

async fn start() -> BitbucketCloud {
    BitbucketCloud::start(&CALLBACK.parse().unwrap()).await.unwrap()
}

/// A connector for the stand-in.
fn open(bitbucket: &BitbucketCloud, keys: &Value) -> Trial {
    let mut all = json!({"baseURL": bitbucket.fake.base(), "apiURL": format!("{}/2.0", bitbucket.fake.base())});
    for (key, value) in keys.as_object().unwrap() {
        all[key] = value.clone();
    }
    Trial::open("bitbucket-cloud", &all).unwrap()
}

fn workspaces(count: usize) -> Vec<(String, String)> {
    (0..count).map(|number| (format!("w{number}"), "member".to_owned())).collect()
}

#[tokio::test]
async fn a_user_is_who_bitbucket_says() {
    let bitbucket = start().await;
    let trial = open(&bitbucket, &json!({"includeTeamGroups": true}));
    bitbucket.change(|user| user.page_size = 1);
    let expected = Identity {
        user_id: "{5f0e2d1c-aaaa-bbbb-cccc-000011112222}".into(),
        username: "hana_s".into(),
        email: "hana@main.example".into(),
        email_verified: true,
        ..Identity::default()
    };
    assert!(trial.log_in(&bitbucket.fake, PLAIN).await.unwrap() == expected);
    assert!(!bitbucket.fake.lines().iter().any(|line| line.contains("workspaces")));
    bitbucket.change(|user| user.emails.reverse());
    bitbucket.fake.forget();
    assert!(trial.log_in(&bitbucket.fake, PLAIN).await.unwrap() == expected);
    assert_eq!(
        bitbucket.fake.lines().iter().filter(|line| line.contains("emails")).count(),
        1,
        "found on the first page"
    );
    for emails in
        [vec![], vec![("hana@main.example".to_owned(), true, false), ("hana@alt.example".to_owned(), false, true)]]
    {
        bitbucket.change(|user| user.emails = emails);
        let got = trial.log_in(&bitbucket.fake, PLAIN).await;
        assert_fails("no usable address", got, "denied", "bitbucket: user has no confirmed, primary email");
    }
}

#[tokio::test]
async fn groups_are_read_as_configured() {
    let bitbucket = start().await;
    let permissions = |teams: Value| json!({"teams": teams, "getWorkspacePermissions": true});
    let cases = [
        ("not asked for", json!({}), PLAIN, ""),
        ("asked for", json!({}), GROUPS, "blue-ocean, red-sand"),
        (
            "with permissions",
            permissions(Value::Null),
            GROUPS,
            "blue-ocean, red-sand, blue-ocean:owner, red-sand:member",
        ),
        ("the gate alone", json!({"teams": ["blue-ocean", "x"]}), PLAIN, "blue-ocean"),
        ("a gate on a permission", permissions(json!(["blue-ocean:owner"])), PLAIN, "blue-ocean:owner"),
    ];
    for (told, keys, wanted, expected) in cases {
        for page_size in [1, 10] {
            bitbucket.change(|user| user.page_size = page_size);
            let got = open(&bitbucket, &keys).log_in(&bitbucket.fake, wanted).await.expect(told);
            assert_eq!(got.groups.join(", "), expected, "{told}");
        }
    }
    bitbucket.change(|user| user.workspaces.clear());
    assert!(open(&bitbucket, &json!({})).log_in(&bitbucket.fake, GROUPS).await.unwrap().groups.is_empty());
}

#[tokio::test]
async fn nobody_without_an_id_is_let_in() {
    let bitbucket = start().await;
    bitbucket.change(|user| user.uuid.clear());
    let failed = open(&bitbucket, &json!({})).log_in(&bitbucket.fake, PLAIN).await.unwrap_err();
    assert!(failed.to_string().contains("the user has no id"), "{failed}");
}

#[tokio::test]
async fn a_permission_that_is_not_told_is_passed_over_unless_the_gate_needs_it() {
    let bitbucket = start().await;
    let keys = |teams: Value| json!({"teams": teams, "getWorkspacePermissions": true});
    let path = "/2.0/user/workspaces/blue-ocean/permission";
    for status in [403, 500] {
        bitbucket.fake.heal();
        bitbucket.fake.fail(Fault::at(path).status(status, "{}"));
        let got = open(&bitbucket, &keys(json!([]))).log_in(&bitbucket.fake, GROUPS).await.unwrap();
        assert_eq!(got.groups.join(", "), "blue-ocean, red-sand, red-sand:member");
    }
    let gated = open(&bitbucket, &keys(json!(["blue-ocean:owner"])));
    assert_fails(
        "not there",
        gated.log_in(&bitbucket.fake, PLAIN).await,
        "unreachable",
        "bitbucket: get workspace permission",
    );
    bitbucket.fake.heal();
    bitbucket.fake.fail(Fault::at(path).status(403, "{}"));
    assert_fails("not told", gated.log_in(&bitbucket.fake, PLAIN).await, "gate", "hana_s");
}

#[tokio::test]
async fn workspaces_are_read_up_to_a_limit() {
    let bitbucket = start().await;
    let trial = open(&bitbucket, &json!({}));
    bitbucket.change(|user| (user.page_size, user.workspaces) = (20, workspaces(2_000)));
    assert_eq!(trial.log_in(&bitbucket.fake, GROUPS).await.unwrap().groups.len(), 2_000);
    bitbucket.change(|user| user.workspaces = workspaces(2_001));
    let got = trial.log_in(&bitbucket.fake, GROUPS).await;
    assert_fails("one too many", got, "unacceptable", "bitbucket: get user workspaces: more than");
    let elsewhere = r#"{"values": [], "next": "https://evil.test/2.0/user/workspaces?page=2"}"#;
    bitbucket.fake.fail(Fault::at("/2.0/user/workspaces").status(200, elsewhere));
    assert_fails("elsewhere", trial.log_in(&bitbucket.fake, GROUPS).await, "unacceptable", "another host");
}

#[tokio::test]
async fn the_browser_is_sent_to_what_is_registered() {
    let bitbucket = start().await;
    for wanted in [PLAIN, ALL] {
        let (url, data) = open(&bitbucket, &json!({})).depart(wanted).await.unwrap();
        let sent = parameters(&url);
        assert!(url.as_str().starts_with(&format!("{}/site/oauth2/authorize?", bitbucket.fake.base())), "{url}");
        assert_eq!(
            (sent["scope"].as_str(), sent.get("redirect_uri"), data.len(), sent.len()),
            ("account email", None, 0, 4)
        );
    }
    let trial = open(&bitbucket, &json!({}));
    trial.log_in(&bitbucket.fake, PLAIN).await.unwrap();
    let post = bitbucket.fake.recorded().into_iter().find(|request| request.method == "POST").unwrap();
    assert_eq!((post.field("redirect_uri"), post.field("code_verifier")), (None, None));
    let other = open(&bitbucket, &json!({"redirectURI": "https://id.example/callback"}));
    assert_fails("another callback", other.depart(PLAIN).await, "misconfigured", "expected callback URL");
}

#[tokio::test]
async fn a_refresh_sees_what_changed_and_renews_what_ended() {
    let bitbucket = start().await;
    let trial = open(&bitbucket, &json!({}));
    let identity = trial.log_in(&bitbucket.fake, ALL).await.unwrap();
    assert_eq!(stored(&identity), r#"{"accessToken":"at-1","refreshToken":"rt-1","expiry":"2026-08-06T12:00:00Z"}"#);
    bitbucket.change(|user| {
        user.username = "hana_t".into();
        user.workspaces.remove(0);
    });
    let fresh = trial.refresh(ALL, &identity).await.unwrap();
    assert_eq!((fresh.username.as_str(), fresh.groups.join(", ").as_str()), ("hana_t", "red-sand"));
    assert_eq!((fresh.user_id.as_str(), stored(&fresh)), (identity.user_id.as_str(), stored(&identity)));
    assert_eq!(trial.refresh(OFFLINE, &identity).await.unwrap().groups, identity.groups, "narrowed");

    trial.advance(Duration::from_secs(7200));
    bitbucket.oauth().expire_access_tokens();
    let renewed = trial.refresh(OFFLINE, &fresh).await.unwrap();
    assert_eq!(stored(&renewed), r#"{"accessToken":"at-2","refreshToken":"rt-1","expiry":"2026-08-06T14:00:00Z"}"#);

    trial.advance(Duration::from_secs(7200));
    bitbucket.oauth().revoke_all();
    assert_fails(
        "revoked",
        trial.refresh(OFFLINE, &renewed).await,
        "denied",
        "bitbucket: failed to refresh token: oauth2: \"invalid_grant\"",
    );
    assert!(trial.log_in(&bitbucket.fake, PLAIN).await.unwrap().connector_data.is_empty());
    for (data, kind, text) in [
        ("", "denied", "bitbucket: no refresh or access token found"),
        ("x", "unacceptable", "bitbucket: unmarshal connector data"),
    ] {
        let identity = Identity { connector_data: data.into(), ..Identity::default() };
        assert_fails(data, trial.refresh(OFFLINE, &identity).await, kind, text);
    }
}

#[tokio::test]
async fn a_refusal_there_ends_the_login() {
    let bitbucket = start().await;
    bitbucket.oauth().refuse_next("access_denied", "The user declined.");
    let got = open(&bitbucket, &json!({})).log_in(&bitbucket.fake, PLAIN).await;
    assert_fails("cancel", got, "denied", "access_denied: The user declined.");
}

#[tokio::test]
async fn a_bitbucket_that_is_down_is_told_from_one_that_says_no() {
    let bitbucket = start().await;
    let trial = open(&bitbucket, &json!({"teams": ["blue-ocean"]}));
    let identity = trial.log_in(&bitbucket.fake, OFFLINE).await.unwrap();
    bitbucket.fake.go_down().await;
    assert_fails("login", trial.log_in(&bitbucket.fake, PLAIN).await, "unreachable", "bitbucket: failed to get token");
    bitbucket.fake.come_back().await.unwrap();
    assert!(trial.refresh(OFFLINE, &identity).await.is_ok());
    bitbucket.fake.go_down().await;
    assert_fails("refresh", trial.refresh(OFFLINE, &identity).await, "unreachable", "bitbucket: get user");
    bitbucket.fake.come_back().await.unwrap();
    assert!(trial.refresh(OFFLINE, &identity).await.is_ok());
}

#[tokio::test]
async fn answers_that_are_none_end_the_login() {
    let bitbucket = start().await;
    let trial = open(&bitbucket, &json!({}));
    let path = "/2.0/user/workspaces";
    let cases = [
        (Fault::at("/2.0/user").status(401, r#"{"type":"error"}"#), "unacceptable", "bitbucket: get user"),
        (Fault::at("/2.0/user").html(), "unacceptable", "HTML"),
        (Fault::at("/2.0/user").answer(Answer::Truncated), "unacceptable", "bitbucket: get user"),
        (Fault::at(path).answer(Answer::Endless), "unacceptable", "more than"),
        (Fault::at(path).status(403, "{}"), "unacceptable", "bitbucket: get user workspaces"),
        (Fault::at(path).status(410, "{}"), "unacceptable", "410 Gone"),
        (Fault::at(path).status(429, "{}"), "unreachable", "bitbucket: get user workspaces"),
        (Fault::at(path).status(500, "{}"), "unreachable", "bitbucket: get user workspaces"),
        (Fault::at(path).status(200, "{\"values\":["), "unacceptable", "ends in the middle"),
    ];
    for (fault, kind, text) in cases {
        bitbucket.fake.heal();
        bitbucket.fake.fail(fault);
        assert_fails(text, trial.log_in(&bitbucket.fake, GROUPS).await, kind, text);
    }
    bitbucket.fake.heal();
    bitbucket.change(|user| *user = Account::default());
    assert!(trial.log_in(&bitbucket.fake, GROUPS).await.is_ok());
}
