//! Words that tie the project to one machine or one registry.

use super::Source;

/// Split so that this file does not hold them itself.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("/wo", "rk/", "a path of one machine"),
    ("/ro", "ot/", "a path of one machine"),
    ("/opt/dex", "-ref", "a path of one machine"),
    ("/tmp/bash", "_jobs", "a path of one machine"),
    ("crates", ".io", "the host of a registry"),
    ("registry.npm", "js.org", "the host of a registry"),
    ("pypi", ".org", "the host of a registry"),
    ("python", "hosted.org", "the host of a registry"),
    ("proxy.go", "lang.org", "the host of a registry"),
    ("sum.go", "lang.org", "the host of a registry"),
    ("repo1.ma", "ven.org", "the host of a registry"),
    ("repo.maven", ".apache.org", "the host of a registry"),
    ("deb.deb", "ian.org", "the host of a registry"),
];

/// Cargo writes the registry's name into its own lock files.
const LOCK_FILE: &str = "Cargo.lock";

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    for source in sources.iter().filter(|source| !is_lock_file(source)) {
        for (number, line) in source.text.lines().enumerate() {
            for (head, tail, why) in FORBIDDEN {
                let word = format!("{head}{tail}");
                if holds(line, &word) {
                    breaches.push(format!("{}:{}: `{word}` is {why}", source.path, number + 1));
                }
            }
        }
    }
    breaches
}

fn is_lock_file(source: &Source) -> bool {
    source.path.rsplit('/').next() == Some(LOCK_FILE)
}

/// A path counts only where it begins: `dex.example/work/` is no path of a machine.
fn holds(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !word.starts_with('/') || before.is_none_or(|c| !c.is_alphanumeric() && !"/._-}~".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    #[test]
    fn machine_paths_and_registry_hosts_are_found() {
        let path = |rest: &str| format!("{}{rest}", concat!("/wo", "rk/"));
        let host = concat!("crates", ".io").to_owned();
        let cases = [
            ("docs/a.md", path("main"), 1),
            ("docs/a.md", format!("see `{}`", path("main")), 1),
            ("docs/a.md", format!("dex.example{}", path("main")), 0),
            ("docs/a.md", format!("on {host}"), 1),
            ("Cargo.lock", format!("registry+{host}"), 0),
            ("fuzz/Cargo.lock", format!("registry+{host}"), 0),
            ("docs/Cargo.lock.md", format!("registry+{host}"), 1),
            ("docs/a.md", "working/roots".to_owned(), 0),
        ];
        for (file, text, breaches) in cases {
            assert_eq!(check(&[source(file, &text)]).len(), breaches, "{file}: {text}");
        }
    }
}
