//! Counts what passed and failed, and says how long each step took.

use std::process::ExitCode;
use std::time::Instant;

/// How many checks passed, failed or were left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    /// Adds what a closing line of `cargo nextest` or `cargo test` reports; any other line adds nothing.
    pub(crate) fn read(&mut self, line: &str) {
        let Some(counts) = closing_counts(line) else {
            return;
        };
        // nextest qualifies a count: "2 passed (1 slow, 1 leaky)".
        let mut plain = String::new();
        let mut depth = 0_u32;
        for character in counts.chars() {
            match character {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ if depth == 0 => plain.push(character),
                _ => {}
            }
        }
        for part in plain.split([',', ';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(count), Some(word)) = (words.next(), words.next()) else {
                continue;
            };
            let Ok(count) = count.parse::<u64>() else {
                continue;
            };
            match word {
                "passed" => self.passed += count,
                "skipped" | "ignored" => self.skipped += count,
                "failed" | "timed" | "exec" => self.failed += count,
                _ => {}
            }
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

fn closing_counts(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if let Some(result) = line.strip_prefix("test result:") {
        return Some(result);
    }
    let summary = line.strip_prefix("Summary [")?;
    let (_, counts) = summary.split_once(" run:")?;
    Some(counts)
}

/// The steps run so far. A step that is no test run counts as one check.
#[derive(Default)]
pub(crate) struct Report {
    tally: Tally,
    lines: Vec<String>,
}

impl Report {
    /// Runs one step; a failure is reported and counted, and the following steps still run.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> anyhow::Result<()>) {
        self.tests(name, || {
            work()?;
            Ok(Tally { passed: 1, ..Tally::default() })
        });
    }

    /// Runs one step that counts for itself. An error, or no test at all, is one failure.
    pub(crate) fn tests(&mut self, name: &str, work: impl FnOnce() -> anyhow::Result<Tally>) {
        println!("==> {name}");
        let started = Instant::now();
        let outcome = work();
        let seconds = started.elapsed().as_secs_f32();
        let (verdict, tally) = match outcome {
            Ok(tally) if tally.failed == 0 => ("ok", tally),
            Ok(tally) => ("FAILED", tally),
            Err(error) => {
                println!("{name}: {error:#}");
                ("FAILED", Tally { failed: 1, ..Tally::default() })
            }
        };
        self.tally.add(tally);
        let line = format!("{verdict:>6}  {name}  {seconds:.1} s");
        println!("{line}");
        self.lines.push(line);
    }

    /// Prints every step once more, then the closing line.
    pub(crate) fn close(self) -> ExitCode {
        println!();
        for line in &self.lines {
            println!("{line}");
        }
        println!();
        println!("{}", closing_line(self.tally));
        if self.tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

fn closing_line(tally: Tally) -> String {
    let Tally { passed, failed, skipped } = tally;
    if skipped == 0 {
        format!("{passed} passed, {failed} failed")
    } else {
        format!("{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted_and_others_are_not() {
        let tally = |passed, failed, skipped| Tally { passed, failed, skipped };
        let cases = [
            ("     Summary [   0.005s] 3 tests run: 3 passed, 0 skipped", tally(3, 0, 0)),
            ("     Summary [   0.005s] 1 test run: 1 passed, 2 skipped", tally(1, 0, 2)),
            (
                "     Summary [   9.1s] 6 tests run: 2 passed (1 slow, 1 leaky), 3 failed, 1 timed out, 0 skipped",
                tally(2, 4, 0),
            ),
            ("     Summary [   9.1s] 2/6 tests run: 1 passed, 1 exec failed, 0 skipped", tally(1, 1, 0)),
            (
                "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.00s",
                tally(5, 0, 1),
            ),
            (
                "test result: FAILED. 0 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
                tally(0, 2, 0),
            ),
            ("test it::works ... ok", tally(0, 0, 0)),
            ("        PASS [   0.004s] dex a::b", tally(0, 0, 0)),
        ];
        for (line, expected) in cases {
            let mut counted = Tally::default();
            counted.read(line);
            assert_eq!(counted, expected, "{line}");
        }
    }

    #[test]
    fn the_closing_line_names_skipped_tests_only_when_there_are_some() {
        assert_eq!(closing_line(Tally { passed: 3, failed: 1, skipped: 0 }), "3 passed, 1 failed");
        assert_eq!(closing_line(Tally { passed: 3, failed: 0, skipped: 2 }), "3 passed, 0 failed, 2 skipped");
    }

    #[test]
    fn a_failing_step_is_counted_and_the_next_one_still_runs() {
        let mut report = Report::default();
        report.step("breaks", || anyhow::bail!("on purpose"));
        report.step("works", || Ok(()));
        assert_eq!(report.tally, Tally { passed: 1, failed: 1, skipped: 0 });
    }
}
