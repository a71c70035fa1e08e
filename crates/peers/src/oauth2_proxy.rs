//! oauth2-proxy, which lets nobody through to an application who has not logged in.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::Process;

/// How long it may take to read the provider's discovery document and listen.
const START_LIMIT: Duration = Duration::from_secs(20);

/// What it guards, and who says who somebody is.
pub struct Guard<'a> {
    /// The port it listens on; the provider calls back `/oauth2/callback` there.
    pub port: u16,
    /// The provider.
    pub issuer: &'a str,
    /// Its client there.
    pub client_id: &'a str,
    /// The secret of the client.
    pub client_secret: &'a str,
    /// The application behind it.
    pub application: &'a str,
}

/// A running one.
pub struct Oauth2Proxy {
    _process: Process,
    _folder: TempDir,
}

impl Oauth2Proxy {
    /// Starts `program`, which `cargo xtask setup` has built.
    ///
    /// # Errors
    ///
    /// When it does not listen in time, with the end of its log.
    pub async fn start(program: &Path, guard: &Guard<'_>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("no folder for oauth2-proxy")?;
        let mut command = Command::new(program);
        command
            .arg(format!("--http-address=127.0.0.1:{}", guard.port))
            .arg("--provider=oidc")
            .arg(format!("--oidc-issuer-url={}", guard.issuer))
            .arg(format!("--client-id={}", guard.client_id))
            .arg(format!("--client-secret={}", guard.client_secret))
            .arg(format!("--redirect-url=http://127.0.0.1:{}/oauth2/callback", guard.port))
            .arg(format!("--upstream={}", guard.application))
            .args(["--scope=openid email profile groups offline_access", "--code-challenge-method=S256"])
            .args(["--cookie-secret=0123456789abcdef0123456789abcdef", "--cookie-secure=false"])
            .args(["--email-domain=*", "--skip-provider-button=true", "--pass-user-headers=true"]);
        let mut process = Process::start(&mut command, &folder.path().join("log"))?;
        process
            .ready(START_LIMIT, async || Ok(TcpStream::connect(("127.0.0.1", guard.port)).await.map(drop)?))
            .await
            .context("oauth2-proxy")?;
        Ok(Self { _process: process, _folder: folder })
    }
}
