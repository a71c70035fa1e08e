//! Logins and refreshes against the stand-in.

use std::io::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dex_connector::Identity;
use dex_fakes::kit::{Answer, Fault};
use dex_fakes::openshift::{Account, OpenShift};
use serde_json::{Value, json};

use crate::forge::testing::{ALL, OFFLINE, PLAIN, Trial, assert_fails, parameters, stored};

/// A connector for the stand-in.
fn open(openshift: &OpenShift, keys: &Value) -> Trial {
    let mut all = json!({"issuer": openshift.fake.base()});
    all.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    Trial::open("openshift", &all).unwrap()
}

const UID: &str = "0d9c3b7e-1111-2222-3333-444455556666";

#[tokio::test]
async fn a_user_is_who_the_cluster_says() {
    let openshift = OpenShift::start().await.unwrap();
    let lina = Identity {
        user_id: UID.into(),
        username: "lina".into(),
        preferred_username: "lina".into(),
        email: "lina".into(),
        email_verified: false,
        groups: vec!["cluster-readers".into(), "payments".into()],
        connector_data: Vec::new(),
    };
    for keys in [json!({}), json!({"issuer": format!("{}/", openshift.fake.base())}), json!({"groups": ["payments"]})] {
        let got = open(&openshift, &keys).log_in(&openshift.fake, PLAIN).await.unwrap();
        assert!(got == lina, "{keys}: {:?}", got.groups);
    }
    assert!(openshift.fake.lines().contains(&"GET /apis/user.openshift.io/v1/users/~".to_owned()));
    openshift.change(|user| user.uid = None);
    let text = "openshift: get user: the user has no uid";
    assert_fails("no uid", open(&openshift, &json!({})).log_in(&openshift.fake, PLAIN).await, "unacceptable", text);
    openshift.change(|user| (user.name, user.groups) = ("kube:admin".into(), Vec::new()));
    let got = open(&openshift, &json!({})).log_in(&openshift.fake, PLAIN).await.unwrap();
    assert_eq!((got.user_id.as_str(), got.username.as_str(), got.groups.len()), ("", "kube:admin", 0));
}

#[tokio::test]
async fn the_browser_is_sent_where_the_cluster_says() {
    let openshift = OpenShift::start().await.unwrap();
    for (pkce, count) in [(true, 7), (false, 5)] {
        openshift.change(|user| user.pkce = pkce);
        let trial = open(&openshift, &json!({}));
        let (url, data) = trial.depart(ALL).await.unwrap();
        let sent = parameters(&url);
        assert!(url.as_str().starts_with(&format!("{}/oauth/authorize?", openshift.fake.base())), "{url}");
        assert_eq!((sent["scope"].as_str(), sent.len(), data.is_empty()), ("user:info", count, !pkce));
        assert!(trial.log_in(&openshift.fake, PLAIN).await.is_ok());
    }
    let other = open(&openshift, &json!({"redirectURI": "https://id.example/dex/"}));
    assert_fails("another callback", other.depart(PLAIN).await, "misconfigured", "expected callback URL");
}

#[tokio::test]
async fn the_gate_is_shut_at_login_and_refresh_whatever_the_client_asks() {
    let openshift = OpenShift::start().await.unwrap();
    let shut = open(&openshift, &json!({"groups": ["root"]}));
    for wanted in [PLAIN, ALL] {
        let text = "user \"lina\" is not in any of the required groups [\"root\"]";
        assert_fails("login", shut.log_in(&openshift.fake, wanted).await, "gate", text);
    }
    let trial = open(&openshift, &json!({"groups": ["payments", "root"]}));
    let identity = trial.log_in(&openshift.fake, OFFLINE).await.unwrap();
    let identity = trial.refresh(OFFLINE, &identity).await.unwrap();
    assert_eq!(identity.groups, ["cluster-readers", "payments"], "it does not narrow them");
    openshift.change(|user| user.groups.truncate(1));
    for wanted in [OFFLINE, ALL] {
        assert_fails("removed since", trial.refresh(wanted, &identity).await, "gate", "lina");
    }
    openshift.change(|user| user.groups.clear());
    assert_fails("in none", trial.log_in(&openshift.fake, PLAIN).await, "gate", "lina");
}

#[tokio::test]
async fn thousands_of_groups_are_read() {
    let openshift = OpenShift::start().await.unwrap();
    openshift.change(|user| user.groups = (0..20_000).map(|n| format!("group-{n}")).collect());
    let trial = open(&openshift, &json!({"groups": ["group-19999"]}));
    assert_eq!(trial.log_in(&openshift.fake, PLAIN).await.unwrap().groups.len(), 20_000);
    openshift.change(|user| user.groups = vec!["g".repeat(4096); 1_100]);
    let got = trial.log_in(&openshift.fake, PLAIN).await;
    assert_fails("too many", got, "unacceptable", "with more than 4194304 bytes");
}

#[tokio::test]
async fn a_refresh_sees_what_changed_while_the_token_lives() {
    let openshift = OpenShift::start().await.unwrap();
    let trial = open(&openshift, &json!({}));
    assert!(trial.log_in(&openshift.fake, PLAIN).await.unwrap().connector_data.is_empty());
    let identity = trial.log_in(&openshift.fake, ALL).await.unwrap();
    let kept = r#"{"access_token":"at-2","token_type":"Bearer","expiry":"2026-08-07T10:00:00Z","expires_in":86400}"#;
    assert_eq!(stored(&identity), kept);
    openshift.change(|user| drop(user.groups.pop()));
    for wanted in [ALL, PLAIN] {
        let fresh = trial.refresh(wanted, &identity).await.unwrap();
        assert_eq!((fresh.groups.as_slice(), stored(&fresh)), (&["cluster-readers".to_owned()][..], kept));
        assert_eq!(fresh.user_id, UID);
    }
    trial.advance(Duration::from_secs(86_390));
    let text = "openshift: get user: oauth2: token expired and refresh token is not set";
    assert_fails("expired", trial.refresh(ALL, &identity).await, "denied", text);
    let rubbish = Identity { connector_data: b"{".into(), ..identity };
    assert_fails("rubbish", trial.refresh(ALL, &rubbish).await, "unacceptable", "parsing token");
}

#[tokio::test]
async fn tokens_that_were_renewed_are_kept() {
    let openshift = OpenShift::start().await.unwrap();
    openshift.oauth().change(|terms| (terms.refresh_tokens, terms.expires_in) = (true, Some(60)));
    let trial = open(&openshift, &json!({}));
    let identity = trial.log_in(&openshift.fake, OFFLINE).await.unwrap();
    trial.advance(Duration::from_secs(60));
    let fresh = trial.refresh(PLAIN, &identity).await.unwrap();
    assert!(
        stored(&fresh).contains(r#""access_token":"at-2""#) && stored(&fresh).contains(r#""refresh_token":"rt-2""#)
    );
    openshift.oauth().revoke_all();
    let revoked = trial.refresh(PLAIN, &fresh).await;
    assert_fails("revoked", revoked, "unacceptable", "openshift: get user");
    trial.advance(Duration::from_secs(60));
    assert_fails("for good", trial.refresh(PLAIN, &fresh).await, "denied", "invalid_grant");
}

#[tokio::test]
async fn a_private_authority_is_trusted_or_not_looked_at() {
    let openshift = OpenShift::start_tls().await.unwrap();
    let ca = openshift.fake.ca().unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(ca.as_bytes()).unwrap();
    for keys in [
        json!({"rootCA": ca}),
        json!({"rootCA": STANDARD.encode(ca)}),
        json!({"rootCA": file.path()}),
        json!({"insecureCA": true}),
    ] {
        open(&openshift, &keys).log_in(&openshift.fake, PLAIN).await.unwrap();
    }
    let other = OpenShift::start_tls().await.unwrap();
    for keys in [json!({}), json!({"rootCA": other.fake.ca()})] {
        let text = "failed to query OpenShift endpoint";
        assert_fails("another", open(&openshift, &keys).connector.prepare().await, "unreachable", text);
    }
    let none = Trial::open("openshift", &json!({"issuer": "https://x", "rootCA": "/no/such.pem"}));
    assert_fails("none", none, "misconfigured", "failed to create HTTP client: rootCAs.0 is not in PEM format");
    assert_fails(
        "no issuer",
        Trial::open("openshift", &json!({})),
        "misconfigured",
        "issuer is not an http or https URL",
    );
}

#[tokio::test]
async fn a_refusal_there_and_a_stolen_code_end_the_login() {
    let openshift = OpenShift::start().await.unwrap();
    let trial = open(&openshift, &json!({}));
    openshift.oauth().refuse_next("access_denied", "no");
    assert_fails("cancel", trial.log_in(&openshift.fake, PLAIN).await, "denied", "access_denied: no");
    let (theirs, _) = trial.depart(PLAIN).await.unwrap();
    openshift.fake.browse(&theirs).await.unwrap();
    let (_, own) = trial.depart(PLAIN).await.unwrap();
    let text = "openshift: failed to get token: oauth2: \"invalid_grant\"";
    assert_fails("theirs", trial.arrive(PLAIN, &own, &[("code", "code-1")]).await, "denied", text);
    let wrong = open(&openshift, &json!({"clientSecret": "wrong"}));
    assert_fails("another secret", wrong.log_in(&openshift.fake, PLAIN).await, "misconfigured", "invalid_client");
}

#[tokio::test]
async fn a_cluster_that_is_down_is_told_from_one_that_says_no() {
    let openshift = OpenShift::start().await.unwrap();
    let trial = open(&openshift, &json!({}));
    openshift.fake.go_down().await;
    let text = "failed to query OpenShift endpoint";
    assert_fails("start", trial.depart(PLAIN).await, "unreachable", text);
    openshift.fake.come_back().await.unwrap();
    let identity = trial.log_in(&openshift.fake, OFFLINE).await.unwrap();
    openshift.fake.go_down().await;
    assert_fails("login", trial.log_in(&openshift.fake, PLAIN).await, "unreachable", "openshift: failed to get token");
    assert_fails("refresh", trial.refresh(OFFLINE, &identity).await, "unreachable", "openshift: get user");
    openshift.fake.come_back().await.unwrap();
    for status in [429, 500, 503] {
        openshift.fake.heal();
        openshift.fake.fail(Fault::at("/apis").status(status, "{}"));
        assert_fails("busy", trial.refresh(OFFLINE, &identity).await, "unreachable", "openshift: get user");
    }
    openshift.fake.heal();
    assert!(trial.refresh(OFFLINE, &identity).await.is_ok(), "the refresh token is not lost");
}

#[tokio::test]
async fn answers_that_are_none_end_the_login() {
    let openshift = OpenShift::start().await.unwrap();
    let user = Fault::at("/apis");
    let cases = [
        (
            Fault::at("/.well-known").status(404, r#"{"kind":"Status","code":404}"#),
            "failed to query OpenShift endpoint",
        ),
        (Fault::at("/.well-known").status(200, r#"{"kind":"Status"}"#), "has no \"token_endpoint\""),
        (
            Fault::at("/.well-known")
                .status(200, r#"{"token_endpoint":"https://x","authorization_endpoint":"javascript:1"}"#),
            "has no \"authorization_endpoint\"",
        ),
        (Fault::at("/.well-known").html(), "HTML"),
        (Fault::at("/oauth/token").html(), "openshift: failed to get token"),
        (user.clone().status(401, r#"{"kind":"Status","reason":"Unauthorized"}"#), "Unauthorized"),
        (user.clone().status(403, r#"{"kind":"Status","reason":"Forbidden"}"#), "Forbidden"),
        (user.clone().status(200, r#"{"metadata":"#), "it ends in the middle"),
        (user.clone().status(200, r#"{"metadata":{"name":5}}"#), "another type"),
        (user.clone().answer(Answer::Truncated), "openshift: get user"),
        (user.answer(Answer::Endless), "more than"),
    ];
    for (fault, text) in cases {
        openshift.change(|user| *user = Account::default());
        openshift.fake.heal();
        openshift.fake.fail(fault);
        let trial = open(&openshift, &json!({}));
        let got = match trial.depart(PLAIN).await {
            Ok(_) => trial.log_in(&openshift.fake, PLAIN).await,
            Err(error) => Err(error),
        };
        assert_fails(text, got, "unacceptable", text);
    }
}
