//! Times as PostgreSQL holds them: microseconds since 2000.

use dex_model::{Timestamp, ZERO_TIME};

/// 2000-01-01 in microseconds since 1970.
const EPOCH: i64 = 946_684_800_000_000;

/// Nanoseconds in half a microsecond.
const HALF: i128 = 500;

/// What the server is sent; the nearest microsecond, as the server itself rounds what Dex sends.
pub(super) fn write(at: Timestamp) -> i64 {
    let microseconds = (at.max(ZERO_TIME).as_nanosecond() + HALF).div_euclid(1000);
    i64::try_from(microseconds).unwrap_or(i64::MAX).saturating_sub(EPOCH)
}

/// What the server answered. What lies outside of our calendar, infinity too, is its nearest end.
pub(super) fn read(microseconds: i64) -> Timestamp {
    let end = if microseconds < 0 { ZERO_TIME } else { Timestamp::MAX };
    let since_1970 = microseconds.checked_add(EPOCH);
    since_1970.and_then(|at| Timestamp::from_microsecond(at).ok()).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_as_the_server_does_and_read_again() {
        let cases = [
            ("2000-01-01T00:00:00Z", 0, "2000-01-01T00:00:00Z"),
            ("2026-08-06T15:14:24.123456789Z", 839_344_464_123_457, "2026-08-06T15:14:24.123457Z"),
            ("2026-08-06T15:14:24.1234564Z", 839_344_464_123_456, "2026-08-06T15:14:24.123456Z"),
            ("0001-01-01T00:00:00Z", -63_082_281_600_000_000, "0001-01-01T00:00:00Z"),
            ("1969-12-31T23:59:59.9999996Z", -946_684_800_000_000, "1970-01-01T00:00:00Z"),
        ];
        for (given, microseconds, again) in cases {
            assert_eq!(write(given.parse().unwrap()), microseconds, "{given}");
            assert_eq!(read(microseconds), again.parse::<Timestamp>().unwrap(), "{given}");
        }
        assert_eq!((read(i64::MAX), read(i64::MIN)), (Timestamp::MAX, ZERO_TIME), "infinity");
        assert_eq!(write(Timestamp::MIN), write(ZERO_TIME));
    }
}
