//! MIT Kerberos: a realm with its key distribution center.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::tool::answer;
use crate::{Process, free_port};

/// How long it may take to start.
const START_MAX: Duration = Duration::from_secs(20);

/// A realm, its center on a port of its own.
pub struct Kdc {
    _process: Process,
    folder: TempDir,
    /// The realm's name.
    pub realm: &'static str,
}

impl Kdc {
    /// Starts the center of `realm`, without principals. Its tickets are sealed with AES and SHA-1 unless a key says
    /// otherwise.
    ///
    /// # Errors
    ///
    /// When it does not answer.
    pub async fn start(realm: &'static str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = free_port()?;
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("krb5.conf"), client_configuration(realm, port))?;
        std::fs::write(at("kdc.conf"), server_configuration(realm, port, folder.path()))?;
        let create = ["create", "-s", "-r", realm, "-P", "master", "-W"];
        answer(command(folder.path(), "/usr/sbin/kdb5_util").args(create)).await?;
        let mut serving = command(folder.path(), "/usr/sbin/krb5kdc");
        let mut process = Process::start(serving.args(["-n", "-r", realm]), &at("log"))?;
        let probe = async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port)).await.context("it does not listen")?;
            Ok(())
        };
        process.ready(START_MAX, probe).await?;
        Ok(Self { _process: process, folder, realm })
    }

    /// Adds a principal with a password; one without is a service with a random key, of these kinds if any are named.
    ///
    /// # Errors
    ///
    /// With what `kadmin.local` says.
    pub async fn add(&self, principal: &str, password: Option<&str>, kinds: Option<&str>) -> anyhow::Result<()> {
        let how = password.map_or_else(|| "-randkey".to_owned(), |password| format!("-pw {password}"));
        let kinds = kinds.map(|kinds| format!("-e {kinds}")).unwrap_or_default();
        self.administer(&format!("addprinc {how} {kinds} {principal}")).await
    }

    /// Adds a principal's key to the keytab of this name.
    ///
    /// # Errors
    ///
    /// With what `kadmin.local` says.
    pub async fn keytab(&self, name: &str, principal: &str) -> anyhow::Result<PathBuf> {
        let path = self.folder.path().join(name);
        self.administer(&format!("ktadd -norandkey -k {} {principal}", path.display())).await?;
        ensure!(path.exists(), "there is no keytab for {principal}");
        Ok(path)
    }

    /// The configuration of its clients.
    pub fn krb5_conf(&self) -> PathBuf {
        self.folder.path().join("krb5.conf")
    }

    async fn administer(&self, query: &str) -> anyhow::Result<()> {
        let mut command = command(self.folder.path(), "/usr/sbin/kadmin.local");
        let said = answer(command.args(["-r", self.realm, "-q", query])).await?;
        // It succeeds whatever comes of the query.
        ensure!(!said.contains("kadmin.local: ") && !said.contains("while"), "kadmin.local: {said}");
        Ok(())
    }
}

fn command(folder: &Path, program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("KRB5_CONFIG", folder.join("krb5.conf")).env("KRB5_KDC_PROFILE", folder.join("kdc.conf"));
    command
}

/// Has a principal get a ticket with its password, as `kinit` does; the environment in which it has one. `krb5_conf` is the
/// configuration, and the ticket lies beside it.
///
/// # Errors
///
/// With what `kinit` says.
pub async fn kinit(krb5_conf: &Path, principal: &str, password: &str) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    let cache = krb5_conf.with_file_name(format!("cache-{}", principal.replace('/', "-")));
    let environment = vec![("KRB5_CONFIG", krb5_conf.to_owned()), ("KRB5CCNAME", cache)];
    let mut command = Command::new("/usr/bin/kinit");
    command
        .arg(principal)
        .envs(environment.clone())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start kinit")?;
    let mut input = child.stdin.take().context("kinit takes no password")?;
    input.write_all(format!("{password}\n").as_bytes()).await?;
    drop(input);
    let done = child.wait_with_output().await?;
    ensure!(done.status.success(), "kinit: {}", String::from_utf8_lossy(&done.stderr));
    Ok(environment)
}

/// What a browser shows for `dex.example.test` to a site that asks for Negotiate (RFC 4559), in base64. `curl` is the browser, and
/// `environment` that of [`kinit`].
///
/// # Errors
///
/// When `curl` cannot be started.
pub async fn shown(environment: &[(&'static str, PathBuf)]) -> anyhow::Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--noproxy", "*", "--negotiate", "-u", ":", "--max-time", "20"]);
    curl.arg("--resolve").arg(format!("dex.example.test:{port}:127.0.0.1"));
    curl.arg(format!("http://dex.example.test:{port}/")).envs(environment.iter().cloned()).kill_on_drop(true);
    let mut running = curl.spawn().context("cannot start curl")?;
    loop {
        let (stream, _) = listener.accept().await?;
        let mut stream = BufReader::new(stream);
        let mut shown = None;
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 && !line.trim().is_empty() {
            shown = line.strip_prefix("Authorization: Negotiate ").map(|token| token.trim().to_owned()).or(shown);
            line.clear();
        }
        let challenge =
            "HTTP/1.1 401 x\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(challenge.as_bytes()).await?;
        if let Some(token) = shown {
            running.wait().await?;
            return Ok(token);
        }
    }
}

fn client_configuration(realm: &str, port: u16) -> String {
    format!(
        "[libdefaults]\n default_realm = {realm}\n dns_lookup_kdc = false\n dns_lookup_realm = false\n \
         dns_canonicalize_hostname = false\n rdns = false\n udp_preference_limit = 1\n\
         [realms]\n {realm} = {{\n  kdc = 127.0.0.1:{port}\n }}\n\
         [domain_realm]\n .example.test = {realm}\n example.test = {realm}\n"
    )
}

fn server_configuration(realm: &str, port: u16, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n\
         [realms]\n {realm} = {{\n  database_name = {folder}/principal\n  key_stash_file = {folder}/stash\n  \
         acl_file = {folder}/acl\n  max_life = 10h\n  \
         supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal\n }}\n"
    )
}
