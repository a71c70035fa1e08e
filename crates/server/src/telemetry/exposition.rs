//! The Prometheus text format 0.0.4, which Dex speaks and every scraper reads.
//!
//! The metrics library writes OpenMetrics. The two differ in how a counter is announced, in bucket
//! bounds that are whole numbers, and in the end mark.

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

/// What goes into `Content-Type`.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything in `registry`.
///
/// # Errors
///
/// When a collector fails to write itself; the caller answers 500.
pub fn encode(registry: &Registry) -> Result<String, std::fmt::Error> {
    let mut open_metrics = String::new();
    text::encode(&mut open_metrics, registry)?;
    Ok(to_prometheus(&open_metrics))
}

fn to_prometheus(open_metrics: &str) -> String {
    let mut out = String::with_capacity(open_metrics.len());
    let mut lines = open_metrics.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let counter = lines.peek().is_some_and(|next| next.ends_with(" counter"));
            announce(&mut out, "HELP", help, counter);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            announce(&mut out, "TYPE", kind, kind.ends_with(" counter"));
        } else if !line.starts_with("# EOF") && !line.starts_with("# UNIT ") {
            sample(&mut out, line);
        }
    }
    out
}

fn announce(out: &mut String, what: &str, rest: &str, counter: bool) {
    let (name, said) = rest.split_once(' ').unwrap_or((rest, ""));
    let said = if what == "TYPE" && said == "unknown" { "untyped" } else { said };
    let suffix = if counter { "_total" } else { "" };
    for part in ["# ", what, " ", name, suffix, " ", said, "\n"] {
        out.push_str(part);
    }
}

/// `le` is the first label there; a quote inside a label's value is escaped, so cannot end one.
fn sample(out: &mut String, line: &str) {
    let bound = line.find("le=\"").filter(|at| matches!(line.as_bytes()[at - 1], b'{' | b','));
    let rewritten = bound.and_then(|at| {
        let start = at + "le=\"".len();
        let (value, rest) = line[start..].split_once('"')?;
        Some((&line[..start], value.strip_suffix(".0")?, rest))
    });
    match rewritten {
        Some((before, value, after)) => {
            for part in [before, value, "\"", after] {
                out.push_str(part);
            }
        }
        None => out.push_str(line),
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::gauge::Gauge;
    use prometheus_client::metrics::histogram::Histogram;

    use super::*;

    #[test]
    fn names_types_and_bounds_are_those_of_the_classic_format() {
        let mut registry = Registry::default();
        let counter: Counter = Counter::default();
        counter.inc();
        registry.register("http_requests", "Requests", counter);
        let gauge: Gauge = Gauge::default();
        registry.register("dex_gauge", "A gauge", gauge);
        let histogram = Histogram::new([0.25, 1.0, 10.0]);
        histogram.observe(0.5);
        registry.register("request_duration_seconds", "Durations", histogram);
        let expected = "\
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total 1
# HELP dex_gauge A gauge.
# TYPE dex_gauge gauge
dex_gauge 0
# HELP request_duration_seconds Durations.
# TYPE request_duration_seconds histogram
request_duration_seconds_sum 0.5
request_duration_seconds_count 1
request_duration_seconds_bucket{le=\"0.25\"} 0
request_duration_seconds_bucket{le=\"1\"} 1
request_duration_seconds_bucket{le=\"10\"} 1
request_duration_seconds_bucket{le=\"+Inf\"} 1
";
        assert_eq!(encode(&registry).unwrap(), expected);
    }

    #[test]
    fn label_values_are_left_alone() {
        let line = "x_total{handler=\"/a,le=\\\"1.0\\\"\"} 1\n";
        assert_eq!(to_prometheus(line), line);
    }
}
