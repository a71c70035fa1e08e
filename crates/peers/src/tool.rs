//! Programs that run for a moment, to set something up or to ask.

use anyhow::{Context as _, ensure};
use tokio::process::Command;

/// What a program says, on both of its outputs.
///
/// # Errors
///
/// The same, when it is not there or fails.
pub(crate) async fn answer(command: &mut Command) -> anyhow::Result<String> {
    let name = command.as_std().get_program().to_owned();
    let done = command.output().await.with_context(|| format!("cannot start {}", name.display()))?;
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    ensure!(done.status.success(), "{}: {said}", name.display());
    Ok(said)
}
