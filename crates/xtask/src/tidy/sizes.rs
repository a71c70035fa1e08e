//! A file that does more than one thing shows in its length.

use super::Source;

/// Lines of a Rust file before its tests.
const LINES_MAX: usize = 500;

pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let too_long = |source: &&Source| source.is_crate_source() && lines_before_tests(&source.text) > LINES_MAX;
    let told = |source: &Source| {
        format!("{}: {} lines before its tests, at most {LINES_MAX}", source.path, lines_before_tests(&source.text))
    };
    sources.iter().filter(too_long).filter(|source| !is_test_file(&source.path)).map(told).collect()
}

fn lines_before_tests(text: &str) -> usize {
    text.lines().take_while(|line| *line != "#[cfg(test)]").count()
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    #[test]
    fn only_lines_before_the_tests_count_and_the_limit_is_allowed() {
        let code = |lines| "x\n".repeat(lines);
        let tested = format!("{}#[cfg(test)]\n{}", code(500), code(300));
        let cases = [
            ("crates/a/src/lib.rs", code(500), 0),
            ("crates/a/src/lib.rs", code(501), 1),
            ("crates/a/src/lib.rs", tested, 0),
            ("crates/a/src/b/tests.rs", code(501), 0),
            ("crates/a/tests/it.rs", code(501), 0),
            ("docs/a.md", code(501), 0),
        ];
        for (path, text, breaches) in cases {
            let lines = text.lines().count();
            assert_eq!(check(&[source(path, &text)]).len(), breaches, "{path} of {lines} lines");
        }
    }
}
