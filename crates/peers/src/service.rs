//! Programs that refuse to run as root.

use std::path::Path;

use anyhow::{Context as _, ensure};
use nix::sys::statvfs::statvfs;
use nix::unistd::geteuid;
use tempfile::TempDir;
use tokio::process::Command;

/// Where folders are kept in memory.
const IN_MEMORY: &str = "/dev/shm";

/// How many bytes must be free there.
const IN_MEMORY_FREE_MIN: u64 = 1 << 30;

/// A folder in memory where there is room, for a server that waits for the disk at every change of a table.
pub(crate) fn quick_folder() -> std::io::Result<TempDir> {
    let free = statvfs(IN_MEMORY).map_or(0, |at| at.blocks_available() * at.fragment_size());
    if free < IN_MEMORY_FREE_MIN { tempfile::tempdir() } else { tempfile::tempdir_in(IN_MEMORY) }
}

/// The command that runs `program`, as the system user `service` when we are root.
pub(crate) fn as_service(service: &str, program: &Path) -> Command {
    if !geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.arg(format!("--reuid={service}")).arg(format!("--regid={service}")).arg("--init-groups").arg(program);
    command
}

/// Gives a folder and what is in it to the system user `service` when we are root, readable by nobody else.
///
/// # Errors
///
/// When the system has no such user.
pub(crate) async fn hand_over(folder: &Path, service: &str) -> anyhow::Result<()> {
    let mut commands = vec![{
        let mut command = Command::new("chmod");
        command.args(["-R", "u=rwX,go="]).arg(folder);
        command
    }];
    if geteuid().is_root() {
        let mut command = Command::new("chown");
        command.arg("-R").arg(format!("{service}:{service}")).arg(folder);
        commands.push(command);
    }
    for mut command in commands {
        let done = command.output().await.context("cannot change the owner of a folder")?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(())
}
