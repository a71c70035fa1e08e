//! Points in time and spans, for a reader.

use jiff::Timestamp;

/// A NumericDate as a date and time in UTC.
pub(super) fn utc(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => format!("{seconds} s since 1970"),
    }
}

/// How far a point in time is from now: `in 23 h 59 min`, `5 s ago`.
pub(super) fn distance(seconds: i64, now: i64) -> String {
    let span = span(seconds.abs_diff(now));
    if seconds > now { format!("in {span}") } else { format!("{span} ago") }
}

/// The two largest units.
fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_are_told() {
        let cases = [
            (0, "1970-01-01 00:00:00 UTC"),
            (1_785_974_400, "2026-08-06 00:00:00 UTC"),
            (i64::MAX, "9223372036854775807 s since 1970"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(utc(seconds), expected);
        }
    }

    #[test]
    fn distances_name_the_two_largest_units() {
        let cases = [
            (100, "0 s ago"),
            (101, "in 1 s"),
            (41, "59 s ago"),
            (160, "in 1 min 0 s"),
            (100 + 3599, "in 59 min 59 s"),
            (100 + 86_399, "in 23 h 59 min"),
            (100 - 90_000, "1 d 1 h ago"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(distance(seconds, 100), expected);
        }
    }
}
