//! A Kubernetes API server, built from the published modules that `oracles/kube-apiserver` names.

use std::fs;

use anyhow::Context;

use super::once;
use crate::command::{cache, program, root, run};

/// What the server says its version is; its own build says nothing.
const VERSION: &str = "v1.36.1";

/// Builds it into `.cache/bin/kube-apiserver`. That takes some minutes, so it is not done again for the same modules.
pub(super) fn install() -> anyhow::Result<()> {
    let folder = root().join("oracles/kube-apiserver");
    let modules = folder.join("go.mod");
    let wanted = fs::read_to_string(&modules).with_context(|| format!("cannot read {}", modules.display()))?;
    let binary = cache().join("bin/kube-apiserver");
    once("kube-apiserver", &wanted, &binary, || {
        run(program("go")
            .args(["build", "-trimpath", "-ldflags"])
            .arg(format!("-s -w -X k8s.io/component-base/version.gitVersion={VERSION}"))
            .arg("-o")
            .arg(&binary)
            .arg(".")
            .env("GOTOOLCHAIN", "local")
            .env("CGO_ENABLED", "0")
            .current_dir(&folder))
    })
}
