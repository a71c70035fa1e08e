//! A Gitea, built from the published module that `oracles/gitea` names, with the files it reads as it runs.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::once;
use crate::command::{cache, output_of, program, root, run};

/// The folders of its source that it reads as it runs. What its makers' front-end build adds to them is for people who look.
const READ: [&str; 3] = ["options", "public", "templates"];

/// Builds it into `.cache/bin/gitea`, its files into `.cache/gitea`. That takes some minutes, so it is not done again for
/// the same modules.
pub(super) fn install() -> anyhow::Result<()> {
    let folder = root().join("oracles/gitea");
    let modules = folder.join("go.mod");
    let wanted = fs::read_to_string(&modules).with_context(|| format!("cannot read {}", modules.display()))?;
    let binary = cache().join("bin/gitea");
    let files = cache().join("gitea");
    once("gitea", &wanted, &binary, || {
        // Its SQLite is written in C.
        run(program("go")
            .args(["build", "-trimpath", "-tags", "sqlite sqlite_unlock_notify", "-ldflags", "-s -w", "-o"])
            .arg(&binary)
            .arg(".")
            .env("GOTOOLCHAIN", "local")
            .env("CGO_ENABLED", "1")
            .current_dir(&folder))?;
        copy_files(&folder, &files)
    })
}

fn copy_files(folder: &Path, to: &Path) -> anyhow::Result<()> {
    let mut list = program("go");
    list.args(["list", "-m", "-f", "{{.Dir}}", "code.gitea.io/gitea"]).current_dir(folder);
    let source = output_of(&mut list).context("Go does not say where the module is")?;
    if to.exists() {
        fs::remove_dir_all(to).with_context(|| format!("cannot clear {}", to.display()))?;
    }
    fs::create_dir(to).with_context(|| format!("cannot create {}", to.display()))?;
    let from = READ.map(|name| Path::new(source.trim()).join(name));
    // Modules are kept read-only, which would keep the next set-up from clearing the copies.
    run(program("cp").arg("-r").args(&from).arg(to))?;
    run(program("chmod").args(["-R", "u+w"]).arg(to))
}
