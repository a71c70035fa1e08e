//! Processor time and memory of a process, as the kernel tells them (proc(5)).

use std::fs;
use std::time::Duration;

use anyhow::{Context, bail};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    /// User and system time since the process began, all threads.
    pub(crate) cpu: Duration,
    /// Resident memory, in bytes.
    pub(crate) resident: u64,
}

/// # Errors
///
/// When there is no such process, or this system has no `/proc`.
pub(crate) fn usage(pid: u32) -> anyhow::Result<Usage> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let ticks = rustix::param::clock_ticks_per_second();
    let page = u64::try_from(rustix::param::page_size()).context("the page size")?;
    parse(&stat, ticks, page).with_context(|| format!("cannot understand {path}"))
}

fn parse(stat: &str, ticks_per_second: u64, page: u64) -> anyhow::Result<Usage> {
    // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
    let (_, after_name) = stat.rsplit_once(')').context("no program name")?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let field = |number: usize| -> anyhow::Result<u64> {
        // What is left begins with field 3.
        let text = fields.get(number - 3).context("too few fields")?;
        text.parse().with_context(|| format!("field {number}"))
    };
    if ticks_per_second == 0 {
        bail!("the clock does not tick");
    }
    let (user, system, pages) = (field(14)?, field(15)?, field(24)?);
    let millis = user.saturating_add(system).saturating_mul(1000) / ticks_per_second;
    Ok(Usage { cpu: Duration::from_millis(millis), resident: pages.saturating_mul(page) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_and_memory_are_read_past_any_program_name() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 150 51 14 15 16 17 18 19 20 21 300 23";
        let usage = Usage { cpu: Duration::from_millis(2010), resident: 300 * 4096 };
        let cases = [
            (format!("7 (dex) {rest}"), Some(usage)),
            (format!("7 (a) b) {rest}"), Some(usage)),
            (rest.to_owned(), None),
            ("7 (dex) S 1 2".to_owned(), None),
        ];
        for (stat, expected) in cases {
            assert_eq!(parse(&stat, 100, 4096).ok(), expected, "{stat}");
        }
    }
}
