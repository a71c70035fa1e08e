//! Times as the messages have them.

use dex_model::{Timestamp, ZERO_TIME};

/// Seconds since 1970; 0 for a time that is not set.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    if at == ZERO_TIME { 0 } else { at.as_second() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_not_set_is_zero() {
        let cases = [
            (ZERO_TIME, 0),
            (Timestamp::UNIX_EPOCH, 0),
            (Timestamp::constant(1_767_225_600, 999_999_999), 1_767_225_600),
        ];
        for (at, expected) in cases {
            assert_eq!(seconds(at), expected, "{at}");
        }
    }
}
