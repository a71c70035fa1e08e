//! Keycloak, from its published distribution, built for a database in memory.

use std::fs;

use anyhow::Context;

use super::once;
use crate::command::{cache, program, run};

/// The distribution, as Maven names it. Its last line that runs on Java 17.
const DISTRIBUTION: &str = "org.keycloak:keycloak-quarkus-dist:26.4.0:zip";

/// The plug-in that fetches it; Maven's own, of a version of ours so that every machine does the same.
const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";

/// Unpacks it into `.cache/keycloak` and has it prepare itself, which takes half a minute, so that it starts in ten seconds.
pub(super) fn install() -> anyhow::Result<()> {
    let home = cache().join("keycloak");
    once("keycloak", DISTRIBUTION, &home.join("lib/quarkus/generated-bytecode.jar"), || {
        let fetched = cache().join("keycloak-fetched");
        for folder in [&home, &fetched] {
            if folder.exists() {
                fs::remove_dir_all(folder).with_context(|| format!("cannot clear {}", folder.display()))?;
            }
        }
        run(program("mvn")
            .args(["--batch-mode", "--quiet", PLUGIN, "-Dmdep.stripVersion=true"])
            .arg(format!("-Dartifact={DISTRIBUTION}"))
            .arg(format!("-DoutputDirectory={}", fetched.display())))?;
        let archive = fetched.join("keycloak-quarkus-dist.zip");
        run(program("python3").args(["-m", "zipfile", "-e"]).arg(&archive).arg(&fetched))?;
        fs::remove_file(&archive).context("cannot remove the archive")?;
        let unpacked = fs::read_dir(&fetched)?.next().context("the archive was empty")??;
        fs::rename(unpacked.path(), &home).context("cannot move what was unpacked")?;
        let build = ["build", "--db=dev-mem", "--health-enabled=false", "--metrics-enabled=false"];
        run(program("sh").arg(home.join("bin/kc.sh")).args(build))
    })
}
