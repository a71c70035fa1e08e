//! Time that stands still until a test moves it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dex_model::{Timestamp, later};
use dex_web::Clock;

/// The first moment of each test: 2026-01-01T00:00:00Z.
const BEGINNING: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// A clock that a test moves.
#[derive(Clone)]
pub struct TestClock(Arc<Mutex<Timestamp>>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(BEGINNING)))
    }
}

impl TestClock {
    /// The time.
    pub fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the time on.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = later(*now, by);
    }

    /// The same clock as the endpoints see it.
    pub fn for_app(&self) -> Clock {
        let clock = self.clone();
        Clock::new(move || clock.now())
    }
}
