//! Logins and refreshes against the stand-in, and how it fails; `tests/it/keystone.rs` asks a real Keystone.

use dex_connector::{AccountState, Identity, PasswordAnswer};
use dex_fakes::keystone::{ADMIN, Account, Keystone, PASSWORD};
use dex_fakes::kit::{Answer, Fault};
use serde_json::{Value, json};

use crate::forge::testing::{ALL, GROUPS, OFFLINE, PLAIN, assert_fails};
use crate::typed::testing::Form;

/// A connector for the stand-in, without an administrator.
fn open_plain(keystone: &Keystone, keys: &Value) -> Form {
    let mut config = json!({"keystoneHost": keystone.fake.base(), "domain": "default"});
    config.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    Form::open("keystone", &config).unwrap()
}

fn open(keystone: &Keystone, keys: &Value) -> Form {
    let mut all = json!({"keystoneUsername": ADMIN, "keystonePassword": PASSWORD});
    all.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    open_plain(keystone, &all)
}

#[tokio::test]
async fn a_user_is_who_keystone_says() {
    let keystone = Keystone::start().await.unwrap();
    let form = open_plain(&keystone, &json!({}));
    let expected = Identity {
        user_id: "u-jane".into(),
        username: "jane".into(),
        email: "jane@stack.example".into(),
        email_verified: true,
        ..Identity::default()
    };
    assert!(
        form.log_in(ALL, "jane", PASSWORD).await.unwrap()
            == Identity { groups: vec!["ops".into(), "dev".into()], ..expected.clone() }
    );
    assert_eq!(
        keystone.fake.lines(),
        ["POST /v3/auth/tokens/", "GET /v3/users/u-jane/groups", "GET /v3/users/u-jane"],
        "the user's own token is enough"
    );
    let sent: Value = serde_json::from_slice(&keystone.fake.recorded()[0].body).unwrap();
    let user = json!({"name": "jane", "domain": {"id": "default"}, "password": PASSWORD});
    assert_eq!(sent, json!({"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}));
    assert!(form.log_in(PLAIN, "jane", PASSWORD).await.unwrap() == expected);
    let bob = form.log_in(GROUPS, "bob", PASSWORD).await.unwrap();
    assert_eq!((bob.email.as_str(), bob.email_verified, bob.groups.len()), ("", false, 0));
    let by_name = open_plain(&keystone, &json!({"domain": "Default"}));
    assert!(by_name.log_in(PLAIN, "jane", PASSWORD).await.is_ok());
    assert_eq!(form.login().prompt(), "username");
    assert!(form.0.refresh().is_none(), "nobody can look users up");
}

#[tokio::test]
async fn a_wrong_password_is_wrong_and_one_that_is_right_and_not_enough_is_told() {
    let keystone = Keystone::start().await.unwrap();
    let form = open(&keystone, &json!({}));
    for (username, password) in [("jane", ""), ("", PASSWORD), ("ja\0ne", PASSWORD)] {
        assert!(matches!(form.answer(PLAIN, username, password).await.unwrap(), PasswordAnswer::Wrong));
    }
    assert!(keystone.fake.lines().is_empty(), "nobody is asked");
    for (username, password) in [("jane", "x"), ("nobody", PASSWORD)] {
        assert!(matches!(form.answer(PLAIN, username, password).await.unwrap(), PasswordAnswer::Wrong));
    }
    let elsewhere = open(&keystone, &json!({"domain": "heat"}));
    assert!(matches!(elsewhere.answer(PLAIN, "jane", PASSWORD).await.unwrap(), PasswordAnswer::Wrong));
    keystone.change(|realm| realm.user("jane").unwrap().expired = true);
    assert!(matches!(form.answer(PLAIN, "jane", "x").await.unwrap(), PasswordAnswer::Wrong));
    let expired = form.answer(PLAIN, "jane", PASSWORD).await.unwrap();
    assert!(matches!(expired, PasswordAnswer::Refused(AccountState::PasswordExpired)), "{expired:?}");
    keystone.change(|realm| realm.user("bob").unwrap().needs_totp = true);
    assert_fails("a factor more", form.answer(PLAIN, "bob", PASSWORD).await, "denied", "further factor");
    keystone.change(|realm| realm.user("bob").unwrap().enabled = false);
    assert!(matches!(form.answer(PLAIN, "bob", PASSWORD).await.unwrap(), PasswordAnswer::Wrong));
    keystone.fake.fail(Fault::at("/v3/users/u-admin").status(200, r#"{"user": {"enabled": false}}"#));
    let disabled = form.answer(PLAIN, ADMIN, PASSWORD).await.unwrap();
    assert!(matches!(disabled, PasswordAnswer::Refused(AccountState::Disabled)), "{disabled:?}");
}

#[tokio::test]
async fn a_list_that_is_not_whole_decides_nothing() {
    let keystone = Keystone::start().await.unwrap();
    let form = open(&keystone, &json!({}));
    let many = |count: usize| (0..count).map(|number| format!("g{number}")).collect::<Vec<_>>();
    keystone.change(|realm| realm.user("bob").unwrap().groups = many(10_000));
    assert_eq!(form.log_in(GROUPS, "bob", PASSWORD).await.unwrap().groups, many(10_000));
    keystone.change(|realm| realm.user("bob").unwrap().groups = many(10_001));
    let got = form.answer(GROUPS, "bob", PASSWORD).await;
    assert_fails("one too many", got, "unacceptable", "more than 10000 groups");
    keystone.change(|realm| (realm.truncates, realm.user("bob").unwrap().groups) = (true, many(2)));
    let got = form.answer(GROUPS, "bob", PASSWORD).await;
    assert_fails("cut", got, "unacceptable", "more than 2 groups, which is Keystone's list_limit");
    let paged = format!(
        r#"{{"groups": [{{"name": "first"}}], "truncated": true, "links": {{"next": "{}next"}}}}"#,
        keystone.fake.url()
    );
    keystone.fake.fail(Fault::at("/v3/users/u-bob/groups").status(200, &paged));
    keystone.fake.fail(Fault::at("/next").status(200, r#"{"groups": [{"name": "second"}], "links": {"next": null}}"#));
    assert_eq!(form.log_in(GROUPS, "bob", PASSWORD).await.unwrap().groups, ["first", "second"]);
}

#[tokio::test]
async fn the_administrator_asks_where_users_may_not() {
    let keystone = Keystone::start().await.unwrap();
    keystone.change(|realm| realm.reads_self = false);
    let jane = open(&keystone, &json!({})).log_in(GROUPS, "jane", PASSWORD).await.unwrap();
    assert_eq!((jane.email.as_str(), jane.groups.len()), ("jane@stack.example", 2));
    let alone = open_plain(&keystone, &json!({})).log_in(GROUPS, "jane", PASSWORD).await.unwrap();
    assert_eq!((alone.user_id.as_str(), alone.email.as_str(), alone.email_verified), ("u-jane", "", false));
    assert!(alone.groups.is_empty());
    let gated = open_plain(&keystone, &json!({"groups": ["dev"]}));
    assert_fails(
        "a gate",
        gated.answer(PLAIN, "jane", PASSWORD).await,
        "misconfigured",
        "keystone: get groups of user",
    );
}

#[tokio::test]
async fn a_refresh_sees_what_changed_with_one_token_of_the_administrators() {
    let keystone = Keystone::start().await.unwrap();
    for scope in ["system", "domain"] {
        let form = open(&keystone, &json!({}));
        keystone.change(|realm| realm.admin_scope = scope);
        let identity = form.log_in(ALL, "jane", PASSWORD).await.unwrap();
        keystone.change(|realm| {
            let jane = realm.user("jane").unwrap();
            (jane.name, jane.email) = ("janet".into(), "janet@stack.example".into());
            jane.groups.push("new".into());
        });
        let fresh = form.refresh(ALL, &identity).await.unwrap();
        assert_eq!((fresh.username.as_str(), fresh.email.as_str()), ("janet", "janet@stack.example"));
        assert_eq!((fresh.user_id.as_str(), fresh.groups.len()), ("u-jane", identity.groups.len() + 1));
        keystone.fake.forget();
        assert_eq!(form.refresh(OFFLINE, &identity).await.unwrap().groups, identity.groups, "narrowed");
        assert_eq!(keystone.fake.lines(), ["GET /v3/users/u-jane"], "{scope}");
        keystone.change(|realm| {
            realm.revoke();
            realm.user("janet").unwrap().name = "jane".into();
        });
        assert!(form.refresh(OFFLINE, &identity).await.is_ok(), "{scope}: a token that ended is replaced");
    }
}

#[tokio::test]
async fn a_refresh_ends_with_the_account_and_not_with_the_administrators() {
    let keystone = Keystone::start().await.unwrap();
    let form = open(&keystone, &json!({}));
    let identity = form.log_in(OFFLINE, "jane", PASSWORD).await.unwrap();
    keystone.change(|realm| realm.user("jane").unwrap().enabled = false);
    assert_fails("disabled", form.refresh(OFFLINE, &identity).await, "gone", "keystone: user \"u-jane\" is disabled");
    keystone.change(|realm| realm.users.retain(|user| user.name != "jane"));
    assert_fails("deleted", form.refresh(OFFLINE, &identity).await, "gone", "keystone: user \"u-jane\" does not exist");
    let refused = open(&keystone, &json!({"keystonePassword": "other"}));
    let got = refused.refresh(OFFLINE, &identity).await;
    assert_fails("wrong password", got, "misconfigured", "keystone: failed to obtain admin token");
    let bob = open(&keystone, &json!({"keystoneUsername": "bob"}));
    let got = bob.refresh(OFFLINE, &identity).await;
    assert_fails("no role", got, "misconfigured", "keystone: get user \"u-jane\"");
    for (change, text) in [(0, "the password has expired"), (1, "a further factor is asked for")] {
        keystone.change(|realm| {
            let admin = realm.user(ADMIN).unwrap();
            (admin.expired, admin.needs_totp) = (change == 0, change == 1);
        });
        assert_fails(text, open(&keystone, &json!({})).refresh(OFFLINE, &identity).await, "misconfigured", text);
    }
}

#[tokio::test]
async fn a_keystone_that_is_down_is_told_from_one_that_says_no() {
    let keystone = Keystone::start().await.unwrap();
    let form = open(&keystone, &json!({"groups": ["dev"]}));
    let identity = form.log_in(OFFLINE, "jane", PASSWORD).await.unwrap();
    keystone.fake.go_down().await;
    assert_fails("login", form.answer(PLAIN, "jane", PASSWORD).await, "unreachable", "keystone: error");
    let got = form.refresh(OFFLINE, &identity).await;
    assert_fails("refresh", got, "unreachable", "keystone: failed to obtain admin token");
    keystone.fake.come_back().await.unwrap();
    assert!(form.refresh(OFFLINE, &identity).await.is_ok());
    keystone.fake.go_down().await;
    let got = form.refresh(OFFLINE, &identity).await;
    assert_fails("refresh with a token", got, "unreachable", "keystone: get user \"u-jane\"");
    keystone.fake.come_back().await.unwrap();
    assert!(form.refresh(OFFLINE, &identity).await.is_ok());
}

#[tokio::test]
async fn names_and_passwords_arrive_as_they_were_typed() {
    let keystone = Keystone::start().await.unwrap();
    let form = open(&keystone, &json!({}));
    for name in ["a/../b", "a b?c#d%2e&", "żółw 亀", "<x>&amp;\"'</x>", "{\"a\":\"b\\\"}", "a\r\nb", "\u{202e}a"] {
        let id = name.replace("\r\n", "|");
        keystone.change(|realm| {
            realm.users.push(Account { password: name.into(), ..Account::new(&id, name, &["g"]) });
        });
        let got = form.log_in(ALL, name, name).await.expect(name);
        assert_eq!((&got.user_id, got.username.as_str(), got.groups.len()), (&id, name, 1));
        assert_eq!(form.refresh(ALL, &got).await.unwrap().username, name);
    }
}

#[tokio::test]
async fn answers_that_are_none_end_the_login() {
    let keystone = Keystone::start().await.unwrap();
    let form = open(&keystone, &json!({}));
    let (tokens, user, groups) = ("/v3/auth/tokens", "/v3/users/u-jane", "/v3/users/u-jane/groups");
    let granted = r#"{"token": {"user": {"id": "u-jane", "name": "jane"}}}"#;
    let header = |fault: Fault| fault.header("x-subject-token", "token-1");
    let cases = [
        (Fault::at(tokens).html(), "unacceptable", "HTML"),
        (header(Fault::at(tokens).status(200, granted)), "unacceptable", "its status is not 201"),
        (Fault::at(tokens).status(201, granted), "unacceptable", "it has no X-Subject-Token"),
        (
            header(Fault::at(tokens).status(201, r#"{"token": {"user": {"id": ""}}}"#)),
            "unacceptable",
            "its user has no id",
        ),
        (header(Fault::at(tokens).status(201, r#"{"token": {}}"#)), "unacceptable", "keystone: error"),
        (Fault::at(tokens).status(400, &format!("you sent {PASSWORD}")), "unacceptable", "you sent"),
        (Fault::at(tokens).status(403, "{}"), "unacceptable", "403"),
        (Fault::at(tokens).status(300, "{}"), "unacceptable", "300"),
        (Fault::at(tokens).status(429, "{}"), "unreachable", "429"),
        (Fault::at(tokens).status(500, "{}"), "unreachable", "keystone: error"),
        (Fault::at(tokens).answer(Answer::Truncated), "unacceptable", "ended in the middle"),
        (Fault::at(tokens).answer(Answer::Endless), "unacceptable", "more than"),
        (Fault::at(groups).status(200, "{}"), "unacceptable", "keystone: get groups of user \"u-jane\""),
        (Fault::at(groups).status(200, r#"{"groups": [{}]}"#), "unacceptable", "keystone: get groups of user"),
        (
            Fault::at(groups).status(200, r#"{"groups": [], "links": {"next": "https://evil.test/"}}"#),
            "unacceptable",
            "not followed",
        ),
        (Fault::at(groups).status(404, "{}"), "unacceptable", "keystone: get groups of user"),
        (Fault::at(groups).status(503, "{}"), "unreachable", "keystone: get groups of user"),
        (Fault::at(user).status(200, "[]"), "unacceptable", "keystone: get"),
        (Fault::at(user).status(200, r#"{"user": {"email": ["x"]}}"#), "unacceptable", "keystone: get"),
        (Fault::at(user).html(), "unacceptable", "HTML"),
        (Fault::at(user).status(500, "{}"), "unreachable", "keystone: get"),
    ];
    for (fault, kind, text) in cases {
        keystone.fake.heal();
        let told = format!("{fault:?}");
        keystone.fake.fail(fault);
        let got = form.answer(GROUPS, "jane", PASSWORD).await;
        if let Err(error) = &got {
            assert!(!error.to_string().contains(PASSWORD), "{error}");
        }
        assert_fails(&told, got, kind, text);
    }
    keystone.fake.heal();
    keystone.fake.fail(Fault::at(tokens).status(401, "<html>no</html>"));
    assert!(matches!(form.answer(PLAIN, "jane", PASSWORD).await.unwrap(), PasswordAnswer::Wrong));
}
