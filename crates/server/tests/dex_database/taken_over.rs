//! `dex serve` with a configuration of Dex, on a copy of the database that Dex left.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::browser::{Answer, Browser};

pub(crate) const FIXTURES: [&str; 3] = ["dex-2.45.1", "dex-master", "dex-master-sessions"];

/// Where the issuer of every fixture is. Tokens name it, so it stays, though we listen elsewhere.
pub(crate) const ORIGIN: &str = "http://127.0.0.1:5556";

pub(crate) const CALLBACK: &str = "http://127.0.0.1:5555/callback";

/// How long the start may take before the test has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Secrets of the clients, by id; the public one has none.
const SECRETS: [(&str, &str); 2] = [("example-app", "ZXhhbXBsZS1hcHAtc2VjcmV0"), ("api-app", "YXBpLWFwcC1zZWNyZXQ")];

pub(crate) struct TakenOver {
    child: Child,
    log: Receiver<String>,
    directory: tempfile::TempDir,
    /// The `.json` beside the database.
    pub(crate) facts: Value,
}

impl TakenOver {
    /// Serves a fixture.
    pub(crate) fn of(name: &str) -> Self {
        Self::after(name, "")
    }

    /// Serves a fixture that these statements changed. Returns when it listens.
    pub(crate) fn after(name: &str, statements: &str) -> Self {
        let facts: Value = serde_json::from_str(&std::fs::read_to_string(path(name, "json")).unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::copy(path(name, "db"), directory.path().join("dex.db")).unwrap();
        Connection::open(directory.path().join("dex.db")).unwrap().execute_batch(statements).unwrap();
        let config: Vec<&str> = text(&facts["config"]).lines().filter(|line| !line.starts_with("grpc:")).collect();
        std::fs::write(directory.path().join("config.yaml"), config.join("\n")).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_dex"))
            .args(["serve", "config.yaml"])
            .arg(format!("--web-http-addr=unix:{}", directory.path().join("web.sock").display()))
            .current_dir(directory.path())
            // One configuration has a block of sessions; everything else in it is served without.
            .env("DEX_SESSIONS_ENABLED", "false")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let (keep, log) = channel();
        // Ends with the log. Whoever read it may be gone by then.
        thread::spawn(move || lines.for_each(|line| keep.send(line).unwrap_or_default()));
        let taken = Self { child, log, directory, facts };
        let mut said = Vec::new();
        while !said.last().is_some_and(|line: &String| line.contains("msg=\"listening on\" server=http ")) {
            let line = taken.log.recv_timeout(PATIENCE);
            said.push(line.unwrap_or_else(|error| panic!("{name}: {error}: {}", said.join("\n"))));
        }
        taken
    }

    /// Ends it with SIGTERM and opens what it left.
    pub(crate) fn stopped(&mut self) -> Connection {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success(), "{}", self.log());
        Connection::open(self.directory.path().join("dex.db")).unwrap()
    }

    pub(crate) fn issuer(&self) -> &str {
        text(&self.facts["issuer"])
    }

    pub(crate) fn tokens(&self) -> &[Value] {
        self.facts["tokens"].as_array().unwrap()
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.directory.path().join("web.sock"))
    }

    /// An authorization request through a connector.
    pub(crate) fn authorize(&self, client: &str, connector: &str) -> String {
        let scope = "openid+profile+email+groups+offline_access";
        let rest = format!("redirect_uri={CALLBACK}&response_type=code&scope={scope}&state=s&nonce=n");
        format!("{}/auth/{connector}?client_id={client}&{rest}", self.issuer())
    }

    /// Asks the token endpoint as a client.
    pub(crate) fn token(&self, client: &str, form: &[(&str, &str)]) -> Answer {
        let secret = SECRETS.iter().find(|(id, _)| *id == client);
        let mut form = form.to_vec();
        form.push(("client_id", client));
        form.extend(secret.map(|(_, secret)| ("client_secret", *secret)));
        self.browser().post(&format!("{}/token", self.issuer()), &form)
    }

    /// What the token endpoint has to grant.
    pub(crate) fn tokens_for(&self, client: &str, form: &[(&str, &str)]) -> Value {
        let answer = self.token(client, form);
        assert_eq!(answer.status, 200, "{client}: {answer:?}\n{}", self.log());
        answer.json()
    }

    pub(crate) fn redeemed(&self, client: &str, code: &str) -> Value {
        self.tokens_for(client, &[("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)])
    }

    pub(crate) fn introspected(&self, token: &str) -> Value {
        self.browser().post(&format!("{}/token/introspect", self.issuer()), &[("token", token)]).json()
    }

    /// The ids of the published keys.
    pub(crate) fn keys(&self) -> Vec<String> {
        let keys = self.browser().visit(&format!("{}/keys", self.issuer())).json();
        keys["keys"].as_array().unwrap().iter().map(|key| text(&key["kid"]).to_owned()).collect()
    }

    /// What it said since this was asked last.
    fn log(&self) -> String {
        self.log.try_iter().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for TakenOver {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// A file of a fixture.
pub(crate) fn path(name: &str, kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../storage-sql/tests/fixtures").join(format!("{name}.{kind}"))
}
