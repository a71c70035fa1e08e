//! System packages, from Debian's own archive.

use std::path::Path;

use anyhow::bail;

use crate::command::{output_of, program, run};

/// A package, and how to see that it is not needed.
struct Package {
    name: &'static str,
    present: fn() -> bool,
}

const PACKAGES: &[Package] = &[
    Package { name: "python3", present: || answers("python3", &["--version"]) },
    Package { name: "python3-venv", present: || answers("python3", &["-c", "import ensurepip, venv"]) },
    Package { name: "chromium", present: || Path::new("/usr/bin/chromium").exists() },
    Package { name: "ca-certificates", present: || Path::new("/etc/ssl/certs/ca-certificates.crt").exists() },
];

/// Installs the packages that are missing, in one go.
///
/// # Errors
///
/// Names the packages when there is no `apt-get`, or no right to use it.
pub(super) fn install_missing() -> anyhow::Result<()> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|package| !(package.present)()).map(|package| package.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !answers("apt-get", &["--version"]) {
        bail!("no apt-get here: install {} by hand", missing.join(", "));
    }
    println!("installing {}", missing.join(", "));
    run(as_root(&["update"]).arg("-qq"))?;
    run(as_root(&["install", "-y", "-qq", "--no-install-recommends"]).args(missing))
}

fn as_root(arguments: &[&str]) -> std::process::Command {
    let is_root = output_of(program("id").arg("-u")).is_some_and(|uid| uid.trim() == "0");
    let mut command = program(if is_root { "env" } else { "sudo" });
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(arguments);
    command
}

fn answers(name: &str, arguments: &[&str]) -> bool {
    output_of(program(name).args(arguments)).is_some()
}
