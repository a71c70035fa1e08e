//! Logins and refreshes against the stand-in.

use std::time::Duration;

use dex_connector::{Identity, SubjectToken};
use dex_fakes::gitlab::{Account, GitLab, Group};
use dex_fakes::kit::{Answer, Fault};
use serde_json::{Value, json};

use crate::forge::testing::{ALL, GROUPS, OFFLINE, PLAIN, Trial, assert_fails, parameters, stored};

/// A connector for the stand-in.
fn open(gitlab: &GitLab, keys: &Value) -> Trial {
    let mut all = json!({"baseURL": gitlab.fake.base()});
    for (key, value) in keys.as_object().unwrap() {
        all[key] = value.clone();
    }
    Trial::open("gitlab", &all).unwrap()
}

#[tokio::test]
async fn a_user_is_who_gitlab_says() {
    let gitlab = GitLab::start().await.unwrap();
    let plain = Identity {
        user_id: "90117".into(),
        username: "Tomas Varga".into(),
        preferred_username: "tomas.v".into(),
        email: "tomas@lab.example".into(),
        email_verified: true,
        ..Identity::default()
    };
    type Case<'a> = (&'a str, Value, fn(&mut Account), Identity);
    let cases: [Case<'_>; 5] = [
        ("plain", json!({}), |_| {}, plain.clone()),
        ("under a path", json!({"baseURL": format!("{}/gitlab/", gitlab.fake.base())}), |_| {}, plain.clone()),
        (
            "no name",
            json!({}),
            |user| user.name = String::new(),
            Identity { username: "tomas@lab.example".into(), ..plain.clone() },
        ),
        ("login as id", json!({"useLoginAsID": true}), |_| {}, Identity { user_id: "tomas.v".into(), ..plain.clone() }),
        (
            "never confirmed",
            json!({}),
            |user| user.confirmed_at = None,
            Identity { email_verified: false, ..plain.clone() },
        ),
    ];
    for (told, keys, change, expected) in cases {
        gitlab.change(|user| *user = Account::default());
        gitlab.change(change);
        let got = open(&gitlab, &keys).log_in(&gitlab.fake, PLAIN).await.unwrap();
        assert!(got == expected, "{told}: {} {} {}", got.user_id, got.username, got.email_verified);
    }
    let old = Fault::at("/api/v4/user").status(200, r#"{"id": 1, "username": "t", "name": null, "email": ""}"#);
    gitlab.fake.fail(old);
    let got = open(&gitlab, &json!({})).log_in(&gitlab.fake, PLAIN).await.unwrap();
    assert!(got.email_verified && got.username.is_empty(), "an older GitLab does not tell when");
}

#[tokio::test]
async fn groups_are_read_as_configured() {
    let gitlab = GitLab::start().await.unwrap();
    let cases = [
        ("not asked for", json!({}), PLAIN, ""),
        ("direct", json!({}), GROUPS, "ops, dev/ui"),
        (
            "direct, with roles",
            json!({"getGroupsPermission": true}),
            GROUPS,
            "ops, dev/ui, ops:owner, dev/ui:developer",
        ),
        ("inherited", json!({"inheritedGroups": true}), GROUPS, "ops, ops/api, lab, dev/ui"),
        (
            "inherited, with roles",
            json!({"inheritedGroups": true, "getGroupsPermission": true}),
            GROUPS,
            "ops, ops/api, lab, dev/ui, ops:owner, ops/api:owner, dev/ui:developer, lab:reporter",
        ),
        ("the gate alone", json!({"groups": ["ops", "x"]}), PLAIN, "ops"),
        ("a gate on a role", json!({"groups": ["ops:owner"], "getGroupsPermission": true}), GROUPS, "ops:owner"),
        ("a gate strips roles", json!({"groups": ["ops"], "getGroupsPermission": true}), GROUPS, "ops"),
        ("a gate on an inherited group", json!({"groups": ["lab"], "inheritedGroups": true}), PLAIN, "lab"),
    ];
    for (told, keys, wanted, expected) in cases {
        let got = open(&gitlab, &keys).log_in(&gitlab.fake, wanted).await.expect(told);
        assert_eq!(got.groups.join(", "), expected, "{told}");
    }
    gitlab.change(|user| user.groups.clear());
    assert!(open(&gitlab, &json!({})).log_in(&gitlab.fake, GROUPS).await.unwrap().groups.is_empty());
}

#[tokio::test]
async fn a_group_we_may_not_look_into_has_no_role_and_a_failure_is_one() {
    let gitlab = GitLab::start().await.unwrap();
    let trial = open(&gitlab, &json!({"inheritedGroups": true, "getGroupsPermission": true}));
    for status in [403, 404] {
        gitlab.fake.heal();
        gitlab.fake.fail(Fault::at("/api/v4/groups/13/members").status(status, "{}"));
        let got = trial.log_in(&gitlab.fake, GROUPS).await.unwrap();
        assert!(!got.groups.contains(&"lab:reporter".to_owned()) && got.groups.contains(&"lab".to_owned()));
    }
    for status in [429, 500] {
        gitlab.fake.heal();
        gitlab.fake.fail(Fault::at("/api/v4/groups/13/members").status(status, "{}"));
        assert_fails("role", trial.log_in(&gitlab.fake, GROUPS).await, "unreachable", "gitlab: get groups");
    }
}

#[tokio::test]
async fn the_gate_is_shut_at_an_exchange() {
    let gitlab = GitLab::start().await.unwrap();
    let shut = open(&gitlab, &json!({"groups": ["none", "b"]}));
    let open = open(&gitlab, &json!({}));
    open.log_in(&gitlab.fake, GROUPS).await.unwrap();
    let newest = gitlab
        .fake
        .recorded()
        .last()
        .unwrap()
        .header("authorization")
        .unwrap()
        .trim_start_matches("Bearer ")
        .to_owned();
    let exchanged = shut.connector.token_identity().unwrap().identify(SubjectToken::Access(&newest)).await;
    assert_fails("exchange", exchanged, "gate", "tomas.v");
}

#[tokio::test]
async fn a_blocked_account_is_nobody() {
    let gitlab = GitLab::start().await.unwrap();
    let trial = open(&gitlab, &json!({}));
    let identity = trial.log_in(&gitlab.fake, OFFLINE).await.unwrap();
    let blocked = Fault::at("/api/v4/user").status(200, r#"{"id": 90117, "username": "tomas.v", "state": "blocked"}"#);
    gitlab.fake.fail(blocked);
    assert_fails("login", trial.log_in(&gitlab.fake, PLAIN).await, "denied", "the account is \"blocked\"");
    assert_fails("refresh", trial.refresh(OFFLINE, &identity).await, "denied", "the account is \"blocked\"");
}

#[tokio::test]
async fn the_browser_is_sent_with_what_the_groups_need() {
    let gitlab = GitLab::start().await.unwrap();
    let inherited = json!({"inheritedGroups": true});
    for (keys, wanted, scope) in [
        (json!({}), PLAIN, "read_user"),
        (json!({}), OFFLINE, "read_user"),
        (json!({}), GROUPS, "read_user openid"),
        (json!({"groups": ["ops"]}), PLAIN, "read_user openid"),
        (json!({"getGroupsPermission": true}), GROUPS, "read_user openid"),
        (inherited.clone(), PLAIN, "read_user"),
        (inherited.clone(), ALL, "read_user openid read_api"),
    ] {
        let (url, data) = open(&gitlab, &keys).depart(wanted).await.unwrap();
        let sent = parameters(&url);
        assert!(url.as_str().starts_with(&format!("{}/oauth/authorize?", gitlab.fake.base())), "{url}");
        assert_eq!((sent["scope"].as_str(), data.len(), sent.len()), (scope, 43, 7));
    }
    let other = open(&gitlab, &json!({"redirectURI": "https://id.example/callback"}));
    assert_fails("another callback", other.depart(PLAIN).await, "misconfigured", "expected callback URL");
}

#[tokio::test]
async fn groups_come_in_pages_until_one_is_not_full() {
    let gitlab = GitLab::start().await.unwrap();
    let trial = open(&gitlab, &json!({"inheritedGroups": true}));
    for (count, pages) in [(99, 1), (100, 2), (101, 2), (5_000, 51)] {
        gitlab.change(|user| user.groups = (0..count).map(|id| Group::inherited(id, &format!("g{id}"), 10)).collect());
        gitlab.fake.forget();
        assert_eq!(trial.log_in(&gitlab.fake, GROUPS).await.unwrap().groups.len(), count as usize);
        let lines = gitlab.fake.lines();
        let asked: Vec<_> = lines.iter().filter(|line| line.starts_with("GET /api/v4/groups")).collect();
        assert_eq!(asked.len(), pages, "{count}");
        assert_eq!(asked[0], "GET /api/v4/groups?all_available=false&page=1&per_page=100");
    }
    gitlab.change(|user| user.groups.push(Group::inherited(9_999, "one-too-many", 10)));
    assert_fails(
        "too many",
        trial.log_in(&gitlab.fake, GROUPS).await,
        "unacceptable",
        "gitlab: get groups: more than 5000 groups",
    );
    gitlab.change(|user| user.groups.truncate(1_001));
    let roles = open(&gitlab, &json!({"inheritedGroups": true, "getGroupsPermission": true}));
    assert_fails("too many roles", roles.log_in(&gitlab.fake, GROUPS).await, "unacceptable", "more than 1000 groups");
}

#[tokio::test]
async fn a_refresh_sees_what_changed_and_keeps_the_new_tokens() {
    let gitlab = GitLab::start().await.unwrap();
    let trial = open(&gitlab, &json!({}));
    let identity = trial.log_in(&gitlab.fake, ALL).await.unwrap();
    assert_eq!(stored(&identity), r#"{"accessToken":"at-1","refreshToken":"rt-1"}"#);
    gitlab.change(|user| {
        user.name = "T. Varga".into();
        user.groups.remove(0);
    });
    let fresh = trial.refresh(ALL, &identity).await.unwrap();
    assert_eq!((fresh.username.as_str(), fresh.groups.join(", ").as_str()), ("T. Varga", "dev/ui"));
    assert_eq!((fresh.user_id.as_str(), stored(&fresh)), ("90117", r#"{"accessToken":"at-2","refreshToken":"rt-2"}"#));
    let narrowed = trial.refresh(PLAIN, &fresh).await.unwrap();
    assert_eq!((narrowed.groups.len(), stored(&narrowed)), (1, r#"{"accessToken":"at-3","refreshToken":"rt-3"}"#));
    assert!(trial.log_in(&gitlab.fake, PLAIN).await.unwrap().connector_data.is_empty());
}

#[tokio::test]
async fn a_refresh_token_is_spent_once_by_many_and_not_lost_by_a_failure() {
    let gitlab = GitLab::start().await.unwrap();
    let trial = open(&gitlab, &json!({}));
    let identity = trial.log_in(&gitlab.fake, OFFLINE).await.unwrap();
    gitlab.fake.forget();
    gitlab.fake.fail(Fault::at("/oauth/token").delay(Duration::from_millis(50)));
    let (one, two) = tokio::join!(trial.refresh(OFFLINE, &identity), trial.refresh(OFFLINE, &identity));
    let second = one.unwrap();
    assert_eq!(stored(&second), stored(&two.unwrap()));
    assert_eq!(gitlab.fake.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);

    gitlab.fake.fail(Fault::at("/api/v4/user").status(500, "{}"));
    assert_fails("the API fails", trial.refresh(OFFLINE, &second).await, "unreachable", "gitlab: get user");
    gitlab.fake.heal();
    assert_eq!(
        stored(&trial.refresh(OFFLINE, &second).await.unwrap()),
        r#"{"accessToken":"at-3","refreshToken":"rt-3"}"#
    );

    gitlab.oauth().revoke_all();
    let third = Identity { connector_data: br#"{"accessToken":"at-3","refreshToken":"rt-3"}"#.into(), ..second };
    assert_fails(
        "revoked",
        trial.refresh(OFFLINE, &third).await,
        "denied",
        "gitlab: failed to refresh token: oauth2: \"invalid_grant\"",
    );
}

#[tokio::test]
async fn data_of_all_ages_is_read() {
    let gitlab = GitLab::start().await.unwrap();
    let trial = open(&gitlab, &json!({}));
    trial.log_in(&gitlab.fake, OFFLINE).await.unwrap();
    let with = |data: &str| Identity { user_id: "90117".into(), connector_data: data.into(), ..Identity::default() };
    for (data, kind, text) in [
        ("", "denied", "no refresh or access token found"),
        (r#"{"accessToken":"","refreshToken":""}"#, "denied", "no refresh or access token found"),
        ("{", "unacceptable", "gitlab: unmarshal connector data"),
    ] {
        assert_fails(data, trial.refresh(OFFLINE, &with(data)).await, kind, text);
    }
    let without = trial.refresh(OFFLINE, &with(r#"{"accessToken":"at-1"}"#)).await.unwrap();
    assert_eq!(stored(&without), r#"{"accessToken":"at-1","refreshToken":""}"#);
}

#[tokio::test]
async fn a_token_is_exchanged_if_it_was_issued_to_us() {
    let gitlab = GitLab::start().await.unwrap();
    let trial = open(&gitlab, &json!({}));
    trial.log_in(&gitlab.fake, GROUPS).await.unwrap();
    let exchange = trial.connector.token_identity().unwrap();
    for token in [SubjectToken::Access("at-1"), SubjectToken::Id("at-1")] {
        let got = exchange.identify(token).await.unwrap();
        assert_eq!((got.user_id.as_str(), got.groups.len(), got.connector_data.len()), ("90117", 2, 0));
    }
    let theirs = gitlab.oauth().token_of_another_client("tomas.v", "read_user openid");
    let got = exchange.identify(SubjectToken::Access(&theirs)).await;
    assert_fails("another application's", got, "denied", "not issued to this application");
    let got = exchange.identify(SubjectToken::Access("glpat-unknown")).await;
    assert_fails("of no application", got, "denied", "not issued to this application");
    let without = open(&gitlab, &json!({"clientID": ""}));
    let got = without.connector.token_identity().unwrap().identify(SubjectToken::Access(&theirs)).await;
    assert_eq!(got.unwrap().user_id, "90117", "without an application of ours");
}

#[tokio::test]
async fn a_refusal_there_and_a_stolen_code_end_the_login() {
    let gitlab = GitLab::start().await.unwrap();
    let trial = open(&gitlab, &json!({}));
    gitlab.oauth().refuse_next("access_denied", "The resource owner or authorization server denied the request.");
    let refused = trial.log_in(&gitlab.fake, PLAIN).await;
    assert_fails("cancel", refused, "denied", "access_denied: The resource owner");
    let (theirs, _) = trial.depart(PLAIN).await.unwrap();
    gitlab.fake.browse(&theirs).await.unwrap();
    let (_, own) = trial.depart(PLAIN).await.unwrap();
    assert_fails("theirs", trial.arrive(PLAIN, &own, &[("code", "code-1")]).await, "denied", "invalid_grant");
}

#[tokio::test]
async fn a_gitlab_that_is_down_is_told_from_one_that_says_no() {
    let gitlab = GitLab::start().await.unwrap();
    let trial = open(&gitlab, &json!({}));
    let identity = trial.log_in(&gitlab.fake, OFFLINE).await.unwrap();
    gitlab.fake.go_down().await;
    assert_fails("login", trial.log_in(&gitlab.fake, PLAIN).await, "unreachable", "gitlab: failed to get token");
    gitlab.fake.come_back().await.unwrap();
    let identity = trial.refresh(OFFLINE, &identity).await.unwrap();
    gitlab.fake.go_down().await;
    assert_fails("refresh", trial.refresh(OFFLINE, &identity).await, "unreachable", "gitlab: failed to refresh token");
    gitlab.fake.come_back().await.unwrap();
    assert!(trial.refresh(OFFLINE, &identity).await.is_ok());
}

#[tokio::test]
async fn answers_that_are_none_end_the_login() {
    let gitlab = GitLab::start().await.unwrap();
    let trial = open(&gitlab, &json!({}));
    let cases = [
        (Fault::at("/api/v4/user").status(401, r#"{"error":"invalid_token"}"#), "unacceptable", "gitlab: get user"),
        (Fault::at("/api/v4/user").html(), "unacceptable", "HTML"),
        (Fault::at("/api/v4/user").answer(Answer::Truncated), "unacceptable", "gitlab: get user"),
        (Fault::at("/api/v4/user").answer(Answer::Endless), "unacceptable", "more than"),
        (
            Fault::at("/oauth/userinfo").status(403, r#"{"error":"insufficient_scope"}"#),
            "unacceptable",
            "insufficient_scope",
        ),
        (Fault::at("/oauth/userinfo").status(503, "{}"), "unreachable", "gitlab: get groups"),
    ];
    for (fault, kind, text) in cases {
        gitlab.fake.heal();
        gitlab.fake.fail(fault);
        assert_fails(text, trial.log_in(&gitlab.fake, GROUPS).await, kind, text);
    }
}
