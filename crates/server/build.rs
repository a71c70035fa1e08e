//! Tells the program its version: `DEX_VERSION`, or what git knows in a release build, or `DEV`.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=DEX_VERSION");
    println!("cargo::rerun-if-changed=build.rs");
    let given = std::env::var("DEX_VERSION").ok().filter(|version| !version.is_empty());
    // Asking git for each debug build would build the program anew at every commit.
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let version = given.or_else(|| if release { from_git() } else { None });
    println!("cargo::rustc-env=DEX_BUILD_VERSION={}", version.as_deref().unwrap_or("DEV"));

    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let compiler = run(&rustc, &["--version"])
        .and_then(|said| said.split_whitespace().nth(1).map(|version| format!("rustc{version}")));
    println!("cargo::rustc-env=DEX_BUILD_COMPILER={}", compiler.as_deref().unwrap_or("rustc"));
}

/// The tag of a clean release, else `v0.1.0-20260806171424-ab64ed77`, with `-dirty` if it is.
fn from_git() -> Option<String> {
    // The one changes with the branch, the other with each commit.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = run("git", &["rev-parse", "--git-path", file]) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let dirty = if run("git", &["status", "--porcelain"])?.is_empty() { "" } else { "-dirty" };
    if let Some(tag) = run("git", &["describe", "--tags", "--exact-match"]) {
        return Some(tag + dirty);
    }
    let format = ["log", "-1", "--format=%cd-%h", "--abbrev=8", "--date=format-local:%Y%m%d%H%M%S"];
    let commit = run("git", &format)?;
    Some(format!("v{}-{commit}{dirty}", env!("CARGO_PKG_VERSION")))
}

fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let done = Command::new(program).args(arguments).env("TZ", "UTC").output().ok()?;
    let said = done.status.success().then_some(done.stdout)?;
    Some(String::from_utf8(said).ok()?.trim().to_owned())
}
