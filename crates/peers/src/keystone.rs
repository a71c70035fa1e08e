//! OpenStack Keystone, with its records in a SQLite file.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nix::sys::signal::Signal;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::service::quick_folder;
use crate::tool::answer;
use crate::{Process, free_port};

/// How long it may take to start. It is Python that reads much.
const START_MAX: Duration = Duration::from_secs(60);
/// How long it may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// What its tokens are sealed with. They guard nothing.
const KEY: &str = "ZGV4LXRlc3RzLW9ubHktbm90LWEtc2VjcmV0LWtleSE=";

/// A running Keystone with the domain `default`, and an administrator with a role in the system and no default project.
pub struct Keystone {
    process: Process,
    _folder: TempDir,
    http: Client,
    url: String,
    token: String,
}

impl Keystone {
    /// The administrator's name.
    pub const ADMIN: &'static str = "admin";
    /// The administrator's password.
    pub const PASSWORD: &'static str = "adm:pass&\"word";
    /// Somebody with the same password, which has expired.
    pub const EXPIRED: &'static str = "expired";

    /// Starts one. After three wrong passwords an account is locked.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not answer.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = quick_folder()?;
        let url = format!("http://127.0.0.1:{}", free_port()?);
        set_up(folder.path(), &url).await?;
        let port = url.rsplit(':').next().context("a port")?;
        let mut command = Command::new("/usr/bin/keystone-wsgi-public");
        command.args(["--host", "127.0.0.1", "--port", port, "--", "--config-file"]).arg(folder.path().join("conf"));
        let process = Process::start(&mut command, &folder.path().join("log"))?;
        // Taken already where a test did it before us.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = Client::builder().timeout(ANSWER_MAX).no_proxy().build()?;
        let mut server = Self { process, _folder: folder, http, url, token: String::new() };
        server.token = server.log_in().await?;
        Ok(server)
    }

    /// Where it is reached.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Has it answer nobody, or go on.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn hang(&self, hang: bool) -> anyhow::Result<()> {
        self.process.signal(if hang { Signal::SIGSTOP } else { Signal::SIGCONT })
    }

    /// Calls its API as the administrator; the answer is `null` where there is none.
    ///
    /// # Errors
    ///
    /// With what it answers and the end of its log, if that is no success.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let request = self.http.request(method, format!("{}/v3/{path}", self.url)).header("X-Auth-Token", &self.token);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await?;
        let (status, text) = (response.status(), response.text().await?);
        ensure!(status.is_success(), "{path}: {status}: {text}\n{}", self.process.log_end());
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Adds something and tells its id: `add("user", json!({"name": .., "password": ..}))`.
    ///
    /// # Errors
    ///
    /// With what it answers.
    pub async fn add(&self, kind: &str, about: Value) -> anyhow::Result<String> {
        let made = self.call(Method::POST, &format!("{kind}s"), Some(json!({kind: about}))).await?;
        Ok(made[kind]["id"].as_str().context("no id")?.to_owned())
    }

    /// A token of the administrator's for the system.
    async fn log_in(&mut self) -> anyhow::Result<String> {
        let user = json!({"name": Self::ADMIN, "domain": {"id": "default"}, "password": Self::PASSWORD});
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let body = json!({"auth": {"identity": identity, "scope": {"system": {"all": true}}}});
        let (http, at, mut token) = (self.http.clone(), format!("{}/v3/auth/tokens", self.url), String::new());
        let probe = async || {
            let response = http.post(&at).json(&body).send().await?;
            let status = response.status();
            let given =
                response.headers().get("X-Subject-Token").and_then(|value| value.to_str().ok()).map(str::to_owned);
            ensure!(status == StatusCode::CREATED, "{status}");
            token = given.context("no token")?;
            Ok(())
        };
        self.process.ready(START_MAX, probe).await?;
        Ok(token)
    }
}

/// Makes its tables, its keys and its administrator.
async fn set_up(folder: &Path, url: &str) -> anyhow::Result<()> {
    let at = |name: &str| folder.join(name).display().to_string();
    let text = format!(
        "[database]\nconnection = sqlite:///{database}\n\
         [fernet_tokens]\nkey_repository = {keys}\n[fernet_receipts]\nkey_repository = {keys}\n\
         [auth]\nmethods = password,token,totp\n\
         [identity]\npassword_hash_rounds = 4\n\
         [security_compliance]\nlockout_failure_attempts = 3\nlockout_duration = 600\n",
        database = at("records"),
        keys = at("keys"),
    );
    std::fs::write(folder.join("conf"), &text)?;
    std::fs::create_dir(folder.join("keys"))?;
    for name in ["keys/0", "keys/1"] {
        std::fs::write(folder.join(name), KEY)?;
    }
    answer(manage(folder).arg("db_sync")).await?;
    // Otherwise it locks itself out: it reads on with one connection while it writes with another.
    let wal = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('PRAGMA journal_mode = WAL')";
    answer(Command::new("/usr/bin/python3").args(["-c", wal, &at("records")])).await?;
    bootstrap(folder, Keystone::ADMIN, url).await?;
    // Whoever is made with this must change the password.
    std::fs::write(folder.join("conf"), format!("{text}change_password_upon_first_use = true\n"))?;
    bootstrap(folder, Keystone::EXPIRED, url).await?;
    std::fs::write(folder.join("conf"), text)?;
    Ok(())
}

/// Makes an administrator.
async fn bootstrap(folder: &Path, name: &str, url: &str) -> anyhow::Result<()> {
    let mut command = manage(folder);
    command.args(["bootstrap", "--bootstrap-username", name, "--bootstrap-password", Keystone::PASSWORD]);
    answer(command.args(["--bootstrap-public-url", &format!("{url}/v3")])).await?;
    Ok(())
}

fn manage(folder: &Path) -> Command {
    let mut command = Command::new("/usr/bin/keystone-manage");
    command.arg("--config-file").arg(folder.join("conf"));
    command
}
