//! Logins and refreshes against the stand-in.

use std::time::{Duration, Instant};

use dex_connector::Identity;
use dex_fakes::github::{Account, GitHub};
use dex_fakes::kit::{Answer, Fault, Terms};
use serde_json::{Value, json};

use crate::forge::testing::{ALL, GROUPS, OFFLINE, PLAIN, Trial, assert_fails, parameters, stored};

/// A connector for the stand-in.
fn open(github: &GitHub, keys: &Value) -> Trial {
    let mut all = json!({"baseURL": github.fake.base(), "apiURL": github.fake.base()});
    for (key, value) in keys.as_object().unwrap() {
        all[key] = value.clone();
    }
    Trial::open("github", &all).unwrap()
}

fn team(org: &str, name: &str) -> (String, String, String) {
    (org.to_owned(), name.to_owned(), name.to_lowercase())
}

/// Expiring tokens, as GitHub Apps hand out.
fn as_app(terms: &mut Terms) {
    (terms.expires_in, terms.refresh_tokens) = (Some(28_800), true);
}

const HOURS_9: Duration = Duration::from_secs(9 * 3600);

#[tokio::test]
async fn a_user_is_who_github_says() {
    let github = GitHub::start().await.unwrap();
    let plain = Identity {
        user_id: "4021177".into(),
        username: "Mira Kowalski".into(),
        preferred_username: "mira-k".into(),
        email: "mira@home.example".into(),
        email_verified: true,
        ..Identity::default()
    };
    type Case<'a> = (&'a str, Value, fn(&mut Account), Identity);
    let cases: [Case<'_>; 7] = [
        ("plain", json!({}), |_| {}, plain.clone()),
        (
            "no display name",
            json!({}),
            |user| user.name = None,
            Identity { username: "mira-k".into(), ..plain.clone() },
        ),
        (
            "an empty one",
            json!({}),
            |user| user.name = Some(String::new()),
            Identity { username: "mira-k".into(), ..plain.clone() },
        ),
        (
            "public address",
            json!({}),
            |user| user.email = Some("pub@x.example".into()),
            Identity { email: "pub@x.example".into(), ..plain.clone() },
        ),
        (
            "preferred domain",
            json!({"preferredEmailDomain": "corp.example"}),
            |_| {},
            Identity { email: "mira@corp.example".into(), ..plain.clone() },
        ),
        (
            "preferred domain before the public address",
            json!({"preferredEmailDomain": "*.example"}),
            |user| user.email = Some("pub@x.test".into()),
            Identity { email: "mira@corp.example".into(), ..plain.clone() },
        ),
        ("login as id", json!({"useLoginAsID": true}), |_| {}, Identity { user_id: "mira-k".into(), ..plain.clone() }),
    ];
    for (told, keys, change, expected) in cases {
        github.change(|user| *user = Account { page_max: 2, ..Account::default() });
        github.change(change);
        let got = open(&github, &keys).log_in(&github.fake, PLAIN).await.unwrap();
        assert!(got == expected, "{told}: {} {} {}", got.user_id, got.username, got.email);
    }
}

#[tokio::test]
async fn an_own_instance_is_asked_over_tls_and_does_not_verify_addresses() {
    let github = GitHub::start_tls().await.unwrap();
    github.change(|user| user.emails = vec![("mira@home.example".into(), false, true)]);
    let host = github.fake.base().trim_start_matches("https://");
    let keys = |ca: Option<&str>| json!({"hostName": host, "rootCA": ca, "orgs": [{"name": "acme"}]});
    let trial = Trial::open("github", &keys(github.fake.ca())).unwrap();
    let got = trial.log_in(&github.fake, PLAIN).await.unwrap();
    assert_eq!((got.email.as_str(), got.groups.len()), ("mira@home.example", 2));
    assert!(github.fake.lines().contains(&"GET /api/v3/user".to_owned()));
    let untrusting = Trial::open("github", &keys(None)).unwrap();
    assert_fails(
        "another authority",
        untrusting.log_in(&github.fake, PLAIN).await,
        "unreachable",
        "github: failed to get token",
    );
}

#[tokio::test]
async fn groups_are_read_as_configured() {
    let github = GitHub::start().await.unwrap();
    github.change(|user| user.page_max = 2);
    let acme = |teams: Value| json!({"orgs": [{"name": "acme", "teams": teams}]});
    let all = |field: &str| json!({"loadAllGroups": true, "teamNameField": field});
    let cases = [
        ("all", all(""), GROUPS, "acme, acme:Site Reliability, acme:Docs, solo-org"),
        ("all, by slug", all("slug"), GROUPS, "acme, acme:site-reliability, acme:docs, solo-org"),
        (
            "all, by both",
            all("both"),
            GROUPS,
            "acme, acme:Site Reliability, acme:site-reliability, acme:Docs, acme:docs, solo-org",
        ),
        ("all, not asked for", all("name"), PLAIN, ""),
        ("none configured", json!({}), GROUPS, ""),
        ("one team", acme(json!(["Docs"])), PLAIN, "acme:Docs"),
        ("every team", acme(Value::Null), PLAIN, "acme:Site Reliability, acme:Docs"),
        ("every team of an organization without any", json!({"orgs": [{"name": "solo-org"}]}), PLAIN, ""),
        (
            "two organizations",
            json!({"orgs": [{"name": "solo-org"}, {"name": "other"}, {"name": "ACME", "teams": ["Docs"]}]}),
            GROUPS,
            "ACME:Docs",
        ),
        ("the older form", json!({"org": "acme"}), PLAIN, "Site Reliability, Docs"),
        (
            "orgs win over loadAllGroups",
            json!({"orgs": [{"name": "acme", "teams": ["Docs"]}], "loadAllGroups": true}),
            GROUPS,
            "acme:Docs",
        ),
    ];
    for (told, keys, wanted, expected) in cases {
        let got = open(&github, &keys).log_in(&github.fake, wanted).await.expect(told);
        assert_eq!(got.groups.join(", "), expected, "{told}");
    }
    github.change(|user| (user.orgs, user.teams) = (vec![], vec![]));
    assert!(open(&github, &all("")).log_in(&github.fake, GROUPS).await.unwrap().groups.is_empty());
}

#[tokio::test]
async fn an_organization_that_keeps_us_out_is_one_the_user_is_not_in() {
    let github = GitHub::start().await.unwrap();
    let trial = open(&github, &json!({"orgs": [{"name": "acme"}, {"name": "solo-org"}]}));
    github.fake.fail(Fault::at("/orgs/acme/").status(403, r#"{"message":"Resource protected by organization SAML"}"#));
    assert!(trial.log_in(&github.fake, PLAIN).await.unwrap().groups.is_empty());
    github.fake.fail(Fault::at("/orgs/solo-org/").status(404, "{}"));
    assert_fails("both", trial.log_in(&github.fake, PLAIN).await, "gate", "mira-k");
    let failures = [
        (
            Fault::at("/orgs/").status(401, "{}"),
            "unacceptable",
            "github: unexpected return status: \"401 Unauthorized\"",
        ),
        (Fault::at("/orgs/").status(500, "{}"), "unreachable", "github: unexpected return status: \"500"),
        (
            Fault::at("/orgs/").status(403, "{}").header("x-ratelimit-remaining", "0"),
            "unreachable",
            "too many requests",
        ),
        (Fault::at("/orgs/").status(429, "{}"), "unreachable", "too many requests"),
    ];
    for (fault, kind, text) in failures {
        github.fake.heal();
        github.fake.fail(fault);
        assert_fails(text, trial.log_in(&github.fake, PLAIN).await, kind, text);
    }
    github.fake.heal();
    let elsewhere = Fault::at("/orgs/").status(302, "{}").header("location", "https://github.test/orgs/acme");
    github.fake.fail(elsewhere);
    assert_fails("a redirect elsewhere", trial.log_in(&github.fake, PLAIN).await, "gate", "mira-k");
}

#[tokio::test]
async fn the_browser_is_sent_with_what_the_groups_need() {
    let github = GitHub::start().await.unwrap();
    let gate = json!({"orgs": [{"name": "acme"}]});
    for (keys, wanted, scope) in [
        (json!({}), PLAIN, "user:email"),
        (json!({}), OFFLINE, "user:email"),
        (json!({}), GROUPS, "user:email read:org"),
        (json!({"loadAllGroups": true}), PLAIN, "user:email"),
        (json!({"loadAllGroups": true}), ALL, "user:email read:org"),
        (gate.clone(), PLAIN, "user:email read:org"),
        (json!({"org": "acme"}), OFFLINE, "user:email read:org"),
    ] {
        let (url, data) = open(&github, &keys).depart(wanted).await.unwrap();
        let sent = parameters(&url);
        assert!(url.as_str().starts_with(&format!("{}/login/oauth/authorize?", github.fake.base())), "{url}");
        let get = |key: &str| sent[key].as_str();
        assert_eq!((get("scope"), get("state"), get("response_type")), (scope, "state-1", "code"));
        assert_eq!((get("client_id"), get("redirect_uri")), ("dex-under-test", "https://id.example/dex/callback"));
        assert_eq!((get("code_challenge_method"), data.len(), sent.len()), ("S256", 43, 7));
    }
    let other = open(&github, &json!({"redirectURI": "https://id.example/callback"}));
    assert_fails("another callback", other.depart(PLAIN).await, "misconfigured", "expected callback URL");
}

#[tokio::test]
async fn github_is_asked_in_order_and_once() {
    let github = GitHub::start().await.unwrap();
    let trial =
        open(&github, &json!({"orgs": [{"name": "acme", "teams": ["Docs"]}, {"name": "solo-org", "teams": ["x"]}]}));
    let (to, data) = trial.depart(PLAIN).await.unwrap();
    github.fake.browse(&to).await.unwrap();
    github.fake.forget();
    trial.arrive(PLAIN, &data, &[("code", "code-1"), ("state", "any")]).await.unwrap();
    let mut lines = github.fake.lines();
    lines[3..5].sort();
    let expected = [
        "POST /login/oauth/access_token",
        "GET /user",
        "GET /user/emails?per_page=100",
        "GET /orgs/acme/members/mira-k",
        "GET /orgs/solo-org/members/mira-k",
        "GET /user/teams?per_page=100",
    ];
    assert_eq!(lines, expected);
    let recorded = github.fake.recorded();
    assert_eq!(recorded[0].field("redirect_uri").as_deref(), Some("https://id.example/dex/callback"));
    for request in &recorded[1..] {
        assert_eq!(request.header("x-github-api-version"), Some("2022-11-28"));
        assert_eq!(request.header("authorization"), Some("Bearer at-1"));
        assert!(request.header("user-agent").unwrap().starts_with("dex/"));
    }
}

#[tokio::test]
async fn a_stolen_code_is_worth_nothing_in_another_login() {
    let github = GitHub::start().await.unwrap();
    let trial = open(&github, &json!({}));
    let (theirs, _) = trial.depart(PLAIN).await.unwrap();
    github.fake.browse(&theirs).await.unwrap();
    let (_, own) = trial.depart(PLAIN).await.unwrap();
    assert_fails("theirs", trial.arrive(PLAIN, &own, &[("code", "code-1")]).await, "denied", "invalid_grant");
}

#[tokio::test]
async fn a_refusal_there_and_a_missing_code_are_told_apart() {
    let github = GitHub::start().await.unwrap();
    let trial = open(&github, &json!({}));
    github.oauth().refuse_next("access_denied", "The user has denied your application access.");
    let refused = trial.log_in(&github.fake, PLAIN).await;
    assert_fails("cancel", refused, "denied", "access_denied: The user has denied your application access.");
    assert_fails(
        "no code",
        trial.arrive(PLAIN, b"", &[("state", "s")]).await,
        "unacceptable",
        "neither a code nor an error",
    );
    assert!(!github.fake.lines().iter().any(|line| line.starts_with("POST")));
    let unknown = trial.arrive(PLAIN, b"", &[("code", "code-9")]).await;
    assert_fails(
        "a code that is not good",
        unknown,
        "denied",
        "github: failed to get token: oauth2: \"invalid_grant\"",
    );
}

#[tokio::test]
async fn a_refresh_sees_what_changed_and_keeps_what_was_not_asked() {
    let github = GitHub::start().await.unwrap();
    let trial = open(&github, &json!({"loadAllGroups": true}));
    let identity = trial.log_in(&github.fake, ALL).await.unwrap();
    assert_eq!(stored(&identity), r#"{"accessToken":"at-1","expiry":"0001-01-01T00:00:00Z"}"#);
    github.change(|user| {
        (user.name, user.login) = (Some("Mira Nowak".into()), "mira-n".into());
        user.orgs.retain(|org| org != "solo-org");
        user.teams.push(team("acme", "New"));
    });
    let fresh = trial.refresh(ALL, &identity).await.unwrap();
    assert_eq!((fresh.username.as_str(), fresh.preferred_username.as_str()), ("Mira Nowak", "mira-n"));
    assert_eq!(fresh.groups.join(", "), "acme, acme:Site Reliability, acme:Docs, acme:New");
    assert_eq!(
        (fresh.user_id, stored(&identity)),
        ("4021177".into(), std::str::from_utf8(&fresh.connector_data).unwrap())
    );
    assert_eq!(trial.refresh(OFFLINE, &identity).await.unwrap().groups, identity.groups, "narrowed");
    assert!(trial.log_in(&github.fake, PLAIN).await.unwrap().connector_data.is_empty());
}

#[tokio::test]
async fn tokens_that_end_are_renewed_and_kept() {
    let github = GitHub::start().await.unwrap();
    github.oauth().change(as_app);
    let trial = open(&github, &json!({}));
    let identity = trial.log_in(&github.fake, OFFLINE).await.unwrap();
    assert_eq!(stored(&identity), r#"{"accessToken":"at-1","refreshToken":"rt-1","expiry":"2026-08-06T18:00:00Z"}"#);
    github.fake.forget();
    let same = trial.refresh(OFFLINE, &identity).await.unwrap();
    assert_eq!((stored(&same), github.fake.lines()[0].as_str()), (stored(&identity), "GET /user"));

    trial.advance(HOURS_9);
    github.oauth().expire_access_tokens();
    let renewed = trial.refresh(OFFLINE, &identity).await.unwrap();
    assert_eq!(stored(&renewed), r#"{"accessToken":"at-2","refreshToken":"rt-2","expiry":"2026-08-07T03:00:00Z"}"#);

    trial.advance(HOURS_9);
    github.oauth().change(|terms| terms.rotates = false);
    let kept = trial.refresh(OFFLINE, &renewed).await.unwrap();
    assert_eq!(stored(&kept), r#"{"accessToken":"at-3","refreshToken":"rt-2","expiry":"2026-08-07T12:00:00Z"}"#);

    trial.advance(HOURS_9);
    github.oauth().revoke_all();
    let revoked = trial.refresh(OFFLINE, &kept).await;
    assert_fails("revoked", revoked, "denied", "github: failed to refresh token: oauth2: \"invalid_grant\"");
}

#[tokio::test]
async fn a_refresh_token_is_spent_once_by_many_and_not_lost_by_a_failure() {
    let github = GitHub::start().await.unwrap();
    github.oauth().change(as_app);
    let trial = open(&github, &json!({}));
    let identity = trial.log_in(&github.fake, OFFLINE).await.unwrap();
    trial.advance(HOURS_9);
    github.fake.fail(Fault::at("/user").status(500, "{}"));
    assert_fails("the API fails", trial.refresh(OFFLINE, &identity).await, "unreachable", "github: get user");
    github.fake.heal();
    github.fake.forget();
    github.fake.fail(Fault::at("/login").delay(Duration::from_millis(50)));
    let (one, two) = tokio::join!(trial.refresh(OFFLINE, &identity), trial.refresh(OFFLINE, &identity));
    for got in [one.unwrap(), two.unwrap()] {
        assert!(stored(&got).starts_with(r#"{"accessToken":"at-2","refreshToken":"rt-2","expiry":"2026-08-07T0"#));
    }
    assert!(!github.fake.lines().iter().any(|line| line.starts_with("POST")));
}

#[tokio::test]
async fn data_without_tokens_refuses_the_refresh() {
    let github = GitHub::start().await.unwrap();
    let trial = open(&github, &json!({}));
    let with = |data: &str| Identity { user_id: "4021177".into(), connector_data: data.into(), ..Identity::default() };
    let cases = [
        ("", "denied", "github: no refresh or access token found"),
        (r#"{"accessToken":"","expiry":"0001-01-01T00:00:00Z"}"#, "denied", "github: no refresh or access token found"),
        ("{", "unacceptable", "github: unmarshal connector data"),
        (
            r#"{"accessToken":"at-1","expiry":"2020-01-01T00:00:00Z"}"#,
            "denied",
            "oauth2: token expired and refresh token is not set",
        ),
        (r#"{"accessToken":"at-9"}"#, "unacceptable", "github: get user"),
    ];
    for (data, kind, text) in cases {
        assert_fails(data, trial.refresh(OFFLINE, &with(data)).await, kind, text);
    }
    trial.log_in(&github.fake, OFFLINE).await.unwrap();
    let old = trial.refresh(OFFLINE, &with(r#"{"accessToken":"at-1"}"#)).await.unwrap();
    assert_eq!(stored(&old), r#"{"accessToken":"at-1","expiry":"0001-01-01T00:00:00Z"}"#);
}

#[tokio::test]
async fn a_github_that_is_down_is_told_from_one_that_says_no() {
    let github = GitHub::start().await.unwrap();
    let trial = open(&github, &json!({"orgs": [{"name": "acme"}]}));
    let identity = trial.log_in(&github.fake, OFFLINE).await.unwrap();
    github.fake.go_down().await;
    assert_fails("login", trial.log_in(&github.fake, PLAIN).await, "unreachable", "github: failed to get token");
    github.fake.come_back().await.unwrap();
    assert!(trial.refresh(OFFLINE, &identity).await.is_ok());
    github.fake.go_down().await;
    assert_fails("refresh", trial.refresh(OFFLINE, &identity).await, "unreachable", "github: get user");
    github.fake.come_back().await.unwrap();
    assert!(trial.refresh(OFFLINE, &identity).await.is_ok());
}

#[tokio::test]
async fn answers_that_are_none_end_the_login() {
    let github = GitHub::start().await.unwrap();
    let trial = open(&github, &json!({"loadAllGroups": true}));
    let cases = [
        (Fault::at("/user").status(401, r#"{"message":"Bad credentials"}"#), "unacceptable", "github: get user"),
        (Fault::at("/user").html(), "unacceptable", "HTML"),
        (Fault::at("/user").answer(Answer::Truncated), "unacceptable", "github: get user"),
        (Fault::at("/user").answer(Answer::Endless), "unacceptable", "more than"),
        (Fault::at("/user").status(200, ""), "unacceptable", "empty"),
        (Fault::at("/user").status(200, r#"{"id":"12","login":"m"}"#), "unacceptable", "another type"),
        (Fault::at("/user/emails").status(500, "{}"), "unreachable", "github: get user"),
        (Fault::at("/user/orgs").status(403, "{}"), "unacceptable", "github: get orgs"),
        (Fault::at("/user/teams").status(429, "{}"), "unreachable", "github: get teams"),
        (
            Fault::at("/login/oauth/access_token").status(500, "<h1>oops</h1>"),
            "unreachable",
            "github: failed to get token: oauth2: cannot fetch token",
        ),
        (
            Fault::at("/login/oauth/access_token").status(200, "{}"),
            "unacceptable",
            "oauth2: server response missing access_token",
        ),
        (
            Fault::at("/login/oauth/access_token").status(200, r#"{"error":"incorrect_client_credentials"}"#),
            "",
            "incorrect_client_credentials",
        ),
    ];
    for (fault, kind, text) in cases {
        github.fake.heal();
        github.fake.fail(fault);
        let got = trial.log_in(&github.fake, GROUPS).await;
        if kind.is_empty() {
            assert!(got.unwrap_err().to_string().contains(text));
        } else {
            assert_fails(text, got, kind, text);
        }
    }
    github.fake.heal();
    assert!(trial.log_in(&github.fake, GROUPS).await.is_ok());
}

#[tokio::test]
async fn thousands_of_teams_are_read_and_too_many_refuse_the_login() {
    let github = GitHub::start().await.unwrap();
    let many = |count: usize| (0..count).map(|number| team("acme", &format!("Team {number}"))).collect::<Vec<_>>();
    github.change(|user| user.teams = many(5_000));
    let trial = open(&github, &json!({"orgs": [{"name": "acme", "teams": ["Team 4999"]}]}));
    github.fake.forget();
    assert_eq!(trial.log_in(&github.fake, PLAIN).await.unwrap().groups, ["acme:Team 4999"]);
    let read = github.fake.lines().iter().filter(|line| line.starts_with("GET /user/teams")).count();
    assert_eq!(read, 50);
    github.change(|user| user.teams = many(5_001));
    assert_fails(
        "one too many",
        trial.log_in(&github.fake, PLAIN).await,
        "unacceptable",
        "github: get teams: more than 50 pages",
    );
    let elsewhere =
        Fault::at("/user/teams").status(200, "[]").header("link", "<https://evil.test/?page=2>; rel=\"next\"");
    github.fake.fail(elsewhere);
    assert_fails("elsewhere", trial.log_in(&github.fake, PLAIN).await, "unacceptable", "another host");
}

#[tokio::test(start_paused = true)]
async fn a_github_that_hangs_does_not_hang_the_login() {
    let github = GitHub::start().await.unwrap();
    github.fake.fail(Fault::at("/").delay(Duration::from_secs(3600)));
    let trial = open(&github, &json!({}));
    let begun = Instant::now();
    let got = trial.arrive(PLAIN, b"", &[("code", "code-1")]).await;
    assert_fails("it hangs", got, "unreachable", "longer than");
    assert!(begun.elapsed() < Duration::from_secs(10));
}
