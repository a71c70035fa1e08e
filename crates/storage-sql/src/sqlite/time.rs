//! Times as Dex's SQLite driver writes them (storage spec, 7.6).

use dex_model::Timestamp;

use crate::time;

/// `2026-08-06 15:14:24.12+00:00`: always in UTC, the fraction without trailing zeros.
///
/// Instants sort as their texts do.
pub(super) fn write(at: Timestamp) -> String {
    let (mut text, nanosecond) = time::write(at);
    if nanosecond != 0 {
        let fraction = format!(".{nanosecond:09}");
        text.push_str(fraction.trim_end_matches('0'));
    }
    text.push_str("+00:00");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::read;

    #[test]
    fn times_are_written_to_the_byte_and_read_again() {
        let cases = [
            ("2026-08-06T15:14:24.123456789Z", "2026-08-06 15:14:24.123456789+00:00"),
            ("2026-08-06T15:14:24.120Z", "2026-08-06 15:14:24.12+00:00"),
            ("2026-08-06T17:14:24+02:00", "2026-08-06 15:14:24+00:00"),
            ("0001-01-01T00:00:00Z", "0001-01-01 00:00:00+00:00"),
            ("1969-12-31T23:59:59.9Z", "1969-12-31 23:59:59.9+00:00"),
        ];
        for (instant, text) in cases {
            let at: Timestamp = instant.parse().unwrap();
            assert_eq!(write(at), text);
            assert_eq!(read(text), at, "{text}");
        }
        assert_eq!(read(&write(Timestamp::MAX)), Timestamp::MAX);
        assert_eq!(write(Timestamp::MIN), "0001-01-01 00:00:00+00:00");
    }

    #[test]
    fn later_instants_have_later_texts() {
        let fractions = [0, 1, 120_000_000, 123_000_000, 123_456_789, 999_999_999];
        let texts = fractions.map(|fraction| write(Timestamp::constant(1_786_029_264, fraction)));
        assert!(texts.is_sorted(), "{texts:?}");
    }
}
