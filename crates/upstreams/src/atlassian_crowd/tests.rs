//! Logins and refreshes against the stand-in.

use dex_connector::{AccountState, Identity, PasswordAnswer};
use dex_fakes::crowd::{Account, Crowd, PASSWORD};
use dex_fakes::kit::{Answer, CLIENT_ID, CLIENT_SECRET, Fault};
use serde_json::{Value, json};

use crate::forge::testing::{ALL, GROUPS, OFFLINE, PLAIN, assert_fails, stored};
use crate::typed::testing::Form;

const API: &str = "/crowd/rest/usermanagement/1";

/// A connector for the stand-in.
fn open(crowd: &Crowd, keys: &Value) -> Form {
    let mut config = json!({"baseURL": crowd.base_url(), "clientID": CLIENT_ID, "clientSecret": CLIENT_SECRET});
    config.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    Form::open("atlassian-crowd", &config).unwrap()
}

#[tokio::test]
async fn a_user_is_who_crowd_says() {
    let crowd = Crowd::start().await.unwrap();
    let form = open(&crowd, &json!({}));
    let expected = Identity {
        user_id: "32769:1".into(),
        username: "jane".into(),
        email: "32769:1@crowd.example".into(),
        email_verified: true,
        ..Identity::default()
    };
    assert!(form.log_in(PLAIN, "jane", PASSWORD).await.unwrap() == expected);
    assert_eq!(crowd.fake.lines(), [format!("POST {API}/session"), format!("GET {API}/user?username=jane")]);
    let told = crowd.fake.recorded();
    assert!(told.iter().all(|request| request.header("accept") == Some("application/json")));
    assert_eq!(told[0].body, r#"{"username":"jane","password":"pass&\"word"}"#);

    let identity = form.log_in(OFFLINE, "JANE", PASSWORD).await.unwrap();
    assert_eq!((identity.username.as_str(), stored(&identity)), ("jane", r#"{"username":"JANE"}"#));
    for (field, expected) in [("key", "32769:1"), ("name", "jane"), ("email", "32769:1@crowd.example"), ("x", "")] {
        let form = open(&crowd, &json!({"preferredUsernameField": field}));
        assert_eq!(form.log_in(PLAIN, "jane", PASSWORD).await.unwrap().preferred_username, expected, "{field}");
    }
    assert_eq!(open(&crowd, &json!({"usernamePrompt": "Crowd name"})).login().prompt(), "Crowd name");
    assert_eq!(form.login().prompt(), "");
    crowd.change(|all| all.user("jane").unwrap().key.clear());
    assert_fails("all would be one", form.log_in(PLAIN, "jane", PASSWORD).await, "unacceptable", "Crowd tells no key");
}

#[tokio::test]
async fn a_context_path_may_end_in_a_slash_and_a_certificate_may_be_our_own() {
    let crowd = Crowd::start_tls().await.unwrap();
    let keys = json!({"baseURL": format!("{}/", crowd.base_url()), "rootCAs": [crowd.fake.ca().unwrap()]});
    assert!(open(&crowd, &keys).log_in(PLAIN, "jane", PASSWORD).await.is_ok());
    let stranger = open(&crowd, &json!({}));
    assert_fails("not trusted", stranger.log_in(PLAIN, "jane", PASSWORD).await, "unreachable", "crowd: check password");
}

#[tokio::test]
async fn groups_are_told_with_those_they_are_in() {
    let crowd = Crowd::start().await.unwrap();
    let cases = [
        ("not asked for", json!({}), PLAIN, ""),
        ("asked for", json!({}), GROUPS, "developers, crowd-users, staff, everybody"),
        ("a gate filters", json!({"groups": ["everybody", "developers", "x"]}), GROUPS, "developers, everybody"),
        ("a gate alone", json!({"groups": ["staff"]}), PLAIN, "staff"),
    ];
    for (told, keys, wanted, expected) in cases {
        let got = open(&crowd, &keys).log_in(wanted, "jane", PASSWORD).await.expect(told);
        assert_eq!(got.groups.join(", "), expected, "{told}");
    }
    assert!(open(&crowd, &json!({})).log_in(GROUPS, "bob", PASSWORD).await.unwrap().groups.is_empty());
}

#[tokio::test]
async fn groups_are_read_page_by_page_up_to_a_limit() {
    let crowd = Crowd::start().await.unwrap();
    let form = open(&crowd, &json!({}));
    for (count, calls) in [(999, 1), (1000, 2), (1001, 2), (10_000, 11)] {
        crowd.change(|all| all.user("bob").unwrap().groups = (0..count).map(|number| format!("g{number}")).collect());
        crowd.fake.forget();
        let groups = form.log_in(GROUPS, "bob", PASSWORD).await.unwrap().groups;
        assert_eq!((groups.len(), groups.last()), (count, Some(&format!("g{}", count - 1))));
        assert_eq!(crowd.fake.lines().iter().filter(|line| line.contains("nested")).count(), calls, "{count}");
    }
    crowd.change(|all| all.user("bob").unwrap().groups.push("one more".into()));
    let got = form.log_in(GROUPS, "bob", PASSWORD).await;
    assert_fails("one too many", got, "unacceptable", "crowd: failed to query groups: more than");
}

#[tokio::test]
async fn a_wrong_password_is_wrong_and_an_account_that_may_not_be_used_is_told_if_the_password_is_right() {
    let crowd = Crowd::start().await.unwrap();
    let form = open(&crowd, &json!({}));
    for (username, password) in [("jane", ""), ("", PASSWORD), ("jane", "a\0b")] {
        assert!(matches!(form.answer(PLAIN, username, password).await.unwrap(), PasswordAnswer::Wrong));
    }
    assert!(crowd.fake.lines().is_empty(), "nobody is asked");
    crowd.change(|all| {
        let user = |name: &str, change: fn(&mut Account)| {
            let mut user = Account::new(name, name, &[]);
            change(&mut user);
            user
        };
        all.users.push(user("inactive", |user| user.active = false));
        all.users.push(user("expired", |user| user.expired = true));
        all.users.push(user("stranger", |user| user.may_enter = false));
    });
    for (username, password) in
        [("jane", "x"), ("nobody", PASSWORD), ("inactive", PASSWORD), ("inactive", "x"), ("expired", "x")]
    {
        let got = form.answer(PLAIN, username, password).await.unwrap();
        assert!(matches!(got, PasswordAnswer::Wrong), "{username} {password}: {got:?}");
    }
    let expired = form.answer(PLAIN, "expired", PASSWORD).await.unwrap();
    assert!(matches!(expired, PasswordAnswer::Refused(AccountState::PasswordExpired)), "{expired:?}");
    let stranger = form.answer(PLAIN, "stranger", PASSWORD).await;
    assert_fails("not for our application", stranger, "denied", "APPLICATION_ACCESS_DENIED");
    let inactive = r#"{"name": "jane", "key": "1", "active": false}"#;
    crowd.fake.fail(Fault::at(format!("{API}/user")).status(200, inactive));
    let disabled = form.answer(PLAIN, "jane", PASSWORD).await.unwrap();
    assert!(matches!(disabled, PasswordAnswer::Refused(AccountState::Disabled)), "{disabled:?}");
}

#[tokio::test]
async fn a_refresh_sees_what_changed() {
    let crowd = Crowd::start().await.unwrap();
    let form = open(&crowd, &json!({}));
    let identity = form.log_in(ALL, "Jane", PASSWORD).await.unwrap();
    crowd.change(|all| {
        let jane = all.user("jane").unwrap();
        jane.email = "new@crowd.example".into();
        jane.groups = vec!["crowd-users".into()];
    });
    crowd.fake.forget();
    let fresh = form.refresh(ALL, &identity).await.unwrap();
    assert_eq!((fresh.email.as_str(), fresh.groups.as_slice()), ("new@crowd.example", &["crowd-users".to_owned()][..]));
    assert_eq!((fresh.user_id, fresh.connector_data), (identity.user_id.clone(), identity.connector_data.clone()));
    let expected = [
        format!("GET {API}/user?username=Jane"),
        format!("POST {API}/session?validate-password=false"),
        format!("GET {API}/user/group/nested?username=jane&start-index=0&max-results=1000"),
    ];
    assert_eq!(crowd.fake.lines(), expected);
    assert_eq!(crowd.fake.recorded()[1].body, r#"{"username":"Jane"}"#);
    assert_eq!(form.refresh(OFFLINE, &identity).await.unwrap().groups, identity.groups, "narrowed");
    for data in ["", "x", "{}", r#"{"username":1}"#] {
        let identity = Identity { connector_data: data.into(), ..identity.clone() };
        let got = form.refresh(OFFLINE, &identity).await;
        assert_fails(data, got, "unacceptable", "crowd: failed to unmarshal internal data");
    }
}

#[tokio::test]
async fn a_refresh_ends_with_the_account() {
    let crowd = Crowd::start().await.unwrap();
    let form = open(&crowd, &json!({}));
    let identity = form.log_in(OFFLINE, "jane", PASSWORD).await.unwrap();
    crowd.change(|all| all.user("jane").unwrap().expired = true);
    assert!(form.refresh(OFFLINE, &identity).await.is_ok(), "an expired password is not asked for");
    crowd.change(|all| all.user("jane").unwrap().may_enter = false);
    assert_fails("not for us", form.refresh(OFFLINE, &identity).await, "denied", "crowd: authenticate user");
    crowd.change(|all| all.user("jane").unwrap().active = false);
    assert_fails("inactive", form.refresh(OFFLINE, &identity).await, "gone", "user \"jane\" is inactive");
    crowd.fake.fail(Fault::at(format!("{API}/user")).status(200, r#"{"name": "jane", "key": "1"}"#));
    assert_fails("inactive meanwhile", form.refresh(OFFLINE, &identity).await, "gone", "INACTIVE_ACCOUNT");
    crowd.fake.heal();
    crowd.change(|all| all.users.clear());
    assert_fails("deleted", form.refresh(OFFLINE, &identity).await, "gone", "crowd: get user \"jane\"");
}

#[tokio::test]
async fn a_crowd_that_is_down_is_told_from_one_that_says_no() {
    let crowd = Crowd::start().await.unwrap();
    let form = open(&crowd, &json!({"groups": ["staff"]}));
    let identity = form.log_in(OFFLINE, "jane", PASSWORD).await.unwrap();
    crowd.fake.go_down().await;
    let got = form.answer(PLAIN, "jane", PASSWORD).await;
    assert_fails("login", got, "unreachable", "crowd: check password");
    assert_fails("refresh", form.refresh(OFFLINE, &identity).await, "unreachable", "crowd: get user \"jane\"");
    crowd.fake.come_back().await.unwrap();
    assert!(form.log_in(PLAIN, "jane", PASSWORD).await.is_ok());
    assert!(form.refresh(OFFLINE, &identity).await.is_ok());
}

#[tokio::test]
async fn names_and_passwords_arrive_as_they_were_typed() {
    let crowd = Crowd::start().await.unwrap();
    let form = open(&crowd, &json!({}));
    let names = [
        "../../user",
        "a/b",
        "a..",
        "żółw 亀",
        "a&username=jane",
        "a#b?c",
        "a+b %2e",
        "<x>&amp;\"'</x>",
        "{\"a\":\"b\\\"}",
        "a\r\nb",
        "jane\u{202e}",
    ];
    for name in names {
        crowd.change(|all| {
            all.users.push(Account { password: name.into(), ..Account::new(name, name, &["g"]) });
        });
        let got = form.log_in(ALL, name, name).await.expect(name);
        assert_eq!((got.user_id.as_str(), got.username.as_str(), got.groups.len()), (name, name, 1));
        assert_eq!(form.refresh(ALL, &got).await.unwrap().user_id, name);
    }
}

#[tokio::test]
async fn an_application_that_may_not_ask_is_for_the_operator_to_mend() {
    let crowd = Crowd::start().await.unwrap();
    let unknown = open(&crowd, &json!({"clientSecret": "other"}));
    let text = format!("dex failed to authenticate Crowd Application with ID {CLIENT_ID:?}");
    assert_fails("wrong secret", unknown.answer(PLAIN, "jane", PASSWORD).await, "misconfigured", &text);
    let form = open(&crowd, &json!({}));
    let identity = form.log_in(OFFLINE, "jane", PASSWORD).await.unwrap();
    assert_fails("wrong secret", unknown.refresh(OFFLINE, &identity).await, "misconfigured", &text);
    let page = "<html>The server understood the request but refuses to authorize it.</html>";
    let denied = r#"{"reason": "APPLICATION_PERMISSION_DENIED", "message": "no"}"#;
    for body in [page, denied] {
        for path in ["session", "user", "user/group/nested"] {
            crowd.fake.heal();
            crowd.fake.fail(Fault::at(format!("{API}/{path}")).status(403, body));
            let got = form.answer(GROUPS, "jane", PASSWORD).await;
            assert_fails(path, got, "misconfigured", "dex is forbidden from making requests");
        }
    }
}

#[tokio::test]
async fn answers_that_are_none_end_the_login() {
    let crowd = Crowd::start().await.unwrap();
    let form = open(&crowd, &json!({}));
    let (session, user, groups) = (format!("{API}/session"), format!("{API}/user"), format!("{API}/user/group"));
    let echo = r#"{"reason": "OTHER", "message": "not now"}"#;
    let cases = [
        (Fault::at(&session).html(), "unacceptable", "HTML"),
        (Fault::at(&session).status(201, "[]"), "unacceptable", "crowd: check password"),
        (Fault::at(&session).status(400, echo), "unacceptable", "crowd: OTHER: not now"),
        (Fault::at(&session).status(400, "what"), "unacceptable", "400 Bad Request: what"),
        (Fault::at(&session).status(400, &format!("you sent {PASSWORD}")), "unacceptable", "you sent"),
        (Fault::at(&session).status(302, ""), "unacceptable", "302"),
        (Fault::at(&session).status(429, ""), "unreachable", "429"),
        (Fault::at(&session).status(500, echo), "unreachable", "crowd: check password"),
        (Fault::at(&session).answer(Answer::Truncated), "unacceptable", "ended in the middle"),
        (Fault::at(&session).answer(Answer::Endless), "unacceptable", "more than"),
        (Fault::at(&user).status(200, "{\"key\":\"1\"}"), "unacceptable", "crowd: get user \"jane\""),
        (Fault::at(&user).status(200, "{\"name\":7,\"key\":\"1\"}"), "unacceptable", "crowd: get user"),
        (Fault::at(&user).html(), "unacceptable", "HTML"),
        (Fault::at(&user).status(503, ""), "unreachable", "crowd: get user"),
        (Fault::at(&groups).status(200, "{}"), "unacceptable", "crowd: failed to query groups"),
        (Fault::at(&groups).status(200, "{\"groups\":[{}]}"), "unacceptable", "crowd: failed to query groups"),
        (Fault::at(&groups).status(500, ""), "unreachable", "crowd: failed to query groups"),
    ];
    for (fault, kind, text) in cases {
        crowd.fake.heal();
        let told = format!("{fault:?}");
        crowd.fake.fail(fault);
        let got = form.answer(GROUPS, "jane", PASSWORD).await;
        if let Err(error) = &got {
            assert!(!error.to_string().contains(PASSWORD), "{error}");
        }
        assert_fails(&told, got, kind, text);
    }
    crowd.fake.heal();
    assert!(form.log_in(GROUPS, "jane", PASSWORD).await.is_ok());
}
