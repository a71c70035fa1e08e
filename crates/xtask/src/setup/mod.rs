//! Installs the outside programs that tests need: interpreters, a browser, and the relying parties of `oracles/`.
//!
//! On a bare Debian nothing but Rust is needed beforehand. System packages come from apt; everything else lands in
//! `.cache` or beside its own manifest, where git ignores it. What is there already is left alone, so that a second run
//! takes a moment. A step that fails ends the set-up with its reason.

mod apt;
mod gitea;
mod keycloak;
mod kube_apiserver;
mod oracles;
mod venv;

use std::fs;
use std::path::Path;

use anyhow::Context;

use crate::command::cache;

/// Installs what is missing.
pub(crate) fn run() -> anyhow::Result<()> {
    fs::create_dir_all(cache().join("bin")).context("cannot create .cache")?;
    apt::install_missing()?;
    venv::install()?;
    oracles::install()?;
    keycloak::install()?;
    kube_apiserver::install()?;
    gitea::install()
}

/// Runs `work` unless it has succeeded before with the same `wanted`, which its stamp in `.cache` keeps.
fn once(name: &str, wanted: &str, result: &Path, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let stamp = cache().join(format!("{name}.stamp"));
    if result.exists() && fs::read_to_string(&stamp).is_ok_and(|had| had == wanted) {
        return Ok(());
    }
    println!("installing {name}");
    work()?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}
