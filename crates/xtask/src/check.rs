//! Every check a change must pass, cheapest first.

use crate::command::{cargo, output_of, program, run, run_counting};
use crate::report::Report;
use crate::tidy;

/// Runs all of them, the later ones too when an earlier one fails.
pub(crate) fn all(report: &mut Report) {
    report.step("fmt", || run(cargo().args(["fmt", "--all", "--check"])));
    report.step("tidy", tidy::run);
    report.step("clippy", || {
        run(cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
    });
    report.step("docs", || {
        run(cargo().args(["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"))
    });
    report.tests("tests", || {
        if has_nextest() {
            run_counting(cargo().args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]))
        } else {
            run_counting(cargo().args(["test", "--workspace", "--all-targets", "--locked", "--no-fail-fast"]))
        }
    });
    report.tests("doc tests", || {
        run_counting(cargo().args(["test", "--workspace", "--doc", "--locked", "--no-fail-fast"]))
    });
}

/// cargo-nextest runs the tests where somebody has it. It is not installed here: compiling it takes longer than it saves.
fn has_nextest() -> bool {
    output_of(program("cargo-nextest").args(["nextest", "--version"])).is_some()
}
