//! Logins and refreshes against the stand-in.

use dex_connector::Identity;
use dex_fakes::kit::{Answer, Fault};
use dex_fakes::linkedin::{Account, LinkedIn};
use serde_json::{Value, json};

use crate::forge::testing::{ALL, GROUPS, OFFLINE, PLAIN, Trial, assert_fails, parameters, stored};

/// A connector for the stand-in.
fn open(linkedin: &LinkedIn, keys: &Value) -> Trial {
    let mut all = json!({"baseURL": linkedin.fake.base(), "apiURL": linkedin.fake.base()});
    all.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    Trial::open("linkedin", &all).unwrap()
}

fn openid() -> Value {
    json!({"scopes": ["openid", "profile", "email"]})
}

fn amara() -> Identity {
    Identity {
        user_id: "xK3_pQ".into(),
        username: "Amara Diallo".into(),
        email: "amara@post.example".into(),
        email_verified: true,
        ..Identity::default()
    }
}

#[tokio::test]
async fn a_user_is_who_the_profile_says() {
    let linkedin = LinkedIn::start().await.unwrap();
    type Case = (&'static str, fn(&mut Account), Identity);
    let cases: [Case; 5] = [
        ("plain", |_| {}, amara()),
        (
            "no names",
            |user| (user.first, user.last) = (None, Some(String::new())),
            Identity { username: "amara@post.example".into(), ..amara() },
        ),
        ("a last name", |user| user.first = None, Identity { username: "Diallo".into(), ..amara() }),
        ("a first name", |user| user.last = None, Identity { username: "Amara".into(), ..amara() }),
        (
            "two addresses",
            |user| user.emails.push(Some("second@post.example".into())),
            Identity { email: "second@post.example".into(), ..amara() },
        ),
    ];
    let trial = open(&linkedin, &json!({}));
    for (told, change, expected) in cases {
        linkedin.change(|user| *user = Account::default());
        linkedin.change(change);
        let got = trial.log_in(&linkedin.fake, GROUPS).await.expect(told);
        assert!(got == expected, "{told}: {} {}", got.username, got.email);
    }
    let asked = "GET /v2/emailAddress?q=members&projection=(elements*(handle~))".to_owned();
    assert!(linkedin.fake.lines().contains(&asked));
    assert!(
        linkedin
            .fake
            .recorded()
            .iter()
            .all(|asked| asked.path != "/oauth/v2/accessToken" || asked.header("authorization").is_none())
    );
    for emails in [vec![], vec![Some("first@post.example".to_owned()), None]] {
        linkedin.change(|user| user.emails = emails);
        let text = "linkedin: get profile: fetching email: ";
        assert_fails("no address", trial.log_in(&linkedin.fake, PLAIN).await, "unacceptable", text);
        assert_fails("no address", trial.log_in(&linkedin.fake, PLAIN).await, "unacceptable", "email is not set");
    }
}

#[tokio::test]
async fn newer_applications_ask_by_openid_connect() {
    let linkedin = LinkedIn::start().await.unwrap();
    let trial = open(&linkedin, &openid());
    let identity = trial.log_in(&linkedin.fake, OFFLINE).await.unwrap();
    assert!(Identity { connector_data: Vec::new(), ..identity.clone() } == amara());
    assert_eq!(stored(&identity), r#"{"accessToken":"at-1"}"#);
    linkedin.change(|user| (user.verified, user.last) = (false, None));
    let fresh = trial.refresh(OFFLINE, &identity).await.unwrap();
    assert_eq!((fresh.email_verified, fresh.username.as_str(), stored(&fresh)), (false, "Amara", stored(&identity)));
    linkedin.change(|user| (user.emails, user.verified) = (Vec::new(), true));
    let without = trial.log_in(&linkedin.fake, PLAIN).await.unwrap();
    assert_eq!((without.email.as_str(), without.email_verified), ("", false));
    let old = open(&linkedin, &json!({"scopes": ["openid"]})).log_in(&linkedin.fake, PLAIN).await.unwrap();
    assert_eq!((old.user_id.as_str(), old.username.as_str()), ("xK3_pQ", ""), "what was not granted is not told");
}

#[tokio::test]
async fn the_browser_is_sent_with_the_scopes() {
    let linkedin = LinkedIn::start().await.unwrap();
    for (keys, scope) in [(json!({}), "r_liteprofile r_emailaddress"), (openid(), "openid profile email")] {
        for wanted in [PLAIN, ALL] {
            let (url, data) = open(&linkedin, &keys).depart(wanted).await.unwrap();
            let sent = parameters(&url);
            assert!(url.as_str().starts_with(&format!("{}/oauth/v2/authorization?", linkedin.fake.base())), "{url}");
            assert_eq!((sent["scope"].as_str(), sent.len(), data.len()), (scope, 5, 0));
        }
    }
    let (url, _) = Trial::open("linkedin", &json!({"scopes": null})).unwrap().depart(PLAIN).await.unwrap();
    assert!(url.as_str().starts_with("https://www.linkedin.com/oauth/v2/authorization?"), "{url}");
    let other = open(&linkedin, &json!({"redirectURI": "https://id.example/callback"}));
    assert_fails("another callback", other.depart(PLAIN).await, "misconfigured", "expected callback URL");
    for key in ["baseURL", "apiURL"] {
        assert_fails(key, Trial::open("linkedin", &json!({key: "linkedin"})), "misconfigured", key);
    }
}

#[tokio::test]
async fn a_refresh_sees_what_changed_while_the_token_works() {
    let linkedin = LinkedIn::start().await.unwrap();
    let trial = open(&linkedin, &json!({}));
    assert!(trial.log_in(&linkedin.fake, PLAIN).await.unwrap().connector_data.is_empty());
    let identity = trial.log_in(&linkedin.fake, OFFLINE).await.unwrap();
    assert_eq!(stored(&identity), r#"{"accessToken":"at-2"}"#);
    linkedin.change(|user| user.first = Some("A.".into()));
    let fresh = trial.refresh(PLAIN, &identity).await.unwrap();
    assert_eq!((fresh.username.as_str(), fresh.user_id.as_str()), ("A. Diallo", "xK3_pQ"));
    assert_eq!(stored(&fresh), stored(&identity));
    linkedin.oauth().revoke_all();
    assert_fails("revoked", trial.refresh(OFFLINE, &identity).await, "unacceptable", "linkedin: get profile");
    for (data, kind, text) in [
        ("", "denied", "linkedin: no upstream access token found"),
        (r#"{"accessToken":""}"#, "denied", "linkedin: no upstream access token found"),
        ("{", "unacceptable", "linkedin: unmarshal connector data"),
    ] {
        let with = Identity { connector_data: data.into(), ..identity.clone() };
        assert_fails(data, trial.refresh(OFFLINE, &with).await, kind, text);
    }
}

#[tokio::test]
async fn a_refusal_there_ends_the_login() {
    let linkedin = LinkedIn::start().await.unwrap();
    let trial = open(&linkedin, &json!({}));
    linkedin.oauth().refuse_next("unauthorized_scope_error", "Scope r_emailaddress is not authorized");
    let text = "unauthorized_scope_error: Scope";
    assert_fails("scope", trial.log_in(&linkedin.fake, PLAIN).await, "denied", text);
    let text = "linkedin: get token: oauth2: \"invalid_grant\"";
    assert_fails("no such code", trial.arrive(PLAIN, &[], &[("code", "code-9")]).await, "denied", text);
    let wrong = open(&linkedin, &json!({"clientSecret": "wrong"}));
    assert_fails("another secret", wrong.log_in(&linkedin.fake, PLAIN).await, "misconfigured", "invalid_client");
}

#[tokio::test]
async fn a_linkedin_that_is_down_is_told_from_one_that_says_no() {
    let linkedin = LinkedIn::start().await.unwrap();
    for keys in [json!({}), openid()] {
        let trial = open(&linkedin, &keys);
        let identity = trial.log_in(&linkedin.fake, OFFLINE).await.unwrap();
        linkedin.fake.go_down().await;
        assert_fails("login", trial.log_in(&linkedin.fake, PLAIN).await, "unreachable", "linkedin: get token");
        assert_fails("refresh", trial.refresh(OFFLINE, &identity).await, "unreachable", "linkedin: get profile");
        linkedin.fake.come_back().await.unwrap();
        for status in [429, 500, 503] {
            linkedin.fake.heal();
            linkedin.fake.fail(Fault::at("/v2").status(status, "{}"));
            assert_fails("busy", trial.refresh(OFFLINE, &identity).await, "unreachable", "linkedin: get profile");
        }
        linkedin.fake.heal();
        assert!(trial.refresh(OFFLINE, &identity).await.is_ok(), "the refresh token is not lost");
    }
}

#[tokio::test]
async fn answers_that_are_none_end_the_login() {
    let linkedin = LinkedIn::start().await.unwrap();
    let forbidden = r#"{"message":"Not enough permissions"}"#;
    for (keys, fault, text) in [
        (json!({}), Fault::at("/oauth/v2/accessToken").html(), "linkedin: get token"),
        (json!({}), Fault::at("/v2/me").status(401, "{}"), "linkedin: get profile"),
        (json!({}), Fault::at("/v2/me").status(200, r#"{"id":"#), "it ends in the middle"),
        (json!({}), Fault::at("/v2/me").status(200, r#"{"id":""}"#), "the user has no id"),
        (json!({}), Fault::at("/v2/me").answer(Answer::Truncated), "linkedin: get profile"),
        (json!({}), Fault::at("/v2/me").answer(Answer::Endless), "more than"),
        (json!({}), Fault::at("/v2/emailAddress").status(403, forbidden), "fetching email"),
        (json!({}), Fault::at("/v2/emailAddress").status(200, r#"{"elements":["#), "fetching email"),
        (openid(), Fault::at("/v2/userinfo").status(403, forbidden), "Not enough permissions"),
        (openid(), Fault::at("/v2/userinfo").html(), "HTML"),
        (openid(), Fault::at("/v2/userinfo").status(200, r#"{"sub":""}"#), "the user has no id"),
        (openid(), Fault::at("/v2/userinfo").status(200, r#"{"sub":5}"#), "another type"),
    ] {
        linkedin.fake.heal();
        linkedin.fake.fail(fault);
        let got = open(&linkedin, &keys).log_in(&linkedin.fake, PLAIN).await;
        assert_fails(text, got, "unacceptable", text);
    }
}
