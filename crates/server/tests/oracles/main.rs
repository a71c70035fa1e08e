//! The real binary against the relying-party libraries of others, and against a person's browser.
//!
//! The programs lie in `oracles/`; `cargo xtask setup` installs what they need. One that is missing fails its test.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod browser;
mod dex;
mod guards;
mod http;
mod kubernetes;
mod program;
mod saml;
mod takeover;
mod upstream;

use serde_json::{Value, json};

use crate::dex::{Dex, PUBLIC, REDIRECT_URI, SERVICE, WEB};
use crate::program::Program;

/// `sub` of the users, as the Go program makes it: it must never change.
const ADMIN: &str = "CiQwOGE4Njg0Yi1kYjg4LTRiNzMtOTBhOS0zY2QxNjYxZjU0NjYSBWxvY2Fs";
const KILGORE: &str = "Cg0wLTM4NS0yODA4OS0wEgRtb2Nr";

/// A whole login with a replayed code at the end.
fn signs_in(program: &Program) {
    let dex = Dex::start();
    let local = program.run(&dex, "code", &WEB, "local");
    assert_eq!(local["sub"], ADMIN);
    assert_eq!(local["email"], "admin@example.com");
    assert_eq!(local["refreshed"], true);
    assert_eq!(local["code_replay"], "invalid_grant");

    let upstream = program.run(&dex, "code", &PUBLIC, "mock");
    assert_eq!(upstream["sub"], KILGORE);
    assert_eq!(upstream["groups"], json!(["authors"]));
}

/// The device grant, for a client with a secret and for one without.
fn signs_in_as_a_device(program: &Program) {
    let dex = Dex::start();
    for client in [&WEB, &PUBLIC] {
        assert_eq!(program.run(&dex, "device", client, "local")["sub"], ADMIN);
    }
}

fn signs_in_as_itself(program: &Program) {
    let learnt = program.run(&Dex::start(), "client_credentials", &SERVICE, "");
    assert!(learnt["sub"].as_str().is_some_and(|sub| !sub.is_empty()), "{learnt}");
}

#[test]
fn go_oidc_signs_in() {
    signs_in(&Program::Go);
}

#[test]
fn go_oauth2_signs_in_as_a_device() {
    signs_in_as_a_device(&Program::Go);
}

#[test]
fn go_oauth2_signs_in_as_itself() {
    signs_in_as_itself(&Program::Go);
}

#[test]
fn openid_client_signs_in() {
    signs_in(&Program::Node);
}

#[test]
fn openid_client_signs_in_as_a_device() {
    signs_in_as_a_device(&Program::Node);
}

#[test]
fn openid_client_signs_in_as_itself() {
    signs_in_as_itself(&Program::Node);
}

#[test]
fn openid_client_takes_a_posted_answer() {
    assert_eq!(Program::Node.run(&Dex::start(), "form_post", &WEB, "local")["sub"], ADMIN);
}

#[test]
fn openid_client_takes_a_hybrid_answer() {
    assert_eq!(Program::Node.run(&Dex::start(), "hybrid", &WEB, "local")["sub"], ADMIN);
}

#[test]
fn openid_client_signs_out() {
    let dex = Dex::with_sessions([REDIRECT_URI, REDIRECT_URI]);
    let learnt = Program::Node.run(&dex, "logout", &WEB, "local");
    assert_eq!((&learnt["sub"], &learnt["afterwards"]), (&json!(ADMIN), &json!("login_required")));
}

#[test]
fn authlib_signs_in() {
    signs_in(&Program::Python);
}

#[test]
fn authlib_signs_in_as_a_device() {
    signs_in_as_a_device(&Program::Python);
}

#[test]
fn authlib_signs_in_as_itself() {
    signs_in_as_itself(&Program::Python);
}

#[test]
fn a_wrong_password_signs_nobody_in() {
    let dex = Dex::start();
    for program in [Program::Go, Program::Node, Program::Python] {
        let said = program.refused(&dex, &WEB, "wrong");
        assert!(said.contains("/auth/local/login"), "{program:?}: {said}");
    }
}

#[test]
fn a_person_signs_in_at_the_example_application() {
    let learnt: Value = browser::log_in("local");
    assert_eq!(learnt["sub"], ADMIN);
    assert_eq!(browser::log_in("mock")["sub"], KILGORE);
}

#[test]
fn a_person_sets_up_second_factors_and_shows_them_ever_after() {
    let learnt = browser::show_second_factors();
    assert_eq!((&learnt["first"]["sub"], &learnt["again"]["sub"]), (&json!(ADMIN), &json!(ADMIN)), "{learnt:#}");
    assert_eq!(learnt["first"]["asked"], json!(["set up a generator", "register a key"]), "{learnt:#}");
    assert_eq!(learnt["again"]["asked"], json!(["code", "key"]), "{learnt:#}");
}

#[test]
fn a_person_signs_in_once_for_two_applications() {
    let learnt = browser::stay_signed_in("local");
    let (first, second) = (&learnt["first"], &learnt["second"]);
    assert_eq!((&first["claims"]["sub"], &second["claims"]["sub"]), (&json!(ADMIN), &json!(ADMIN)), "{learnt:#}");
    assert!(first["claims"]["sid"].is_string());
    assert_eq!(first["claims"]["sid"], second["claims"]["sid"]);
    assert_eq!(first["claims"]["auth_time"], second["claims"]["auth_time"]);
    let visited = |told: &Value| told["visited"].as_array().unwrap().contains(&json!("/dex/auth/local/login"));
    assert!(visited(first) && !visited(second), "{learnt:#}");
    assert!(learnt["nobody"].as_str().unwrap().contains("Not signed in"), "{learnt:#}");
    let home = learnt["home"].as_str().unwrap();
    assert!(home.contains("admin@example.com") && home.contains("127.0.0.1"), "{home}");
    let (device, code) = (&learnt["device"], learnt["device"]["code"].as_str().unwrap());
    assert!(device["asked"].as_str().unwrap().contains(code), "{device}");
    assert!(device["done"].as_str().unwrap().contains("Login Successful"), "{device}");
    let cookie = &learnt["cookie"];
    assert_eq!(
        (&cookie["path"], &cookie["httpOnly"], &cookie["sameSite"]),
        (&json!("/dex"), &json!(true), &json!("Lax"))
    );
}
