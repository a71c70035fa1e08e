//! Logins and refreshes against the stand-in.

use std::time::Duration;

use dex_connector::Identity;
use dex_fakes::gitea::{Account, Gitea};
use dex_fakes::kit::{Answer, Fault};
use serde_json::{Value, json};

use crate::forge::testing::{ALL, GROUPS, OFFLINE, PLAIN, Trial, assert_fails, parameters, stored};

/// A connector for the stand-in.
fn open(gitea: &Gitea, keys: &Value) -> Trial {
    let mut all = json!({"baseURL": gitea.fake.base()});
    for (key, value) in keys.as_object().unwrap() {
        all[key] = value.clone();
    }
    Trial::open("gitea", &all).unwrap()
}

fn teams(count: usize) -> Vec<(String, String)> {
    (0..count).map(|number| ("foundry".to_owned(), format!("t{number}"))).collect()
}

#[tokio::test]
async fn a_user_is_who_gitea_says() {
    let gitea = Gitea::start().await.unwrap();
    let plain = Identity {
        user_id: "3307".into(),
        username: "oskar@forge.example".into(),
        preferred_username: "oskar".into(),
        email: "oskar@forge.example".into(),
        email_verified: true,
        ..Identity::default()
    };
    type Case<'a> = (&'a str, Value, fn(&mut Account), Identity);
    let cases: [Case<'_>; 5] = [
        ("plain", json!({}), |_| {}, plain.clone()),
        ("under a path", json!({"baseURL": format!("{}/gitea", gitea.fake.base())}), |_| {}, plain.clone()),
        (
            "a name",
            json!({}),
            |user| user.full_name = "Oskar Lind".into(),
            Identity { username: "Oskar Lind".into(), ..plain.clone() },
        ),
        ("login as id", json!({"useLoginAsID": true}), |_| {}, Identity { user_id: "oskar".into(), ..plain.clone() }),
        (
            "no address",
            json!({}),
            |user| user.email = String::new(),
            Identity { username: String::new(), email: String::new(), ..plain.clone() },
        ),
    ];
    for (told, keys, change, expected) in cases {
        gitea.change(|user| *user = Account::default());
        gitea.change(change);
        gitea.fake.forget();
        let got = open(&gitea, &keys).log_in(&gitea.fake, GROUPS).await.unwrap();
        assert!(got == expected, "{told}: {} {} {}", got.user_id, got.username, got.email);
        assert!(!gitea.fake.lines().iter().any(|line| line.contains("teams")), "{told}");
    }
}

#[tokio::test]
async fn groups_are_read_as_configured() {
    let gitea = Gitea::start().await.unwrap();
    let foundry = |teams: Value| json!({"orgs": [{"name": "foundry", "teams": teams}]});
    let cases = [
        ("all", json!({"loadAllGroups": true}), "foundry, foundry:Owners, foundry:qa"),
        ("an organization", foundry(Value::Null), "foundry"),
        ("a team", foundry(json!(["qa"])), "foundry, foundry:qa"),
        ("orgs win over loadAllGroups", json!({"orgs": [{"name": "foundry"}], "loadAllGroups": true}), "foundry"),
    ];
    for (told, keys, expected) in cases {
        for wanted in [PLAIN, GROUPS] {
            let got = open(&gitea, &keys).log_in(&gitea.fake, wanted).await.expect(told);
            assert_eq!(got.groups.join(", "), expected, "{told}");
        }
    }
    gitea.change(|user| user.teams.push((String::new(), "homeless".into())));
    let all = open(&gitea, &json!({"loadAllGroups": true}));
    assert_eq!(all.log_in(&gitea.fake, PLAIN).await.unwrap().groups.len(), 3, "a team without an organization");
    gitea.fake.fail(Fault::at("/api/v1/user/teams").status(200, "null"));
    assert!(all.log_in(&gitea.fake, PLAIN).await.unwrap().groups.is_empty(), "null");
}

#[tokio::test]
async fn teams_come_in_pages_until_one_is_empty() {
    let gitea = Gitea::start().await.unwrap();
    let trial = open(&gitea, &json!({"loadAllGroups": true}));
    for (count, pages) in [(0, 1), (50, 2), (51, 3), (5_000, 101)] {
        gitea.change(|user| user.teams = teams(count));
        gitea.fake.forget();
        let got = trial.log_in(&gitea.fake, PLAIN).await.unwrap();
        assert_eq!(got.groups.len(), if count == 0 { 0 } else { count + 1 });
        let lines = gitea.fake.lines();
        let asked: Vec<_> = lines.iter().filter(|line| line.starts_with("GET /api/v1/user/teams")).collect();
        assert_eq!((asked.len(), asked[0].as_str()), (pages, "GET /api/v1/user/teams?page=1&limit=50"), "{count}");
    }
    gitea.change(|user| user.teams = teams(5_001));
    assert_fails("too many", trial.log_in(&gitea.fake, PLAIN).await, "unacceptable", "gitea: get teams: more than");
    let same = r#"[{"id": 1, "name": "qa", "organization": {"username": "foundry"}}]"#;
    gitea.fake.fail(Fault::at("/api/v1/user/teams").status(200, same));
    let got = trial.log_in(&gitea.fake, PLAIN).await.unwrap();
    assert_eq!(got.groups, ["foundry", "foundry:qa"], "a server that ignores the page");
}

#[tokio::test]
async fn the_browser_is_sent_without_scopes() {
    let gitea = Gitea::start().await.unwrap();
    for wanted in [PLAIN, ALL] {
        let (url, data) = open(&gitea, &json!({"orgs": [{"name": "foundry"}]})).depart(wanted).await.unwrap();
        let sent = parameters(&url);
        assert!(url.as_str().starts_with(&format!("{}/login/oauth/authorize?", gitea.fake.base())), "{url}");
        assert_eq!((sent.get("scope"), sent["response_type"].as_str(), data.len(), sent.len()), (None, "code", 43, 6));
    }
    let other = open(&gitea, &json!({"redirectURI": ""}));
    assert_fails("no callback", other.depart(PLAIN).await, "misconfigured", "expected callback URL");
}

#[tokio::test]
async fn a_refresh_sees_what_changed_and_renews_what_ended() {
    let gitea = Gitea::start().await.unwrap();
    let trial = open(&gitea, &json!({"loadAllGroups": true}));
    let identity = trial.log_in(&gitea.fake, ALL).await.unwrap();
    assert_eq!(stored(&identity), r#"{"accessToken":"at-1","refreshToken":"rt-1","expiry":"2026-08-06T11:00:00Z"}"#);
    gitea.change(|user| {
        (user.full_name, user.login) = ("Oskar Lind".into(), "oskar-l".into());
        user.teams.remove(0);
    });
    let fresh = trial.refresh(ALL, &identity).await.unwrap();
    assert_eq!((fresh.username.as_str(), fresh.preferred_username.as_str()), ("Oskar Lind", "oskar-l"));
    assert_eq!((fresh.groups.join(", ").as_str(), stored(&fresh)), ("foundry, foundry:qa", stored(&identity)));

    trial.advance(Duration::from_secs(3600));
    gitea.oauth().expire_access_tokens();
    gitea.fake.forget();
    gitea.fake.fail(Fault::at("/login/oauth/access_token").delay(Duration::from_millis(50)));
    let (one, two) = tokio::join!(trial.refresh(OFFLINE, &fresh), trial.refresh(OFFLINE, &fresh));
    let (one, two) = (one.unwrap(), two.unwrap());
    for got in [&one, &two] {
        assert!(stored(got).starts_with(r#"{"accessToken":"at-2","refreshToken":"rt-2","expiry":"2026-08-06T1"#));
    }
    assert_eq!(gitea.fake.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);

    trial.advance(Duration::from_secs(3600));
    gitea.fake.fail(Fault::at("/api/v1/user").status(502, "{}"));
    assert_fails("the API fails", trial.refresh(OFFLINE, &one).await, "unreachable", "gitea: get user");
    gitea.fake.heal();
    let third = trial.refresh(OFFLINE, &one).await.unwrap();
    assert!(stored(&third).starts_with(r#"{"accessToken":"at-3","refreshToken":"rt-3","expiry":"2026-08-06T1"#));

    trial.advance(Duration::from_secs(3600));
    gitea.oauth().revoke_all();
    assert_fails(
        "revoked",
        trial.refresh(OFFLINE, &third).await,
        "denied",
        "gitea: failed to refresh token: oauth2: \"invalid_grant\"",
    );
    assert!(trial.log_in(&gitea.fake, PLAIN).await.unwrap().connector_data.is_empty());
}

#[tokio::test]
async fn data_without_tokens_refuses_the_refresh() {
    let gitea = Gitea::start().await.unwrap();
    let trial = open(&gitea, &json!({}));
    for (data, kind, text) in [
        ("", "denied", "gitea: no refresh or access token found"),
        ("[]", "unacceptable", "gitea: unmarshal connector data"),
        (
            r#"{"accessToken":"at-1","refreshToken":"","expiry":"2020-01-01T00:00:00Z"}"#,
            "denied",
            "refresh token is not set",
        ),
    ] {
        let identity = Identity { connector_data: data.into(), ..Identity::default() };
        assert_fails(data, trial.refresh(OFFLINE, &identity).await, kind, text);
    }
}

#[tokio::test]
async fn a_refusal_there_and_a_stolen_code_end_the_login() {
    let gitea = Gitea::start().await.unwrap();
    let trial = open(&gitea, &json!({}));
    gitea.oauth().refuse_next("access_denied", "the request is not authorized");
    assert_fails("cancel", trial.log_in(&gitea.fake, PLAIN).await, "denied", "access_denied: the request");
    let (theirs, _) = trial.depart(PLAIN).await.unwrap();
    gitea.fake.browse(&theirs).await.unwrap();
    let (_, own) = trial.depart(PLAIN).await.unwrap();
    assert_fails("theirs", trial.arrive(PLAIN, &own, &[("code", "code-1")]).await, "denied", "invalid_grant");
}

#[tokio::test]
async fn a_gitea_that_is_down_is_told_from_one_that_says_no() {
    let gitea = Gitea::start().await.unwrap();
    let trial = open(&gitea, &json!({"orgs": [{"name": "foundry"}]}));
    let identity = trial.log_in(&gitea.fake, OFFLINE).await.unwrap();
    gitea.fake.go_down().await;
    assert_fails("login", trial.log_in(&gitea.fake, PLAIN).await, "unreachable", "gitea: failed to get token");
    gitea.fake.come_back().await.unwrap();
    assert!(trial.refresh(OFFLINE, &identity).await.is_ok());
    gitea.fake.go_down().await;
    assert_fails("refresh", trial.refresh(OFFLINE, &identity).await, "unreachable", "gitea: get user");
    gitea.fake.come_back().await.unwrap();
    assert!(trial.refresh(OFFLINE, &identity).await.is_ok());
}

#[tokio::test]
async fn answers_that_are_none_end_the_login() {
    let gitea = Gitea::start().await.unwrap();
    let trial = open(&gitea, &json!({"loadAllGroups": true}));
    let cases = [
        (
            Fault::at("/api/v1/user").status(401, r#"{"message":"token is required"}"#),
            "unacceptable",
            "gitea: get user",
        ),
        (Fault::at("/api/v1/user").html(), "unacceptable", "HTML"),
        (Fault::at("/api/v1/user").answer(Answer::Truncated), "unacceptable", "gitea: get user"),
        (Fault::at("/api/v1/user/teams").answer(Answer::Endless), "unacceptable", "more than"),
        (Fault::at("/api/v1/user/teams").status(403, "{}"), "unacceptable", "gitea: get teams"),
        (Fault::at("/api/v1/user/teams").status(429, "{}"), "unreachable", "gitea: get teams"),
        (Fault::at("/api/v1/user/teams").status(200, "[{\"id\":1"), "unacceptable", "ends in the middle"),
    ];
    for (fault, kind, text) in cases {
        gitea.fake.heal();
        gitea.fake.fail(fault);
        assert_fails(text, trial.log_in(&gitea.fake, PLAIN).await, kind, text);
    }
}
