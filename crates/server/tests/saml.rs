//! `dex saml explain`: what it prints, and how it exits.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A response that a key signed which nobody has any more, with the certificate of that key: what the fuzzer begins with.
const RESPONSE: &str = "../../fuzz/corpus/saml_response/signed_assertion";
const CERTIFICATE: &str = "../fuzzing/src/targets/saml.pem";

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A configuration with one connector for the response.
fn configuration(folder: &Path) -> PathBuf {
    let path = folder.join("dex.yaml");
    let certificate = here(CERTIFICATE);
    let text = format!(
        "issuer: https://dex.example\nstorage: {{type: memory}}\nweb: {{http: 127.0.0.1:0}}\nconnectors:\n\
         - {{type: mockCallback, id: mock, name: Mock}}\n- type: samlExperimental\n  id: corp\n  name: Corp\n  config:\n    \
         ssoURL: https://idp.example/sso\n    ssoIssuer: https://idp.example/metadata\n    ca: {}\n    \
         redirectURI: https://dex.example/callback\n    entityIssuer: https://dex.example/sp\n    usernameAttr: mail\n    \
         emailAttr: mail\n    groupsAttr: groups\n    allowedGroups: [staff]\n",
        certificate.display()
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn explain(config: &Path, response: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dex"));
    command.args(["saml", "explain", "--config"]).arg(config).arg(response).args(more).output().unwrap()
}

const AT: [&str; 2] = ["--at", "2026-08-06T12:00:00Z"];
const CORP: [&str; 2] = ["--connector", "corp"];

#[test]
fn a_response_is_explained_and_the_status_says_whether_it_logs_in() {
    let folder = tempfile::tempdir().unwrap();
    let (config, honest) = (configuration(folder.path()), here(RESPONSE));
    let forged = folder.path().join("forged.xml");
    let text = std::fs::read_to_string(&honest).unwrap();
    std::fs::write(&forged, text.replace(">jane<", ">admin<")).unwrap();
    let accepted = "{\"accepted\":true,\"identity\":{\"user_id\":\"jane\",\"username\":\"jane@example.com\",\
                    \"email\":\"jane@example.com\",\"groups\":[\"staff\",\"a&b < c\"]}}\n";
    type Case<'a> = (&'a str, &'a Path, &'a [&'a [&'a str]], i32, &'a str);
    let cases: [Case<'_>; 7] = [
        ("in words", &honest, &[&CORP, &AT], 0, "login    user id              jane\n"),
        ("in JSON", &honest, &[&CORP, &AT, &["--json"]], 0, accepted),
        ("its request", &honest, &[&CORP, &AT, &["--in-response-to", "r1a2b3c4"]], 0, "in-response-to"),
        ("another request", &honest, &[&CORP, &AT, &["--in-response-to", "x"]], 1, "REFUSED  in-response-to"),
        ("too late", &honest, &[&CORP, &["--at", "2026-08-06T12:06:00Z"]], 1, "REFUSED  subject-confirmation"),
        ("now", &honest, &[&CORP], 1, "REFUSED  subject-confirmation"),
        ("forged", &forged, &[&CORP, &AT, &["--json"]], 1, "{\"accepted\":false,\"check\":\"signature\",\"reason\":"),
    ];
    for (told, response, arguments, status, printed) in cases {
        let done = explain(&config, response, &arguments.concat());
        let text = String::from_utf8_lossy(&done.stdout);
        assert!(text.contains(printed), "{told}: {text}{}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(done.status.code(), Some(status), "{told}");
    }
}

#[test]
fn what_cannot_be_explained_is_told_on_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let (config, honest) = (configuration(folder.path()), here(RESPONSE));
    let cases = [
        ("corporation", &honest, "there is no connector \"corporation\""),
        ("mock", &honest, "connector \"mock\" is of type mockCallback"),
        ("corp", &folder.path().join("none"), "failed to read"),
    ];
    for (connector, response, told) in cases {
        let done = explain(&config, response, &["--connector", connector]);
        let text = String::from_utf8_lossy(&done.stderr);
        assert!(text.contains(told) && done.stdout.is_empty(), "{text}");
        assert_eq!(done.status.code(), Some(2));
    }
}
