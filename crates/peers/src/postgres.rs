//! PostgreSQL.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::process::Command;

use crate::service::{as_service, hand_over};
use crate::{Process, free_port};

/// Where Debian installs the programs of the server, by major version.
const PROGRAMS: &str = "/usr/lib/postgresql";

/// The system user that the server may run as; it refuses root.
const SERVICE: &str = "postgres";

/// How long the server may take to answer.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A PostgreSQL server on 127.0.0.1 and on a socket in a folder of its own.
pub struct Postgres {
    process: Process,
    folder: TempDir,
    port: u16,
    databases: AtomicUsize,
}

impl Postgres {
    /// The superuser.
    pub const USER: &'static str = "postgres";

    /// The superuser's password.
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
        let programs = programs()?;
        let folder = tempfile::tempdir().context("no folder for the server")?;
        let password = folder.path().join("password");
        std::fs::write(&password, Self::PASSWORD)?;
        if let Some((certificate, key)) = tls {
            std::fs::write(folder.path().join("server.crt"), certificate)?;
            std::fs::write(folder.path().join("server.key"), key)?;
        }
        hand_over(folder.path(), SERVICE).await?;
        let mut initdb = as_service(SERVICE, &programs.join("initdb"));
        initdb.arg("--pgdata").arg(folder.path().join("data")).arg("--pwfile").arg(&password);
        initdb.args(["--username", Self::USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"]);
        let made = initdb.arg("--no-sync").output().await.context("cannot start initdb")?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));

        let port = free_port()?;
        let mut server = as_service(SERVICE, &programs.join("postgres"));
        server.arg("-D").arg(folder.path().join("data")).args(["-p", &port.to_string(), "-h", "127.0.0.1", "-F"]);
        server.arg("-k").arg(folder.path());
        if tls.is_some() {
            server.args(["-c", "ssl=on"]);
            for (setting, file) in [("ssl_cert_file", "server.crt"), ("ssl_key_file", "server.key")] {
                server.arg("-c").arg(format!("{setting}={}", folder.path().join(file).display()));
            }
        }
        let process = Process::start(&mut server, &folder.path().join("log"))?;
        let mut started = Self { process, folder, port, databases: AtomicUsize::new(0) };
        let mut ready = psql(started.folder.path(), port, "postgres", "select 1");
        started.process.ready(READY_WITHIN, async || answer(&mut ready).await.map(drop)).await?;
        Ok(started)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that its socket is in.
    pub fn socket(&self) -> &Path {
        self.folder.path()
    }

    /// Makes a new database, and answers its name.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub async fn database(&self) -> anyhow::Result<String> {
        let name = format!("peer{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("create database {name}")).await?;
        Ok(name)
    }

    /// Runs statements in a database as the superuser, all or none; answers the rows, a line each, columns parted by `|`.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub async fn sql(&self, database: &str, statements: &str) -> anyhow::Result<String> {
        answer(&mut psql(self.folder.path(), self.port, database, statements)).await
    }

    /// Runs the statements of a file in a database as the superuser, such as a dump.
    ///
    /// # Errors
    ///
    /// What the server says, or when the file cannot be read.
    pub async fn load(&self, database: &str, file: &Path) -> anyhow::Result<()> {
        let statements = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        self.sql(database, &statements).await.map(drop)
    }

    /// Stops the server and every process that serves a connection, until [`resume`](Self::resume).
    ///
    /// # Errors
    ///
    /// When there is nobody left to stop.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.signal_all(Signal::SIGSTOP)
    }

    /// Lets a paused server go on.
    ///
    /// # Errors
    ///
    /// When there is nobody left.
    pub fn resume(&self) -> anyhow::Result<()> {
        self.signal_all(Signal::SIGCONT)
    }

    /// The server's processes each lead a group of their own.
    fn signal_all(&self, signal: Signal) -> anyhow::Result<()> {
        self.process.signal(signal)?;
        let id = self.process.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).context("who serves?")?;
        for child in children.split_whitespace() {
            // One that has ended meanwhile needs no signal.
            kill(Pid::from_raw(child.parse().context("a process id")?), signal).ok();
        }
        Ok(())
    }
}

/// The newest version that is installed.
fn programs() -> anyhow::Result<PathBuf> {
    let versions = std::fs::read_dir(PROGRAMS).with_context(|| format!("no PostgreSQL in {PROGRAMS}"))?;
    let bins = versions.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    let newest = bins.filter(|bin| bin.join("postgres").exists()).max();
    newest.with_context(|| format!("no PostgreSQL in {PROGRAMS}"))
}

fn psql(folder: &Path, port: u16, database: &str, statements: &str) -> Command {
    let mut command = Command::new("psql");
    command.arg("--host").arg(folder).args(["--port", &port.to_string(), "--username", Postgres::USER]);
    command.args(["--dbname", database, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
    command.args(["--set", "ON_ERROR_STOP=1", "--command", statements]);
    command.env("PGPASSWORD", Postgres::PASSWORD);
    command
}

async fn answer(command: &mut Command) -> anyhow::Result<String> {
    let done = command.output().await.context("cannot start psql")?;
    ensure!(done.status.success(), "psql: {}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8_lossy(&done.stdout).trim_end().to_owned())
}
