//! `dex version`.

use crate::version;

/// Three lines as Dex prints them; the first is the same, for scripts, the others say what is true.
pub(super) fn text() -> String {
    format!(
        "Dex Version: {}\nRust Version: {}\nOS/ARCH: {} {}\n",
        version::DEX,
        version::COMPILER.trim_start_matches("rustc"),
        std::env::consts::OS,
        version::go_arch(),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn there_are_three_lines_and_the_first_is_known_to_scripts() {
        let text = super::text();
        let labels: Vec<_> = text.lines().map(|line| line.split(": ").next().unwrap()).collect();
        assert_eq!(labels, ["Dex Version", "Rust Version", "OS/ARCH"]);
    }
}
