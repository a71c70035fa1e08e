//! OpenBao in its development mode: unsealed, with everything in memory.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::process::Command;

use crate::{Process, free_port};

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long the command line tool may take to read the state of a server that starts.
const LOOK_LIMIT: Duration = Duration::from_secs(10);

/// A running OpenBao with the transit engine enabled.
pub struct OpenBao {
    process: Process,
    folder: TempDir,
    url: String,
}

impl OpenBao {
    /// The token that may do everything.
    pub const ROOT_TOKEN: &'static str = "root";

    /// Starts one that speaks plain HTTP.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not get ready, with the end of its log.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_as("http").await
    }

    /// Starts one that speaks TLS, with a certificate of [`Self::ca`].
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub async fn start_with_tls() -> anyhow::Result<Self> {
        Self::start_as("https").await
    }

    async fn start_as(scheme: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let port = free_port()?;
        let mut command = Command::new(binary());
        command.args(["server", "-dev", "-dev-no-store-token"]);
        command.arg(format!("-dev-root-token-id={}", Self::ROOT_TOKEN));
        command.arg(format!("-dev-listen-address=127.0.0.1:{port}"));
        if scheme == "https" {
            command.arg("-dev-tls").arg(format!("-dev-tls-cert-dir={}", folder.path().display()));
        }
        let process = Process::start(command.current_dir(folder.path()), &folder.path().join("log"))?;
        let url = format!("{scheme}://127.0.0.1:{port}");
        let mut bao = Self { process, folder, url };
        let mut look = bao.command(&["status"]);
        let probe = async || {
            let looked = tokio::time::timeout(LOOK_LIMIT, look.output()).await.context("no answer")??;
            ensure!(looked.status.success(), "{}", String::from_utf8_lossy(&looked.stderr));
            Ok(())
        };
        bao.process.ready(START_LIMIT, probe).await.context("OpenBao")?;
        bao.run(&["secrets", "enable", "transit"]).await?;
        Ok(bao)
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The authority of its certificate, in PEM.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("vault-ca.pem")
    }

    /// Runs its command line tool as root, and answers what that printed.
    ///
    /// # Errors
    ///
    /// When the tool fails, with its words.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command(arguments).output().await.context("cannot start bao")?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "bao {}: {told}", arguments.join(" "));
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Lets it stand still, with its connections open, until [`Self::go_on`].
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.process.signal(Signal::SIGSTOP)
    }

    /// Ends the pause.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn go_on(&self) -> anyhow::Result<()> {
        self.process.signal(Signal::SIGCONT)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(self.folder.path()).env("HOME", self.folder.path());
        command.env("BAO_ADDR", &self.url).env("BAO_TOKEN", Self::ROOT_TOKEN);
        if self.url.starts_with("https") {
            command.env("BAO_CACERT", self.ca());
        }
        command
    }
}

/// Where `cargo xtask setup` installs it.
fn binary() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/venv/bin/bao")
}
