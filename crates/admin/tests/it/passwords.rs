//! Local users.

use std::time::Duration;

use dex_admin::proto::{
    CreatePasswordReq, DeletePasswordReq, ListPasswordReq, Password, UpdatePasswordReq, VerifyPasswordReq,
    VerifyPasswordResp,
};
use dex_model::PasswordHash;
use dex_testkit::{LOCAL_PASSWORD, LOCAL_USER};
use tonic::Code;

use crate::kit::{HASH, Kit, answered, assert_refused, user};

fn password(email: &str) -> Password {
    Password { email: email.into(), hash: HASH.into(), username: "joe".into(), user_id: "1".into() }
}

fn create(password: Password) -> CreatePasswordReq {
    CreatePasswordReq { password: Some(password) }
}

fn verify(email: &str, password: &str) -> VerifyPasswordReq {
    VerifyPasswordReq { email: email.into(), password: password.into() }
}

fn hash(prefix: &str) -> Vec<u8> {
    HASH.replace("$2a$10$", prefix).into_bytes()
}

#[tokio::test]
async fn users_are_found_whatever_the_case_of_their_email_and_hashes_are_never_told() {
    let mut dex = Kit::start().await.client;
    let created = async |dex: &mut dex_admin::proto::dex_client::DexClient<_>, email| {
        answered(dex.create_password(create(password(email))).await).already_exists
    };
    assert!(!created(&mut dex, "Joe@example.com").await);
    assert!(created(&mut dex, "joe@EXAMPLE.com").await);
    let update =
        UpdatePasswordReq { email: "JOE@example.com".into(), new_username: "joey".into(), ..Default::default() };
    assert!(!answered(dex.update_password(update).await).not_found);

    let listed = answered(dex.list_passwords(ListPasswordReq {}).await).passwords;
    let expected = Password { hash: Vec::new(), username: "joey".into(), ..password("Joe@example.com") };
    assert!(listed.contains(&expected), "{:?}", listed.iter().map(|user| &user.email).collect::<Vec<_>>());
    assert!(listed.iter().all(|user| user.hash.is_empty()));
    assert_eq!(listed.last().unwrap().email, "fixed@example.com");

    let delete = || DeletePasswordReq { email: "joe@Example.com".into() };
    assert!(!answered(dex.delete_password(delete()).await).not_found);
    assert!(answered(dex.delete_password(delete()).await).not_found);
}

#[tokio::test]
async fn what_nobody_could_log_in_with_is_not_created() {
    let mut dex = Kit::start().await.client;
    let malformed = "parsing bcrypt hash: this is no bcrypt hash";
    let low = "given hash cost = 9 does not meet minimum cost requirement = 10";
    let high = "given hash cost = 17 is above upper bound cost = 16, recommended cost = 12";
    let email = "joe@example.com";
    let cases = [
        (None, "no password supplied"),
        (Some(Password { user_id: String::new(), ..password(email) }), "no user ID supplied"),
        (Some(Password { hash: Vec::new(), ..password(email) }), "no hash of password supplied"),
        (Some(Password { hash: b"password".to_vec(), ..password(email) }), malformed),
        (Some(Password { hash: hash("$2a$09$"), ..password(email) }), low),
        (Some(Password { hash: hash("$2a$17$"), ..password(email) }), high),
        (Some(password("")), "no email supplied"),
    ];
    for (password, text) in cases {
        assert_refused(dex.create_password(CreatePasswordReq { password }).await, Code::InvalidArgument, text);
    }
    for (new_hash, text) in [(b"password".to_vec(), malformed), (hash("$2a$09$"), low), (hash("$2a$17$"), high)] {
        let update = UpdatePasswordReq { email: LOCAL_USER.into(), new_hash, ..Default::default() };
        assert_refused(dex.update_password(update).await, Code::InvalidArgument, text);
    }
    assert!(answered(dex.verify_password(verify(email, "password")).await).not_found);
    assert!(answered(dex.verify_password(verify(LOCAL_USER, LOCAL_PASSWORD)).await).verified, "left as it was");
}

#[tokio::test]
async fn requests_without_their_parts_are_refused() {
    let mut dex = Kit::start().await.client;
    let update = |email: &str| UpdatePasswordReq { email: email.into(), ..Default::default() };
    assert_refused(dex.update_password(update("")).await, Code::InvalidArgument, "no email supplied");
    assert_refused(dex.update_password(update("x")).await, Code::InvalidArgument, "nothing to update");
    assert_refused(dex.delete_password(DeletePasswordReq::default()).await, Code::InvalidArgument, "no email supplied");
    assert_refused(dex.verify_password(verify("", "x")).await, Code::InvalidArgument, "no email supplied");
    let without = dex.verify_password(verify("x", "")).await;
    assert_refused(without, Code::InvalidArgument, "no password to verify supplied");
    let update = UpdatePasswordReq { new_username: "x".into(), ..update("nobody@example.com") };
    assert!(answered(dex.update_password(update).await).not_found);
}

#[tokio::test]
async fn what_the_configuration_has_can_be_verified_and_not_changed() {
    let mut dex = Kit::start().await.client;
    let email = "FIXED@example.com";
    assert!(answered(dex.verify_password(verify(email, "password")).await).verified);
    let text = |action: &str| format!("{action} password: static passwords: read-only cannot {action} password");
    let created = dex.create_password(create(password(email))).await;
    assert_refused(created, Code::FailedPrecondition, &text("create"));
    let update = UpdatePasswordReq { email: email.into(), new_username: "x".into(), ..Default::default() };
    assert_refused(dex.update_password(update).await, Code::FailedPrecondition, &text("update"));
    let deleted = dex.delete_password(DeletePasswordReq { email: email.into() }).await;
    assert_refused(deleted, Code::FailedPrecondition, &text("delete"));
}

#[tokio::test]
async fn a_password_is_verified_as_a_login_would() {
    let kit = Kit::start().await;
    let mut dex = kit.client();
    let weak = dex_model::Password { hash: PasswordHash::new(hash("$2a$04$")), ..user("weak@example.com", "2") };
    kit.keep(weak).await;
    let corrupt = dex_model::Password { hash: PasswordHash::new("corrupt"), ..user("corrupt@example.com", "3") };
    kit.keep(corrupt).await;
    let right = VerifyPasswordResp { verified: true, not_found: false };
    let wrong = VerifyPasswordResp::default();
    let unknown = VerifyPasswordResp { verified: false, not_found: true };
    let cases = [
        ("right", LOCAL_USER, LOCAL_PASSWORD, &right),
        ("right, the e-mail in other letters", "JANE@example.com", LOCAL_PASSWORD, &right),
        ("wrong", LOCAL_USER, "wrong", &wrong),
        ("nobody", "nobody@example.com", LOCAL_PASSWORD, &unknown),
        ("a hash that no login takes", "weak@example.com", "password", &wrong),
        ("no hash at all", "corrupt@example.com", "password", &wrong),
    ];
    for (told, email, password, expected) in cases {
        assert_eq!(&answered(dex.verify_password(verify(email, password)).await), expected, "{told}");
    }
}

#[tokio::test]
async fn whoever_guesses_is_held_up_and_let_go_on_later() {
    let kit = Kit::start().await;
    let mut dex = kit.client();
    let mut tries = 0;
    let status = loop {
        match dex.verify_password(verify(LOCAL_USER, "guess")).await {
            Ok(_) => tries += 1,
            Err(status) => break status,
        }
    };
    assert_eq!((tries, status.code()), (10, Code::ResourceExhausted), "{status:?}");
    let even_right = dex.verify_password(verify(LOCAL_USER, LOCAL_PASSWORD)).await;
    assert_eq!(even_right.unwrap_err().code(), Code::ResourceExhausted);
    assert!(answered(dex.verify_password(verify("fixed@example.com", "password")).await).verified, "another account");
    let attempt = dex_web::Attempt::Password { connector_id: "local", username: LOCAL_USER, address: None };
    assert!(kit.app.app.attempts.check(attempt, kit.app.clock.now()).is_err(), "logins count the same");
    kit.app.clock.advance(Duration::from_secs(60));
    assert!(answered(dex.verify_password(verify(LOCAL_USER, LOCAL_PASSWORD)).await).verified);
}

#[tokio::test]
async fn what_is_too_long_to_be_a_password_is_not_looked_at() {
    let mut dex = Kit::start().await.client;
    let long = "x".repeat(5000);
    let text = "email or password has more than 4096 bytes";
    assert_refused(dex.verify_password(verify(&long, "x")).await, Code::InvalidArgument, text);
    assert_refused(dex.verify_password(verify("x", &long)).await, Code::InvalidArgument, text);
}
