//! `process_*`, read from `/proc` when somebody asks.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Reports this process. Says nothing where there is no `/proc`.
#[derive(Debug)]
pub struct ProcessCollector;

/// What `/proc` says, in the units of the metrics.
#[derive(Debug, PartialEq)]
struct Process {
    cpu_seconds: f64,
    virtual_bytes: u64,
    resident_bytes: u64,
    start_seconds: f64,
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        if let Some(process) = read_process() {
            counter(
                &mut encoder,
                "process_cpu_seconds",
                "Total user and system CPU time spent in seconds",
                process.cpu_seconds,
            )?;
            gauge(
                &mut encoder,
                "process_resident_memory_bytes",
                "Resident memory size in bytes",
                ConstGauge::new(process.resident_bytes),
            )?;
            gauge(
                &mut encoder,
                "process_virtual_memory_bytes",
                "Virtual memory size in bytes",
                ConstGauge::new(process.virtual_bytes),
            )?;
            gauge(
                &mut encoder,
                "process_start_time_seconds",
                "Start time of the process since unix epoch in seconds",
                ConstGauge::new(process.start_seconds),
            )?;
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // One of them is the directory being counted.
            let open = u64::try_from(open.count().saturating_sub(1)).unwrap_or(u64::MAX);
            gauge(&mut encoder, "process_open_fds", "Number of open file descriptors", ConstGauge::new(open))?;
        }
        if let Some(max) = fs::read_to_string("/proc/self/limits").ok().as_deref().and_then(max_fds) {
            gauge(&mut encoder, "process_max_fds", "Maximum number of open file descriptors", ConstGauge::new(max))?;
        }
        Ok(())
    }
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: f64) -> fmt::Result {
    let metric = ConstCounter::new(value);
    let help = format!("{help}.");
    metric.encode(encoder.encode_descriptor(name, &help, None, metric.metric_type())?)
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, metric: impl EncodeMetric) -> fmt::Result {
    let help = format!("{help}.");
    metric.encode(encoder.encode_descriptor(name, &help, None, metric.metric_type())?)
}

fn read_process() -> Option<Process> {
    parse(
        &fs::read_to_string("/proc/self/stat").ok()?,
        &fs::read_to_string("/proc/stat").ok()?,
        rustix::param::clock_ticks_per_second(),
        u64::try_from(rustix::param::page_size()).ok()?,
    )
}

/// proc(5): the fields after the command's name in parentheses, which may hold anything.
#[expect(clippy::cast_precision_loss, reason = "ticks and seconds lie far below 2^53")]
fn parse(own: &str, system: &str, ticks_per_second: u64, page: u64) -> Option<Process> {
    let fields: Vec<&str> = own.rsplit_once(')')?.1.split_whitespace().collect();
    // Field 3 of the manual is the first after the name.
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let boot: u64 = system.lines().find_map(|line| line.strip_prefix("btime "))?.parse().ok()?;
    let seconds = |ticks: u64| ticks as f64 / ticks_per_second as f64;
    Some(Process {
        cpu_seconds: seconds(field(14)? + field(15)?),
        virtual_bytes: field(23)?,
        resident_bytes: field(24)? * page,
        start_seconds: boot as f64 + seconds(field(22)?),
    })
}

fn max_fds(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_counted_from_the_end_of_the_name() {
        let own =
            "42 (a) b (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 1000 5000000 200 18446744073709551615 1";
        let expected =
            Process { cpu_seconds: 3.0, virtual_bytes: 5_000_000, resident_bytes: 200 * 4096, start_seconds: 1_010.0 };
        assert_eq!(parse(own, "cpu 1 2\nbtime 1000\n", 100, 4096), Some(expected));
        assert_eq!(parse("42 (short) S 1", "btime 1000\n", 100, 4096), None);
    }

    #[test]
    fn the_soft_limit_of_files_is_reported() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\nMax open files            1024                 1048576              files\n";
        assert_eq!(max_fds(limits), Some(1024));
        assert_eq!(max_fds("Max open files  unlimited unlimited files"), Some(u64::MAX));
    }
}
