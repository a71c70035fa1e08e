//! What was measured: latencies of what succeeded, failures by kind.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::failure::Failure;

/// Kinds of failure told apart; further ones are counted together.
const KINDS_MAX: usize = 24;

#[derive(Default)]
pub(crate) struct Samples {
    /// In microseconds. Exact, since the number of operations is bounded.
    latencies: Vec<u32>,
    failures: BTreeMap<String, u64>,
}

impl Samples {
    pub(crate) fn succeeded(&mut self, latency: Duration) {
        let micros = u32::try_from(latency.as_micros()).unwrap_or(u32::MAX);
        self.latencies.push(micros);
    }

    pub(crate) fn failed(&mut self, failure: &Failure) {
        self.count(failure.to_string(), 1);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        for (kind, times) in other.failures {
            self.count(kind, times);
        }
    }

    fn count(&mut self, kind: String, times: u64) {
        let known = self.failures.contains_key(&kind) || self.failures.len() < KINDS_MAX;
        let kind = if known { kind } else { "other".to_owned() };
        *self.failures.entry(kind).or_default() += times;
    }

    pub(crate) fn close(mut self) -> Summary {
        self.latencies.sort_unstable();
        let at = |per_mille| Duration::from_micros(u64::from(rank(&self.latencies, per_mille)));
        Summary {
            succeeded: self.latencies.len(),
            p50: at(500),
            p95: at(950),
            p99: at(990),
            max: at(1000),
            failures: self.failures,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) succeeded: usize,
    pub(crate) p50: Duration,
    pub(crate) p95: Duration,
    pub(crate) p99: Duration,
    pub(crate) max: Duration,
    pub(crate) failures: BTreeMap<String, u64>,
}

impl Summary {
    pub(crate) fn failed(&self) -> u64 {
        self.failures.values().sum()
    }
}

/// The nearest-rank percentile of sorted values: the smallest that at least so many of them do not exceed.
fn rank(sorted: &[u32], per_mille: usize) -> u32 {
    let rank = (sorted.len() * per_mille).div_ceil(1000);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let hundred: Vec<u32> = (1..=100).collect();
        let cases: [(&[u32], usize, u32); 8] = [
            (&[], 500, 0),
            (&[7], 500, 7),
            (&[7], 1000, 7),
            (&[1, 2], 500, 1),
            (&[1, 2], 501, 2),
            (&hundred, 950, 95),
            (&hundred, 990, 99),
            (&hundred, 1000, 100),
        ];
        for (sorted, per_mille, expected) in cases {
            assert_eq!(rank(sorted, per_mille), expected, "{per_mille} of {sorted:?}");
        }
    }

    #[test]
    fn samples_of_two_clients_add_up() {
        let mut one = Samples::default();
        one.succeeded(Duration::from_micros(30));
        one.failed(&Failure::Timeout);
        let mut other = Samples::default();
        other.succeeded(Duration::from_micros(10));
        other.failed(&Failure::Timeout);
        other.failed(&Failure::Connect);
        one.add(other);
        let summary = one.close();
        assert_eq!(summary.succeeded, 2);
        assert_eq!(summary.p50, Duration::from_micros(10));
        assert_eq!(summary.max, Duration::from_micros(30));
        assert_eq!(summary.failures["no answer in time"], 2);
        assert_eq!(summary.failed(), 3);
    }

    #[test]
    fn kinds_of_failure_stay_few_whatever_the_provider_answers() {
        let mut samples = Samples::default();
        for number in 0..100 {
            samples.failed(&Failure::oauth("token", &format!("e{number}")));
        }
        let summary = samples.close();
        assert_eq!(summary.failures.len(), KINDS_MAX + 1);
        assert_eq!(summary.failures["other"], 100 - 24);
    }
}
