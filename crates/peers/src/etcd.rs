//! An etcd: of one member in the open, or with TLS, client certificates and users; and of several members.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::process::Command;

use crate::{Process, free_port};

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(30);

/// The password of `root`, who may do everything, where there are users.
const ROOT_PASSWORD: &str = "root-password";

/// A running etcd. It ends, and its data goes, when it is dropped.
pub struct Etcd {
    process: Process,
    ports: (u16, u16),
    /// Every member: its name and where the others reach it.
    cluster: String,
    folder: TempDir,
    secure: bool,
}

impl Etcd {
    /// Starts one that lets everyone in.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not get ready; with its log then.
    pub async fn start() -> anyhow::Result<Self> {
        Self::begin(false).await
    }

    /// Starts one with TLS, which wants a client certificate and knows `users`: each a name, a password, and the prefix
    /// of the keys it may read and write. Tokens live for a second.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_secure(users: &[(&str, &str, &str)]) -> anyhow::Result<Self> {
        let etcd = Self::begin(true).await?;
        etcd.ctl(&["user", "add", &format!("root:{ROOT_PASSWORD}")]).await?;
        etcd.ctl(&["user", "grant-role", "root", "root"]).await?;
        for (name, password, prefix) in users {
            etcd.ctl(&["user", "add", &format!("{name}:{password}")]).await?;
            etcd.ctl(&["role", "add", name]).await?;
            etcd.ctl(&["role", "grant-permission", "--prefix=true", name, "readwrite", prefix]).await?;
            etcd.ctl(&["user", "grant-role", name, name]).await?;
        }
        etcd.ctl(&["auth", "enable"]).await?;
        Ok(etcd)
    }

    /// Starts a cluster that lets everyone in.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_cluster(members: usize) -> anyhow::Result<Vec<Self>> {
        let ports = (0..members).map(|_| Ok((free_port()?, free_port()?))).collect::<anyhow::Result<Vec<_>>>()?;
        let cluster = ports.iter().map(|(_, peers)| member(*peers)).collect::<Vec<_>>().join(",");
        let mut etcds = ports
            .into_iter()
            .map(|ports| Self::run(ports, cluster.clone(), false))
            .collect::<anyhow::Result<Vec<_>>>()?;
        for etcd in &mut etcds {
            etcd.wait().await?;
        }
        Ok(etcds)
    }

    async fn begin(secure: bool) -> anyhow::Result<Self> {
        let ports = (free_port()?, free_port()?);
        let mut etcd = Self::run(ports, member(ports.1), secure)?;
        etcd.wait().await?;
        Ok(etcd)
    }

    fn run(ports: (u16, u16), cluster: String, secure: bool) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        if secure {
            certify(folder.path())?;
        }
        let process = run(folder.path(), ports, &cluster, secure)?;
        Ok(Self { process, ports, cluster, folder, secure })
    }

    /// Kills it and starts it again on its data. Nobody it knew is logged in afterwards.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.process.signal(Signal::SIGKILL)?;
        self.gone().await?;
        self.process = run(self.folder.path(), self.ports, &self.cluster, self.secure)?;
        self.wait().await
    }

    /// Waits until the ports are free, as they are once a killed process is gone.
    ///
    /// # Errors
    ///
    /// When they are not within the time of a start.
    pub async fn gone(&self) -> anyhow::Result<()> {
        let until = tokio::time::Instant::now() + START_LIMIT;
        let free = |port| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
        while !(free(self.ports.0) && free(self.ports.1)) {
            ensure!(tokio::time::Instant::now() < until, "it does not end: {}", self.process.log_end());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    async fn wait(&mut self) -> anyhow::Result<()> {
        let ctl = Ctl { url: self.url(), folder: self.folder.path(), secure: self.secure };
        self.process.ready(START_LIMIT, async || ctl.run(&["endpoint", "status"]).await.map(|_| ())).await
    }

    /// Where it listens for clients.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", if self.secure { "https" } else { "http" }, self.ports.0)
    }

    /// A PEM file of the secure one: `ca.pem`, `client.pem`, `client-key.pem`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The process, to be paused.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Runs `etcdctl`, as `root` where there are users, and answers what it prints.
    ///
    /// # Errors
    ///
    /// With what it says when it fails.
    pub async fn ctl(&self, arguments: &[&str]) -> anyhow::Result<String> {
        Ctl { url: self.url(), folder: self.folder.path(), secure: self.secure }.run(arguments).await
    }
}

struct Ctl<'a> {
    url: String,
    folder: &'a Path,
    secure: bool,
}

impl Ctl<'_> {
    async fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let mut command = Command::new("etcdctl");
        command.env("ETCDCTL_API", "3").arg(format!("--endpoints={}", self.url)).current_dir(self.folder);
        if self.secure {
            command.args(["--cacert=ca.pem", "--cert=client.pem", "--key=client-key.pem"]);
            command.arg(format!("--user=root:{ROOT_PASSWORD}"));
        }
        let output = command.args(arguments).output().await.context("cannot start etcdctl")?;
        ensure!(output.status.success(), "etcdctl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).context("etcdctl printed bytes that are no text")
    }
}

/// A member's name and where the others reach it.
fn member(peers: u16) -> String {
    format!("m{peers}=http://127.0.0.1:{peers}")
}

fn run(folder: &Path, ports: (u16, u16), cluster: &str, secure: bool) -> anyhow::Result<Process> {
    let scheme = if secure { "https" } else { "http" };
    let (clients, peers) = (format!("{scheme}://127.0.0.1:{}", ports.0), format!("http://127.0.0.1:{}", ports.1));
    let mut command = Command::new("etcd");
    command
        .args(["--data-dir=data", "--log-level=warn", "--logger=zap", "--auth-token-ttl=1"])
        .arg(format!("--name=m{}", ports.1))
        .arg(format!("--listen-client-urls={clients}"))
        .arg(format!("--advertise-client-urls={clients}"))
        .arg(format!("--listen-peer-urls={peers}"))
        .arg(format!("--initial-advertise-peer-urls={peers}"))
        .arg(format!("--initial-cluster={cluster}"))
        .current_dir(folder);
    if secure {
        command.args(["--cert-file=server.pem", "--key-file=server-key.pem"]);
        command.args(["--client-cert-auth", "--trusted-ca-file=ca.pem"]);
    }
    Process::start(&mut command, &folder.join("log"))
}

/// An authority, and what it says of the server at 127.0.0.1 and of a client.
fn certify(folder: &Path) -> anyhow::Result<()> {
    let key = rcgen::KeyPair::generate()?;
    let mut authority = rcgen::CertificateParams::new(Vec::new())?;
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    std::fs::write(folder.join("ca.pem"), authority.self_signed(&key)?.pem())?;
    let issuer = rcgen::Issuer::new(authority, key);
    for (name, hosts) in [("server", vec!["127.0.0.1".to_owned()]), ("client", Vec::new())] {
        let key = rcgen::KeyPair::generate()?;
        let mut params = rcgen::CertificateParams::new(hosts)?;
        // With a name in it, etcd would take that for the user.
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.extended_key_usages =
            vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth, rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        std::fs::write(folder.join(format!("{name}.pem")), params.signed_by(&key, &issuer)?.pem())?;
        std::fs::write(folder.join(format!("{name}-key.pem")), key.serialize_pem())?;
    }
    Ok(())
}
