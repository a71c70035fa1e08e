//! Instants, and Dex's "unset" one.

use std::time::Duration;

/// An instant in UTC with nanoseconds. A back end keeps at least milliseconds of it.
pub type Timestamp = jiff::Timestamp;

/// `0001-01-01T00:00:00Z`: what Dex stores for a time that is not set (storage spec, 1.5).
pub const ZERO_TIME: Timestamp = Timestamp::constant(-62_135_596_800, 0);

/// `at` plus `span`, or the last instant that can be written when the sum lies beyond it.
#[must_use]
pub fn later(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zero_time_is_the_first_of_january_of_the_year_one() {
        assert_eq!(ZERO_TIME.to_string(), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn an_endless_span_ends_at_the_last_instant() {
        assert_eq!(later(ZERO_TIME, Duration::MAX), Timestamp::MAX);
        assert_eq!(later(ZERO_TIME, Duration::from_secs(1)).to_string(), "0001-01-01T00:00:01Z");
    }
}
