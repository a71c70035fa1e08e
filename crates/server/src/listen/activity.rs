//! What goes on at one connection, to tell an idle or stuck one from a working one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Limits;

/// Counts the requests of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    limits: Limits,
}

#[derive(Clone, Copy, Debug)]
struct State {
    in_flight: u32,
    any_request: bool,
    /// When a request last began or ended.
    since: Instant,
}

/// What to do with the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing before this moment.
    WaitUntil(Instant),
    /// Ask it to close.
    Close,
    /// Close it.
    Abort,
}

impl Activity {
    pub(super) fn new(now: Instant, limits: Limits) -> Self {
        let state = State { in_flight: 0, any_request: false, since: now };
        Self { state: Mutex::new(state), limits }
    }

    /// Counts a request until the returned guard is dropped, with the last byte of the answer.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.change(|state| {
            state.in_flight += 1;
            state.any_request = true;
        });
        InFlight(self.clone())
    }

    /// `closing` since when it was asked to close.
    pub(super) fn verdict(&self, now: Instant, closing: Option<Instant>) -> Verdict {
        let state = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let allowed = self.allowed(state);
        let due = state.since + allowed;
        match closing {
            _ if state.in_flight > 0 && now >= due => Verdict::Abort,
            Some(asked) if state.in_flight == 0 => {
                let due = asked.max(state.since) + self.limits.closing_time;
                if now >= due { Verdict::Abort } else { Verdict::WaitUntil(due) }
            }
            Some(asked) => {
                let due = due.min(asked + self.limits.ending_time);
                if now >= due { Verdict::Abort } else { Verdict::WaitUntil(due.min(now + self.limits.closing_time)) }
            }
            None if now < due => Verdict::WaitUntil(due),
            None => Verdict::Close,
        }
    }

    fn allowed(&self, state: State) -> Duration {
        match state {
            State { in_flight: 1.., .. } => self.limits.response_time,
            State { any_request: false, .. } => self.limits.first_request_time,
            _ => self.limits.idle_time,
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        state.since = Instant::now();
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.change(|state| state.in_flight -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_state_has_its_own_patience() {
        let limits = Limits::default();
        let start = Instant::now();
        let activity = Arc::new(Activity::new(start, limits));
        let instant = Duration::from_nanos(1);
        let patience = |closing| match activity.verdict(Instant::now(), closing) {
            Verdict::WaitUntil(due) => due - Instant::now(),
            verdict => panic!("{verdict:?}"),
        };
        let after = |wait: Duration, closing| activity.verdict(Instant::now() + wait, closing);

        assert_eq!(patience(None), limits.first_request_time);
        assert_eq!(after(limits.first_request_time, None), Verdict::Close);

        let first = activity.begin();
        let second = activity.begin();
        assert_eq!(patience(None), limits.response_time);
        assert_eq!(patience(Some(start)), limits.closing_time);
        let ending = Instant::now() - limits.ending_time;
        assert!(matches!(after(Duration::ZERO, Some(ending + instant)), Verdict::WaitUntil(_)));
        assert_eq!(after(Duration::ZERO, Some(ending)), Verdict::Abort);
        assert_eq!(after(limits.response_time, None), Verdict::Abort);
        drop(first);
        assert_eq!(patience(None), limits.response_time);
        drop(second);

        assert_eq!(patience(None), limits.idle_time);
        assert_eq!(after(limits.idle_time, None), Verdict::Close);
        let closing = Some(Instant::now());
        assert!(matches!(after(limits.closing_time - instant, closing), Verdict::WaitUntil(_)));
        assert_eq!(after(limits.closing_time, closing), Verdict::Abort);
    }
}
