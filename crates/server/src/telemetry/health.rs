//! Named checks, their latest results and the readiness they amount to.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::lifecycle::Stop;

/// How often the storage is asked whether it still answers.
pub const CHECK_EVERY: Duration = Duration::from_secs(15);

/// How long a check may take before it counts as failed.
const CHECK_TIME_MAX: Duration = Duration::from_secs(10);

/// The name under which shutting down shows among the checks.
const SHUTDOWN: &str = "shutdown";

/// Whether we are fit to serve.
#[derive(Debug, Default)]
pub struct Health {
    checks: Mutex<BTreeMap<&'static str, CheckResult>>,
    shutting_down: AtomicBool,
}

/// The latest result of a check, as the telemetry endpoint shows it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CheckResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failure>,
    timestamp: Timestamp,
    /// In nanoseconds.
    #[serde(skip_serializing_if = "is_zero")]
    duration: u64,
    contiguous_failures: u64,
    time_of_first_failure: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize)]
struct Failure {
    message: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(duration: &u64) -> bool {
    *duration == 0
}

impl CheckResult {
    pub(super) fn passes(&self) -> bool {
        self.error.is_none()
    }
}

impl Health {
    /// Nothing to check yet, which counts as healthy.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether every check passed when it last ran, and the process means to go on.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.shutting_down.load(Ordering::Relaxed) && self.lock().values().all(CheckResult::passes)
    }

    /// Fails readiness for good.
    pub fn shutting_down(&self) {
        self.shutting_down.store(true, Ordering::Relaxed);
    }

    /// Runs `check` at once and then `every` so often, until `stop`.
    ///
    /// It passes until it has run. The error's text is shown to whoever asks on the telemetry port
    /// and logged, so it must hold no secret. Time comes from `now`.
    pub async fn watch<F, E>(
        &self,
        name: &'static str,
        every: Duration,
        now: fn() -> Timestamp,
        check: impl Fn() -> F,
        mut stop: Stop,
    ) where
        F: Future<Output = Result<(), E>>,
        E: std::fmt::Display,
    {
        self.lock().insert(name, not_run(now()));
        let watching = async {
            loop {
                let began = tokio::time::Instant::now();
                let outcome = match tokio::time::timeout(CHECK_TIME_MAX, check()).await {
                    Ok(outcome) => outcome.map_err(|error| error.to_string()),
                    Err(elapsed) => Err(elapsed.to_string()),
                };
                self.record(name, outcome, now(), began.elapsed());
                tokio::time::sleep(every).await;
            }
        };
        tokio::select! {
            () = watching => {}
            () = stop.requested() => {}
        }
    }

    fn record(&self, name: &'static str, outcome: Result<(), String>, now: Timestamp, took: Duration) {
        let mut checks = self.lock();
        let before = checks.entry(name).or_insert_with(|| not_run(now));
        let duration = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let passed = CheckResult { message: None, duration, ..not_run(now) };
        *before = match outcome {
            Ok(()) => {
                if !before.passes() {
                    tracing::info!(check = name, "health check passes again");
                }
                passed
            }
            Err(message) => {
                if before.passes() {
                    tracing::error!(check = name, err = message, "health check failed");
                }
                CheckResult {
                    error: Some(Failure { message }),
                    contiguous_failures: before.contiguous_failures + 1,
                    time_of_first_failure: before.time_of_first_failure.or(Some(now)),
                    ..passed
                }
            }
        };
    }

    /// Every result by name, and the shutdown as one more when it has begun.
    pub(super) fn results(&self, now: Timestamp) -> BTreeMap<&'static str, CheckResult> {
        let mut results = self.lock().clone();
        if self.shutting_down.load(Ordering::Relaxed) {
            let error = Some(Failure { message: "shutting down".to_owned() });
            results.insert(SHUTDOWN, CheckResult { error, message: None, ..not_run(now) });
        }
        results
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, CheckResult>> {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_run(now: Timestamp) -> CheckResult {
    CheckResult {
        message: Some("didn't run yet"),
        error: None,
        timestamp: now,
        duration: 0,
        contiguous_failures: 0,
        time_of_first_failure: None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn failures_are_counted_until_one_passes() {
        let health = Health::new();
        let failures = |health: &Health| {
            let results = health.results(at(0));
            let result = &results["storage"];
            (result.contiguous_failures, result.time_of_first_failure)
        };
        let cases = [
            (Err("down"), 10, (1, Some(at(10))), false),
            (Err("down"), 25, (2, Some(at(10))), false),
            (Ok(()), 40, (0, None), true),
            (Err("down"), 55, (1, Some(at(55))), false),
        ];
        for (outcome, second, expected, ready) in cases {
            health.record("storage", outcome.map_err(str::to_owned), at(second), Duration::ZERO);
            assert_eq!(failures(&health), expected, "at {second}");
            assert_eq!(health.is_ready(), ready, "at {second}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_runs_at_once_and_then_regularly_and_may_not_hang() {
        let health = Health::new();
        let ran = AtomicU32::new(0);
        let (trigger, stop) = Stop::new();
        let check = || async {
            match ran.fetch_add(1, Ordering::Relaxed) {
                0 => Ok::<(), &str>(()),
                _ => std::future::pending().await,
            }
        };
        let watching = health.watch("storage", CHECK_EVERY, || at(1), check, stop);
        let probing = async {
            assert!(health.is_ready(), "before the first result");
            tokio::time::sleep(CHECK_EVERY + Duration::from_secs(1)).await;
            assert_eq!(ran.load(Ordering::Relaxed), 2);
            assert!(health.is_ready(), "the second is still running");
            tokio::time::sleep(CHECK_TIME_MAX).await;
            assert!(!health.is_ready(), "the second took too long");
            trigger.send_replace(true);
        };
        tokio::join!(watching, probing);
    }
}
