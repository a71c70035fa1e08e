//! Runs outside programs from the root of the workspace, with the programs that `setup` installed found first.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, bail};

use crate::report::Tally;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("the crate lies two folders under the root").to_owned()
}

/// Where `setup` puts what it installs. Git ignores it.
pub(crate) fn cache() -> PathBuf {
    root().join(".cache")
}

/// A program started from the root, without input.
pub(crate) fn program(name: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root()).env("PATH", search_path()).stdin(Stdio::null());
    command
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    program(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

fn search_path() -> OsString {
    let mut path = OsString::from(cache().join("venv/bin"));
    if let Some(rest) = env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    path
}

/// The whole of the standard output, or `None` when the program is missing or fails.
pub(crate) fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs to the end, printing as it goes.
///
/// # Errors
///
/// When it cannot be started or does not end with status 0.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", told(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", told(command));
    }
    Ok(())
}

/// Runs to the end, printing as it goes, and counts the tests its closing lines report.
///
/// # Errors
///
/// When it cannot be started, or fails without having reported a failed test.
pub(crate) fn run_counting(command: &mut Command) -> anyhow::Result<Tally> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", told(command)))?;
    let stdout = child.stdout.take().expect("stdout was asked to be piped");
    let stderr = child.stderr.take().expect("stderr was asked to be piped");
    let mut tally = Tally::default();
    thread::scope(|scope| {
        let errors = scope.spawn(|| print_counting(stderr));
        tally.add(print_counting(stdout));
        tally.add(errors.join().expect("the reader does not panic"));
    });
    let status = child.wait()?;
    if !status.success() && tally.failed == 0 {
        bail!("{} ended with {status}", told(command));
    }
    Ok(tally)
}

fn print_counting(output: impl Read) -> Tally {
    let mut tally = Tally::default();
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tally.read(&line);
    }
    tally
}

fn told(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
