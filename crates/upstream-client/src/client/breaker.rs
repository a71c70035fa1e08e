//! Not asking an upstream that has just failed many times over.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// After how many failed calls in a row, each with all its tries, the upstream is left alone.
pub(super) const FAILURES_MAX: u32 = 5;

/// For how long. Then one call tries, and while it runs the others go on being refused.
pub(super) const PAUSE: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    closed_to: Option<Instant>,
}

impl Breaker {
    /// Whether a call may go out at `now`; otherwise how long none may.
    pub(super) fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.closed_to {
            Some(until) if now < until => Err(until - now),
            Some(_) => {
                // This one tries; the others wait for what comes of it.
                state.closed_to = Some(now + PAUSE);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The upstream answered.
    pub(super) fn answered(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
    }

    /// The upstream did not answer, or a gateway said it is not there.
    pub(super) fn failed(&self, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES_MAX {
            state.closed_to = Some(now + PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_try_after_the_pause() {
        let (breaker, start) = (Breaker::default(), Instant::now());
        for _ in 1..FAILURES_MAX {
            breaker.failed(start);
        }
        breaker.answered();
        for _ in 1..FAILURES_MAX {
            breaker.failed(start);
            assert_eq!(breaker.admit(start), Ok(()));
        }
        breaker.failed(start);
        assert_eq!(breaker.admit(start), Err(PAUSE));
        let after = start + PAUSE;
        assert_eq!(breaker.admit(after), Ok(()), "one tries");
        assert_eq!(breaker.admit(after), Err(PAUSE), "the others wait");
        breaker.failed(after);
        assert_eq!(breaker.admit(after + PAUSE - Duration::from_millis(1)), Err(Duration::from_millis(1)));
        assert_eq!(breaker.admit(after + PAUSE), Ok(()));
        breaker.answered();
        assert_eq!(breaker.admit(after + PAUSE), Ok(()));
    }
}
