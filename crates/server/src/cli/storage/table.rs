//! The counts of a walk, a line for each kind.

use dex_storage::copy::{Count, Report};

/// A column: its name, and its number.
type Column = (&'static str, fn(&Count) -> u64);

/// How wide a number's column is at least.
const WIDTH: usize = 9;

pub(super) fn of_copy(report: &Report) -> String {
    table(
        report,
        &[
            ("copied", |count| count.written),
            ("same", |count| count.same),
            ("overwritten", |count| count.overwritten),
            ("not copied", |count| count.failed),
        ],
    )
}

pub(super) fn of_check(report: &Report) -> String {
    table(report, &[("read", |count| count.read), ("not read", |count| count.failed)])
}

fn table(report: &Report, columns: &[Column]) -> String {
    let head = columns.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
    let mut text = line("kind", &head, columns);
    for count in &report.counts {
        let cells = columns.iter().map(|(_, of)| of(count).to_string()).collect::<Vec<_>>();
        text.push_str(&line(count.kind.name(), &cells, columns));
    }
    let sums = columns.iter().map(|(_, of)| report.counts.iter().map(of).sum::<u64>().to_string());
    text.push_str(&line("all", &sums.collect::<Vec<_>>(), columns));
    text
}

fn line(name: &str, cells: &[String], columns: &[Column]) -> String {
    let cells = cells.iter().zip(columns).map(|(cell, (head, _))| format!("  {cell:>0$}", head.len().max(WIDTH)));
    format!("{name:<15}{}\n", cells.collect::<String>())
}

#[cfg(test)]
mod tests {
    use dex_storage::Memory;
    use dex_storage::copy::{Existing, check, copy};

    use super::*;

    #[tokio::test]
    async fn there_is_a_line_for_each_kind_and_one_for_all() {
        let report = copy(&Memory::new(), &Memory::new(), Existing::Keep, |_| ()).await.unwrap();
        let text = of_copy(&report);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "kind                copied       same  overwritten  not copied");
        assert_eq!(lines[4], "RefreshToken             0          0            0           0");
        assert_eq!((lines.len(), &lines[14][..3]), (15, "all"));
        let report = check(&Memory::new(), |_| ()).await.unwrap();
        assert_eq!(of_check(&report).lines().next(), Some("kind                  read   not read"));
    }
}
