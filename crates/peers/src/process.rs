//! A program that runs beside the test and ends with it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

/// How long between two looks at a server that is not ready yet.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// How much of a log is shown when a server does not start.
const LOG_BYTES_SHOWN: usize = 4000;

/// A running program, and all it started. Dropping it kills them.
pub struct Process {
    child: Child,
    group: Pid,
    log: PathBuf,
}

impl Process {
    /// Starts `command` in a process group of its own, with its output in `log`.
    ///
    /// # Errors
    ///
    /// When the program is not there or the log cannot be written.
    pub fn start(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let errors = output.try_clone().context("cannot share the log")?;
        let name = command.as_std().get_program().to_owned();
        let child = command.process_group(0).stdin(std::process::Stdio::null()).stdout(output).stderr(errors).spawn();
        let child = child.with_context(|| format!("cannot start {}", name.display()))?;
        let id = child.id().context("it ended at once")?;
        let group = Pid::from_raw(i32::try_from(id).context("a process id is a small number")?);
        Ok(Self { child, group, log: log.to_owned() })
    }

    /// Waits until `probe` succeeds.
    ///
    /// # Errors
    ///
    /// With the last answer of `probe` and the end of the log, when the program ended or `limit` has passed.
    pub async fn ready(
        &mut self,
        limit: Duration,
        mut probe: impl AsyncFnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let until = tokio::time::Instant::now() + limit;
        loop {
            let Err(error) = probe().await else { return Ok(()) };
            let ended = self.child.try_wait().context("cannot look at the process")?;
            if ended.is_some() || tokio::time::Instant::now() >= until {
                let why = ended.map_or_else(|| format!("not ready after {limit:?}"), |status| status.to_string());
                bail!("{why}: {error:#}\n{}", self.log_end());
            }
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
    }

    /// Sends a signal to the program and all it started: `SIGSTOP` and `SIGCONT` pause it, `SIGKILL` ends it at once.
    ///
    /// # Errors
    ///
    /// When there is nobody left to take it.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        killpg(self.group, signal).with_context(|| format!("cannot send {signal}"))
    }

    /// Asks it to end, and waits.
    ///
    /// # Errors
    ///
    /// When it does not within `limit`; it is killed then.
    pub async fn end(mut self, limit: Duration) -> anyhow::Result<()> {
        self.signal(Signal::SIGTERM)?;
        tokio::time::timeout(limit, self.child.wait()).await.context("it did not end")??;
        Ok(())
    }

    /// What it printed last.
    pub fn log_end(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(LOG_BYTES_SHOWN)..]).into_owned()
    }

    /// Its process id.
    pub fn id(&self) -> i32 {
        self.group.as_raw()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nobody left to kill is as good as killed.
        killpg(self.group, Signal::SIGKILL).ok();
    }
}

/// A port of the loopback interface that nobody listens on.
///
/// # Errors
///
/// When no socket can be opened.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).context("cannot open a socket")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_program_that_ends_before_it_is_ready_is_shown_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such database; exit 3"]);
        let mut process = Process::start(&mut command, &folder.path().join("log")).unwrap();
        let never = process.ready(Duration::from_secs(10), async || bail!("refused")).await;
        let text = never.unwrap_err().to_string();
        assert!(text.contains("no such database") && text.contains("refused"), "{text}");
    }

    #[tokio::test]
    async fn a_dropped_program_takes_along_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo $!; wait"]);
        let mut process = Process::start(&mut command, &log).unwrap();
        let printed = async || {
            let text = std::fs::read_to_string(&log)?;
            text.trim().parse::<i32>().context("no number yet")?;
            Ok(())
        };
        process.ready(Duration::from_secs(10), printed).await.unwrap();
        let child: i32 = std::fs::read_to_string(&log).unwrap().trim().parse().unwrap();
        drop(process);
        let state = || std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        let until = std::time::Instant::now() + Duration::from_secs(5);
        while !state().is_empty() && !state().contains(") Z ") {
            assert!(std::time::Instant::now() < until, "it lives on: {}", state());
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
    }
}
