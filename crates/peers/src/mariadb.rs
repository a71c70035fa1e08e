//! MariaDB.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::process::Command;

use crate::service::{as_service, hand_over, quick_folder};
use crate::{Process, free_port};

/// The system user that the server may run as.
const SERVICE: &str = "mysql";

/// How long the server may take to answer.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A MariaDB server on 127.0.0.1 and on a socket in a folder of its own.
pub struct Mariadb {
    process: Process,
    folder: TempDir,
    port: u16,
    databases: AtomicUsize,
}

impl Mariadb {
    /// A user who may do everything, and who comes over the network or the socket.
    pub const USER: &'static str = "peer";

    /// That user's password.
    pub const PASSWORD: &'static str = "peer secret";

    /// Starts a server without TLS.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(None).await
    }

    /// Starts a server; with TLS if it is given a certificate and its key as PEM.
    ///
    /// # Errors
    ///
    /// When it is not installed or does not start.
    pub async fn start_with(tls: Option<(&str, &str)>) -> anyhow::Result<Self> {
        let folder = quick_folder().context("no folder for the server")?;
        if let Some((certificate, key)) = tls {
            std::fs::write(folder.path().join("server.crt"), certificate)?;
            std::fs::write(folder.path().join("server.key"), key)?;
        }
        hand_over(folder.path(), SERVICE).await?;
        let data = format!("--datadir={}", folder.path().join("data").display());
        let mut install = as_service(SERVICE, Path::new("mariadb-install-db"));
        install.args(["--no-defaults", &data, "--auth-root-authentication-method=normal", "--skip-test-db"]);
        // Servers that are made at the same time would take each other's temporary tables away.
        install.arg(format!("--tmpdir={}", folder.path().display()));
        let made = install.output().await.context("cannot start mariadb-install-db")?;
        ensure!(made.status.success(), "mariadb-install-db: {}", String::from_utf8_lossy(&made.stderr));

        let port = free_port()?;
        let mut server = as_service(SERVICE, Path::new("/usr/sbin/mariadbd"));
        let temporary = format!("--tmpdir={}", folder.path().display());
        server.args(["--no-defaults", &data, &temporary, "--bind-address=127.0.0.1", "--skip-name-resolve"]);
        server.args([&format!("--port={port}"), "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync"]);
        server.args(["--skip-sync-frm", "--skip-innodb-doublewrite"]);
        server.arg(format!("--socket={}", socket_in(folder.path()).display()));
        if tls.is_some() {
            for (setting, file) in [("ssl-cert", "server.crt"), ("ssl-key", "server.key")] {
                server.arg(format!("--{setting}={}", folder.path().join(file).display()));
            }
        }
        let process = Process::start(&mut server, &folder.path().join("log"))?;
        let mut started = Self { process, folder, port, databases: AtomicUsize::new(0) };
        let mut ready = client(started.folder.path(), "mysql", "select 1");
        started.process.ready(READY_WITHIN, async || answer(&mut ready).await.map(drop)).await?;
        let (user, password) = (Self::USER, Self::PASSWORD);
        let grant = format!("grant all on *.* to '{user}'@'%' identified by '{password}' with grant option");
        started.sql("mysql", &grant).await?;
        Ok(started)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        socket_in(self.folder.path())
    }

    /// Makes a new database, and answers its name.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub async fn database(&self) -> anyhow::Result<String> {
        let name = format!("peer{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("mysql", &format!("create database {name}")).await?;
        Ok(name)
    }

    /// Runs statements in a database as root; answers the rows, a line each, columns parted by tabs.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn sql(&self, database: &str, statements: &str) -> anyhow::Result<String> {
        answer(&mut client(self.folder.path(), database, statements)).await
    }

    /// Runs the statements of a file in a database as root, such as a dump.
    ///
    /// # Errors
    ///
    /// What the server says, or when the file cannot be read.
    pub async fn load(&self, database: &str, file: &Path) -> anyhow::Result<()> {
        let statements = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        self.sql(database, &statements).await.map(drop)
    }

    /// Stops the server until [`resume`](Self::resume).
    ///
    /// # Errors
    ///
    /// When there is nobody left to stop.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.process.signal(Signal::SIGSTOP)
    }

    /// Lets a paused server go on.
    ///
    /// # Errors
    ///
    /// When there is nobody left.
    pub fn resume(&self) -> anyhow::Result<()> {
        self.process.signal(Signal::SIGCONT)
    }
}

fn socket_in(folder: &Path) -> PathBuf {
    folder.join("socket")
}

fn client(folder: &Path, database: &str, statements: &str) -> Command {
    let mut command = Command::new("mariadb");
    command.arg("--no-defaults").arg(format!("--socket={}", socket_in(folder).display()));
    command.args(["--user=root", "--default-character-set=utf8mb4", "--batch", "--skip-column-names"]);
    command.args(["--database", database, "--execute", statements]);
    command
}

async fn answer(command: &mut Command) -> anyhow::Result<String> {
    let done = command.output().await.context("cannot start the client")?;
    ensure!(done.status.success(), "mariadb: {}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8_lossy(&done.stdout).trim_end().to_owned())
}
