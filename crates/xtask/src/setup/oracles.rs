//! The relying parties of `oracles/`, ready to run.

use std::fs;

use anyhow::Context;

use super::once;
use crate::command::{cache, program, root, run};

/// oauth2-proxy, as its module is published.
const OAUTH2_PROXY: &str = "github.com/oauth2-proxy/oauth2-proxy/v7@v7.15.6";

/// Installs the libraries of the Node programs and builds the Go one into `.cache/bin/relying-party`.
pub(super) fn install() -> anyhow::Result<()> {
    for name in ["node", "browser"] {
        let folder = root().join("oracles").join(name);
        let lock = folder.join("package-lock.json");
        let wanted = fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
        once(&format!("{name} libraries"), &wanted, &folder.join("node_modules"), || {
            run(program("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder))
        })?;
    }
    oauth2_proxy()?;
    // Go's own cache makes this a moment when nothing changed. It must never fetch another Go.
    run(program("go")
        .args(["build", "-trimpath", "-o"])
        .arg(cache().join("bin/relying-party"))
        .arg(".")
        .env("GOTOOLCHAIN", "local")
        .env("CGO_ENABLED", "0")
        .current_dir(root().join("oracles/go")))
}

/// Builds oauth2-proxy into `.cache/bin`, which takes a minute or two.
fn oauth2_proxy() -> anyhow::Result<()> {
    once("oauth2-proxy", OAUTH2_PROXY, &cache().join("bin/oauth2-proxy"), || {
        run(program("go")
            .args(["install", "-trimpath", OAUTH2_PROXY])
            .env("GOBIN", cache().join("bin"))
            .env("GOTOOLCHAIN", "local")
            .env("CGO_ENABLED", "0"))
    })
}
