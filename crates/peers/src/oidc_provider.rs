//! `oidc-provider`, the certified OpenID provider for Node, by the program in `oracles/node`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use reqwest::Client;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use crate::{Process, free_port};

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long it may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// A running provider. Whoever logs in is who they say they are; everybody has the same groups.
pub struct OidcProvider {
    process: Process,
    _folder: TempDir,
    port: u16,
    http: Client,
}

impl OidcProvider {
    /// The client it knows.
    pub const CLIENT: &'static str = "dex";
    /// Its secret.
    pub const SECRET: &'static str = "provider-secret/+&";

    /// Starts one that calls itself `issuer` and sends browsers back to `redirect_uri`.
    ///
    /// # Errors
    ///
    /// When Node or its libraries are not installed, or it does not get ready, with the end of its log.
    pub async fn start(issuer: &str, redirect_uri: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let port = free_port()?;
        let mut command = Command::new(node());
        command.arg(root().join("oracles/node/provider.js")).arg(port.to_string()).arg(issuer);
        command.env("REDIRECT_URI", redirect_uri);
        let process = Process::start(&mut command, &folder.path().join("log"))?;
        // Taken already where a test did it before us.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = Client::builder().timeout(ANSWER_LIMIT).no_proxy().build()?;
        let mut provider = Self { process, _folder: folder, port, http };
        let (http, url) = (provider.http.clone(), provider.url("/.well-known/openid-configuration"));
        let probe = async || {
            http.get(&url).send().await?.error_for_status()?;
            Ok(())
        };
        provider.process.ready(START_LIMIT, probe).await.context("oidc-provider")?;
        Ok(provider)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Says what everybody's groups are from now on.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn set_groups(&self, groups: &[&str]) -> anyhow::Result<()> {
        self.put("/groups", json!(groups).to_string()).await
    }

    /// Ends every account.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn end_accounts(&self) -> anyhow::Result<()> {
        self.put("/gone", String::new()).await
    }

    async fn put(&self, path: &str, body: String) -> anyhow::Result<()> {
        self.http.put(self.url(path)).body(body).send().await?.error_for_status()?;
        Ok(())
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

/// The Node that `setup` installed, or the system's where that is new enough.
fn node() -> PathBuf {
    let installed = root().join(".cache/venv/bin/node");
    if installed.exists() { installed } else { PathBuf::from("node") }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
