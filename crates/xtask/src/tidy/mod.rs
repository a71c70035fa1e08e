//! The rules of the house that no other tool checks: sizes, room descriptions, crate edges, pages, words.
//!
//! Each rule reads tracked files only and answers every breach it finds, one a line.

mod edges;
mod pages;
mod rooms;
mod sizes;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::command::{output_of, program, root};

/// A tracked text file.
struct Source {
    /// From the root, with forward slashes.
    path: String,
    text: String,
}

impl Source {
    fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == "rs")
    }

    /// Rust that ships: `crates/<crate>/src`.
    fn is_crate_source(&self) -> bool {
        self.is_rust() && self.path.starts_with("crates/") && self.path.split('/').nth(2) == Some("src")
    }
}

/// Checks every rule.
///
/// # Errors
///
/// Lists all breaches.
pub(crate) fn run() -> anyhow::Result<()> {
    let sources = tracked()?;
    let mut breaches = Vec::new();
    breaches.extend(sizes::check(&sources));
    breaches.extend(rooms::check(&sources));
    breaches.extend(words::check(&sources));
    breaches.extend(pages::check(&sources));
    breaches.extend(edges::check()?);
    if breaches.is_empty() {
        return Ok(());
    }
    for breach in &breaches {
        println!("{breach}");
    }
    bail!("{} breaches", breaches.len());
}

/// Every tracked file that is text. What is not (images, databases) follows none of the rules.
fn tracked() -> anyhow::Result<Vec<Source>> {
    // CI may run as another user than the one who cloned.
    let mut git = program("git");
    git.args(["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let names = output_of(&mut git).context("git ls-files failed")?;
    let root: PathBuf = root();
    let mut sources = Vec::new();
    for path in names.split_terminator('\0') {
        // A file removed but not yet committed is listed and not there.
        if let Ok(text) = fs::read_to_string(root.join(path)) {
            sources.push(Source { path: path.to_owned(), text });
        }
    }
    Ok(sources)
}

#[cfg(test)]
fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}
