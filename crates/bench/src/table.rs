//! The figures as a table: a line for each workload and server, and a line that compares two servers.

use std::fmt::Write as _;
use std::time::Duration;

use crate::drive::Outcome;
use crate::workload::Workload;

/// What one workload showed on one server, or why it could not be run.
pub(crate) struct Row {
    pub(crate) workload: Workload,
    pub(crate) target: &'static str,
    pub(crate) outcome: anyhow::Result<Outcome>,
}

const HEADINGS: [&str; 13] = [
    "workload",
    "on",
    "clients",
    "ops/s",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "max ms",
    "errors",
    "cpu ms/op",
    "own ms/op",
    "rss MiB",
    "after",
];

type Cells = [String; HEADINGS.len()];

/// Figures of one line: `None` where nothing was measured.
struct Figures {
    throughput: f64,
    latencies: [f64; 4],
    cpu: Option<f64>,
    own_cpu: Option<f64>,
    resident: Option<[f64; 2]>,
}

/// The table, then the errors by kind and the workloads that could not be run.
pub(crate) fn render(rows: &[Row]) -> String {
    let mut lines = vec![HEADINGS.map(str::to_owned)];
    let mut notes = String::new();
    let mut previous: Option<(Workload, Figures)> = None;
    for row in rows {
        let outcome = match &row.outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                note(&mut notes, row, &format!("not run: {error:#}"));
                previous = None;
                continue;
            }
        };
        let figures = Figures::of(outcome);
        lines.push(line(row, outcome, &figures));
        if let Some((_, first)) = previous.take_if(|(workload, _)| *workload == row.workload) {
            lines.push(comparison(&first, &figures));
        } else {
            previous = Some((row.workload, figures));
        }
        for (kind, times) in &outcome.summary.failures {
            note(&mut notes, row, &format!("{times} x {kind}"));
        }
    }
    aligned(&lines) + &notes
}

fn note(notes: &mut String, row: &Row, text: &str) {
    let written = writeln!(notes, "{} on {}: {text}", row.workload, row.target);
    written.expect("a string takes whatever is written");
}

impl Figures {
    fn of(outcome: &Outcome) -> Self {
        let summary = &outcome.summary;
        let operations = u32::try_from(summary.succeeded).unwrap_or(u32::MAX);
        let each = |cpu: Duration| (operations > 0).then(|| millis(cpu) / f64::from(operations));
        let server = outcome.server;
        Self {
            throughput: f64::from(operations) / outcome.elapsed.as_secs_f64(),
            latencies: [summary.p50, summary.p95, summary.p99, summary.max].map(millis),
            cpu: server.and_then(|(before, after)| each(after.cpu.saturating_sub(before.cpu))),
            own_cpu: each(outcome.own_cpu),
            resident: server.map(|(before, after)| [mebi(before.resident), mebi(after.resident)]),
        }
    }
}

fn line(row: &Row, outcome: &Outcome, figures: &Figures) -> Cells {
    let fixed = |value: f64, digits: usize| format!("{value:.digits$}");
    let maybe = |value: Option<f64>, digits| value.map_or("-".to_owned(), |value| fixed(value, digits));
    let [p50, p95, p99, max] = figures.latencies.map(|latency| fixed(latency, 2));
    let [before, after] = [0, 1].map(|at| maybe(figures.resident.map(|both| both[at]), 1));
    [
        row.workload.to_string(),
        row.target.to_owned(),
        outcome.clients.to_string(),
        fixed(figures.throughput, 1),
        p50,
        p95,
        p99,
        max,
        outcome.summary.failed().to_string(),
        maybe(figures.cpu, 3),
        maybe(figures.own_cpu, 3),
        before,
        after,
    ]
}

/// What the first server's figures are as a multiple of the second's, where both have any.
fn comparison(first: &Figures, second: &Figures) -> Cells {
    let ratio = |one: f64, other: f64| {
        if one > 0.0 && other > 0.0 { format!("{:.2}x", one / other) } else { "-".to_owned() }
    };
    let maybe =
        |one: Option<f64>, other: Option<f64>| one.zip(other).map_or("-".to_owned(), |(one, other)| ratio(one, other));
    let latency = |at: usize| ratio(first.latencies[at], second.latencies[at]);
    let resident = |at: usize| maybe(first.resident.map(|both| both[at]), second.resident.map(|both| both[at]));
    [
        String::new(),
        "A/B".to_owned(),
        String::new(),
        ratio(first.throughput, second.throughput),
        latency(0),
        latency(1),
        latency(2),
        latency(3),
        String::new(),
        maybe(first.cpu, second.cpu),
        String::new(),
        resident(0),
        resident(1),
    ]
}

fn aligned(lines: &[Cells]) -> String {
    let width = |column: usize| lines.iter().map(|cells| cells[column].len()).max();
    let widths: Vec<usize> = (0..HEADINGS.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for cells in lines {
        let mut line = String::new();
        for (column, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width - cell.len());
            // Words stand left, figures right.
            let parts = if column < 2 { [cell, padding.as_str()] } else { [padding.as_str(), cell] };
            line.extend(parts);
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn mebi(bytes: u64) -> f64 {
    let kibi = u32::try_from(bytes >> 10).unwrap_or(u32::MAX);
    f64::from(kibi) / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;
    use crate::process::Usage;
    use crate::sample::Samples;

    fn outcome(operations: u32, failures: u32, watched: bool) -> Outcome {
        let mut samples = Samples::default();
        for number in 1..=operations {
            samples.succeeded(Duration::from_millis(u64::from(number)));
        }
        for _ in 0..failures {
            samples.failed(&Failure::Timeout);
        }
        let usage = |seconds, mebi: u64| Usage { cpu: Duration::from_secs(seconds), resident: mebi << 20 };
        Outcome {
            clients: 4,
            elapsed: Duration::from_secs(2),
            summary: samples.close(),
            server: watched.then(|| (usage(1, 10), usage(2, 12))),
            own_cpu: Duration::from_millis(50),
        }
    }

    fn row(target: &'static str, outcome: anyhow::Result<Outcome>) -> Row {
        Row { workload: Workload::Keys, target, outcome }
    }

    #[test]
    fn one_server_has_a_line_a_workload() {
        let table = render(&[row("A", Ok(outcome(100, 3, true)))]);
        let lines: Vec<Vec<&str>> = table.lines().map(|l| l.split_whitespace().collect()).collect();
        let figures =
            ["keys", "A", "4", "50.0", "50.00", "95.00", "99.00", "100.00", "3", "10.000", "0.500", "10.0", "12.0"];
        assert_eq!(lines[1], figures);
        assert_eq!(lines[2].join(" "), "keys on A: 3 x no answer in time");
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn two_servers_are_compared_and_what_is_unknown_is_a_dash() {
        let rows = [row("A", Ok(outcome(100, 0, true))), row("B", Ok(outcome(50, 0, false)))];
        let table = render(&rows);
        let ratios: Vec<&str> = table.lines().nth(3).unwrap().split_whitespace().collect();
        let expected = ["A/B", "2.00x", "2.00x", "1.98x", "1.98x", "2.00x", "-", "-", "-"];
        assert_eq!(ratios, expected);
    }

    #[test]
    fn a_workload_that_failed_throughout_divides_by_nothing() {
        let rows = [
            row("A", Ok(outcome(1, 0, true))),
            row("B", Ok(outcome(0, 1, true))),
            row("A", Err(anyhow::anyhow!("on purpose"))),
        ];
        let table = render(&rows);
        assert!(!table.contains("inf") && !table.contains("NaN"), "{table}");
        let ratios: Vec<&str> = table.lines().nth(3).unwrap().split_whitespace().collect();
        assert_eq!(ratios[..6], ["A/B", "-", "-", "-", "-", "-"]);
        assert!(table.ends_with("keys on A: not run: on purpose\n"), "{table}");
    }
}
