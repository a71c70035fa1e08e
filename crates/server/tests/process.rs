//! The real binary: what it prints, how it exits, how it stops.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How long anything here may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(20);

fn dex(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dex")).args(arguments).output().unwrap()
}

#[test]
fn exit_statuses_and_streams_are_those_of_dex() {
    let cases: [(&[&str], i32, &str, &str); 8] = [
        (&[], 2, "Usage: dex", ""),
        (&["help"], 0, "Usage: dex", ""),
        (&["--help"], 0, "Usage: dex", ""),
        (&["version"], 0, "Dex Version: DEV\n", ""),
        (&["completion", "bash"], 0, "_dex()", ""),
        (&["serve"], 2, "", "dex demo"),
        (&["serve", "--nonsense"], 2, "", "unexpected argument '--nonsense'"),
        (&["nonsense"], 2, "", "unrecognized subcommand 'nonsense'"),
    ];
    for (arguments, status, stdout, stderr) in cases {
        let done = dex(arguments);
        assert_eq!(done.status.code(), Some(status), "{arguments:?}");
        for (stream, expected) in [(&done.stdout, stdout), (&done.stderr, stderr)] {
            let text = String::from_utf8_lossy(stream);
            assert!(text.contains(expected), "{arguments:?}: {text}");
            assert_eq!(text.is_empty(), expected.is_empty(), "{arguments:?}: {text}");
        }
    }
}

#[test]
fn every_shell_gets_its_completion() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let done = dex(&["completion", shell]);
        assert!(done.status.success() && !done.stdout.is_empty(), "{shell}");
    }
}

/// `dex` at work on two socket files.
struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
    _directory: tempfile::TempDir,
    web: PathBuf,
    telemetry: PathBuf,
    /// What the log said until everything listened.
    began: String,
}

impl Running {
    fn start() -> Self {
        Self::start_with(CONFIG, &[])
    }

    fn start_with(config: &str, variables: &[(&str, &str)]) -> Self {
        let text = config;
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let (web, telemetry, config) = (path("web.sock"), path("telemetry.sock"), path("config.yaml"));
        std::fs::write(&config, text).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_dex"))
            .arg("serve")
            .arg(format!("--web-http-addr=unix:{}", web.display()))
            .arg(format!("--telemetry-addr=unix:{}", telemetry.display()))
            .arg(config)
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut running = Self { child, log, _directory: directory, web, telemetry, began: String::new() };
        // The binding of the last listener is the last thing said.
        running.began = running.log_until("server=http ");
        running
    }

    fn log_until(&mut self, text: &str) -> String {
        let mut read = String::new();
        while !read.contains(text) {
            assert_ne!(self.log.read_line(&mut read).unwrap(), 0, "the log ended before {text}");
        }
        read
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for the end; the status and what was left of the log.
    fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.log.read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

const CONFIG: &str = "\
issuer: http://127.0.0.1:5556/dex
storage: {type: memory}
web: {http: 127.0.0.1:0}
enablePasswordDB: true
";

fn connect(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn get(path: &Path, uri: &str) -> String {
    let mut stream = connect(path);
    write!(stream, "GET {uri} HTTP/1.1\r\nhost: dex\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn post(path: &Path, uri: &str, form: &str) -> String {
    post_with_cookie(path, uri, form, "")
}

fn post_with_cookie(path: &Path, uri: &str, form: &str, cookie: &str) -> String {
    let mut stream = connect(path);
    let head = "content-type: application/x-www-form-urlencoded\r\nconnection: close\r\nhost: dex";
    write!(stream, "POST {uri} HTTP/1.1\r\n{head}\r\ncookie: {cookie}\r\ncontent-length: {}\r\n\r\n{form}", form.len())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn sigterm_fails_readiness_drains_and_exits_with_zero() {
    for (signal, said) in [(Signal::TERM, "terminated"), (Signal::INT, "interrupt")] {
        let running = Running::start();
        assert!(get(&running.telemetry, "/healthz/ready").starts_with("HTTP/1.1 200 "));
        let mut begun = connect(&running.web);
        begun.write_all(b"GET /dex/healthz HTTP/1.1\r\nhost: d").unwrap();
        // Answered after `begun` was accepted, as connections are accepted in order.
        assert!(get(&running.web, "/dex/healthz").starts_with("HTTP/1.1 "));

        running.signal(Signal::HUP);
        running.signal(signal);
        let deadline = Instant::now() + PATIENCE;
        while get(&running.telemetry, "/healthz/ready").starts_with("HTTP/1.1 200 ") {
            assert!(Instant::now() < deadline, "readiness fails");
        }
        assert!(get(&running.telemetry, "/healthz/live").ends_with("ok"));
        while running.web.exists() {
            assert!(Instant::now() < deadline, "the listener is closed");
        }
        begun.write_all(b"ex\r\n\r\n").unwrap();
        let mut answer = String::new();
        begun.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 ") && answer.contains("connection: close"), "{answer}");

        let (status, log) = running.end();
        assert_eq!(status, Some(0), "{log}");
        assert!(!log.contains("time is up"), "all that runs ends by itself: {log}");
        let expected = format!("msg=\"shutdown now\" err=\"received signal {said}\"\n");
        assert!(log.ends_with(&expected), "{log}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let running = Running::start();
    let mut begun = connect(&running.web);
    begun.write_all(b"GET /dex/healthz HTTP/1.1\r\nhost: d").unwrap();
    assert!(get(&running.web, "/dex/healthz").starts_with("HTTP/1.1 "));
    running.signal(Signal::TERM);
    let deadline = Instant::now() + PATIENCE;
    while running.web.exists() {
        assert!(Instant::now() < deadline, "the listener is closed");
    }
    running.signal(Signal::TERM);
    assert_eq!(running.end().0, Some(128 + 15));
}

#[test]
fn an_address_in_use_is_an_error_with_status_two() {
    let running = Running::start();
    let config = running.web.with_file_name("config.yaml");
    let address = format!("unix:{}", running.web.display());
    let flag = format!("--web-http-addr={address}");
    let done = dex(&["serve", &flag, config.to_str().unwrap()]);
    assert_eq!(done.status.code(), Some(2));
    let text = String::from_utf8_lossy(&done.stderr);
    assert!(text.contains(&format!("listening (http) on {address}: ")), "{text}");
    running.signal(Signal::TERM);
    running.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_signs_and_its_absence_passes() {
    let bao = dex_peers::OpenBao::start().await.unwrap();
    bao.run(&["write", "-f", "transit/keys/dex", "type=ecdsa-p384"]).await.unwrap();
    let config = format!(
        "{CONFIG}\
signer: {{type: vault, config: {{addr: '{}', keyName: dex, token: $TOKEN}}}}
oauth2: {{grantTypes: [client_credentials]}}
staticClients: [{{id: app, secret: app-secret, name: App}}]
",
        bao.url()
    );
    let variables = [("TOKEN", dex_peers::OpenBao::ROOT_TOKEN), ("VAULT_CLIENT_TIMEOUT", "2s")];
    let running = Running::start_with(&config, &variables);
    let form = "grant_type=client_credentials&client_id=app&client_secret=app-secret&scope=openid";
    let token = || post(&running.web, "/dex/token", form);

    let keys = get(&running.web, "/dex/keys");
    assert!(keys.contains(r#""alg": "ES384""#), "{keys}");
    let issued = token();
    assert!(issued.starts_with("HTTP/1.1 200 "), "{issued}");
    bao.pause().unwrap();
    let away = token();
    assert!(away.starts_with("HTTP/1.1 503 ") && away.contains("retry-after: "), "{away}");
    assert_eq!(get(&running.web, "/dex/keys").split("\r\n\r\n").nth(1), keys.split("\r\n\r\n").nth(1));
    bao.go_on().unwrap();
    let issued = token();
    assert!(issued.starts_with("HTTP/1.1 200 "), "{issued}");
    running.signal(Signal::TERM);
    assert_eq!(running.end().0, Some(0));
}

/// What Dex writes with these keys at its start, and for an exchanged token (config spec, 10).
#[test]
fn the_records_that_operators_look_for_are_those_of_dex() {
    let config = format!(
        "{CONFIG}{}",
        r#"
connectors: [{type: mockCallback, id: mock, name: Mock}]
staticClients: [{id: app, name: App, secret: s}]
signer: {type: local, config: {keysRotationPeriod: 6h}}
expiry: {refreshTokens: {validIfNotUsedFor: 2160h, absoluteLifetime: 3960h, reuseInterval: 3s}}
"#
    );
    let running = Running::start_with(&config, &[]);
    for record in [
        r#"msg="continue on connector failure feature flag enabled""#,
        r#"msg="signer configured" type=local keys_rotation_period=6h"#,
        r#"msg="config device requests" valid_for=5m0s"#,
        r#"msg="config refresh tokens" valid_if_not_used_for=2160h"#,
        r#"msg="config refresh tokens" absolute_lifetime=3960h"#,
        r#"msg="config refresh tokens" reuse_interval=3s"#,
    ] {
        assert!(running.began.contains(record), "{record} is not in {}", running.began);
    }
    let exchanged = post(
        &running.web,
        "/dex/token",
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&client_id=app&client_secret=s&connector_id=mock\
         &subject_token=t&subject_token_type=urn:ietf:params:oauth:token-type:access_token&scope=openid",
    );
    assert!(exchanged.starts_with("HTTP/1.1 200"), "{exchanged}");
    running.signal(Signal::TERM);
    let began = running.began.clone();
    let (_, log) = running.end();
    // The keys are looked after beside the listeners.
    let log = format!("{began}{log}");
    let rotated = r#"msg="keys rotated" reason="missing signing key" next_rotation="#;
    assert!(log.contains(rotated), "{log}");
    let record = r#"connector_id=mock client_id=app user_id=0-385-28089-0 username="Kilgore Trout" preferred_username="" email=kilgore@kilgore.trout groups=[authors]"#;
    assert!(log.contains(record), "{log}");
}

#[test]
fn a_wrong_password_is_logged_with_its_user_and_connector() {
    let config =
        format!("{CONFIG}staticClients: [{{id: app, name: App, secret: s, redirectURIs: ['https://app.example/']}}]\n");
    let running = Running::start_with(&config, &[]);
    let query = "client_id=app&redirect_uri=https://app.example/&response_type=code&scope=openid";
    let began = get(&running.web, &format!("/dex/auth/local?{query}"));
    let header =
        |name: &str| began.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{began}"));
    let cookie = header("set-cookie: ").split(';').next().unwrap();
    let form = "login=jane@example.com&password=not-this-one";
    let answer = post_with_cookie(&running.web, header("location: "), form, cookie);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    running.signal(Signal::TERM);
    let (_, log) = running.end();
    let record =
        r#"msg="failed login attempt: Invalid credentials." user=jane@example.com connector_id=local request_id="#;
    assert!(log.contains(record) && !log.contains("not-this-one"), "{log}");
}
