//! Gitea, with its records in a SQLite file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use reqwest::{Client, Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::pages::Browser;
use crate::service::quick_folder;
use crate::tool::answer;
use crate::{Process, free_port};

/// How long it may take to start.
const START_MAX: Duration = Duration::from_secs(60);
/// How long it may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// A running Gitea with an administrator. It takes each refresh token once, and tells five things on a page.
pub struct Gitea {
    process: Process,
    _folder: TempDir,
    http: Client,
    url: String,
}

impl Gitea {
    /// The administrator's name.
    pub const ADMIN: &'static str = "root-admin";
    /// Everybody's password.
    pub const PASSWORD: &'static str = "pass&\"word 1";

    /// Starts one.
    ///
    /// # Errors
    ///
    /// When `setup` has not built it or it does not answer.
    pub async fn start() -> anyhow::Result<Self> {
        let folder = quick_folder()?;
        let port = free_port()?;
        let url = format!("http://127.0.0.1:{port}");
        let config = folder.path().join("app.ini");
        std::fs::write(&config, configuration(folder.path(), port)).context("cannot write the configuration")?;
        answer(gitea(&config).arg("migrate")).await?;
        let name = ["--username", Self::ADMIN, "--password", Self::PASSWORD, "--email", "admin@gitea.example"];
        let created = ["admin", "user", "create", "--admin", "--must-change-password=false"];
        answer(gitea(&config).args(created).args(name)).await?;
        let process = Process::start(gitea(&config).arg("web"), &folder.path().join("output"))?;
        // Taken already where a test did it before us.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = Client::builder().timeout(ANSWER_MAX).no_proxy().build()?;
        let mut server = Self { process, _folder: folder, http, url };
        let (http, at) = (server.http.clone(), format!("{}/api/healthz", server.url));
        let probe = async || {
            http.get(&at).send().await?.error_for_status()?;
            Ok(())
        };
        server.process.ready(START_MAX, probe).await.context("Gitea")?;
        Ok(server)
    }

    /// Where it is reached.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls its API as the administrator; the answer is `null` where there is none.
    ///
    /// # Errors
    ///
    /// With what it answers and the end of its log, if that is no success.
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        let request = self.http.request(method, format!("{}/api/v1/{path}", self.url));
        let request = request.basic_auth(Self::ADMIN, Some(Self::PASSWORD));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await?;
        let (status, text) = (response.status(), response.text().await?);
        ensure!(status.is_success(), "{path}: {status}: {text}\n{}", self.process.log_end());
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Adds somebody and tells their number.
    ///
    /// # Errors
    ///
    /// With what it answers.
    pub async fn add_user(&self, login: &str, full_name: &str) -> anyhow::Result<i64> {
        let about = json!({
            "username": login, "full_name": full_name, "email": format!("{login}@gitea.example"),
            "password": Self::PASSWORD, "must_change_password": false,
        });
        let made = self.call(Method::POST, "admin/users", Some(about)).await?;
        made["id"].as_i64().context("no id")
    }

    /// Adds a team of an organization and tells its number.
    ///
    /// # Errors
    ///
    /// With what it answers.
    pub async fn add_team(&self, organization: &str, name: &str) -> anyhow::Result<i64> {
        let about = json!({"name": name, "permission": "read", "units": ["repo.code"]});
        let made = self.call(Method::POST, &format!("orgs/{organization}/teams"), Some(about)).await?;
        made["id"].as_i64().context("no id")
    }

    /// Adds an application that browsers come back to at `redirect_uri`; tells its id and secret.
    ///
    /// # Errors
    ///
    /// With what it answers.
    pub async fn add_application(&self, redirect_uri: &str) -> anyhow::Result<(String, String)> {
        let about = json!({"name": "dex", "redirect_uris": [redirect_uri], "confidential_client": true});
        let made = self.call(Method::POST, "user/applications/oauth2", Some(about)).await?;
        let told = |name: &str| made[name].as_str().map(str::to_owned).context("no application");
        Ok((told("client_id")?, told("client_secret")?))
    }

    /// Logs somebody in who comes with an authorization request, and has them grant it or not; tells where the browser is
    /// sent back to.
    ///
    /// # Errors
    ///
    /// With the page it stays on.
    pub async fn authorize(&self, request: &Url, login: &str, grant: bool) -> anyhow::Result<Url> {
        let mut browser = Browser::new()?;
        let typed = [("user_name", login), ("password", Self::PASSWORD)].map(|(k, v)| (k.to_owned(), v.to_owned()));
        browser.visit(&format!("{}/user/login", self.url), &typed).await?;
        let mut page = browser.visit(request.as_str(), &[]).await?;
        if page.url.as_str().starts_with(&self.url) {
            page = browser.press(&page, ("granted", if grant { "true" } else { "false" })).await?;
        }
        if page.url.as_str().starts_with(&self.url) {
            bail!("it stays at {}: {}\n{}", page.url, page.text, self.process.log_end());
        }
        Ok(page.url)
    }
}

fn configuration(folder: &Path, port: u16) -> String {
    let (folder, files) = (folder.display(), cache().join("gitea"));
    format!(
        "I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true\nRUN_MODE = prod\nWORK_PATH = {folder}\n\
         [server]\nSTATIC_ROOT_PATH = {files}\nHTTP_ADDR = 127.0.0.1\nHTTP_PORT = {port}\n\
         ROOT_URL = http://127.0.0.1:{port}/\nDISABLE_SSH = true\nOFFLINE_MODE = true\n\
         [database]\nDB_TYPE = sqlite3\nPATH = {folder}/records.db\n\
         [security]\nINSTALL_LOCK = true\nSECRET_KEY = only-for-tests\n\
         [service]\nDISABLE_REGISTRATION = true\n\
         [oauth2]\nINVALIDATE_REFRESH_TOKENS = true\n\
         [api]\nMAX_RESPONSE_ITEMS = 5\n\
         [log]\nLEVEL = Warn\n",
        files = files.display()
    )
}

fn gitea(config: &Path) -> Command {
    let mut command = Command::new(cache().join("bin/gitea"));
    command.arg("--config").arg(config);
    command
}

fn cache() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache")
}
