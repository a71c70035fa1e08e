//! Every room opens with what it owns, what it does not, and how control leaves it.

use super::Source;

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let undescribed = |source: &&Source| is_room(source) && !source.text.starts_with("//!");
    sources
        .iter()
        .filter(undescribed)
        .map(|source| format!("{}: does not open with //! and what the room owns", source.path))
        .collect()
}

fn is_room(source: &Source) -> bool {
    let name = source.path.rsplit('/').next().unwrap_or_default();
    source.is_crate_source() && ["lib.rs", "mod.rs", "main.rs"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    #[test]
    fn a_room_without_a_description_is_found_and_other_files_need_none() {
        let cases = [
            ("crates/a/src/lib.rs", "//! Owns a.\n", 0),
            ("crates/a/src/lib.rs", "use b;\n", 1),
            ("crates/a/src/b/mod.rs", "", 1),
            ("crates/a/src/main.rs", "fn main() {}\n", 1),
            ("crates/a/src/b.rs", "use c;\n", 0),
            ("crates/a/tests/it/main.rs", "mod b;\n", 0),
        ];
        for (path, text, breaches) in cases {
            assert_eq!(check(&[source(path, text)]).len(), breaches, "{path}: {text}");
        }
    }
}
