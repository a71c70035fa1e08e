//! Times in messages, and our clock against theirs.

use std::time::Duration;

use jiff::Timestamp;

/// Now, and how far two clocks may be apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) now: Timestamp,
    pub(crate) skew: Duration,
}

impl Clock {
    /// Whether a time lies ahead even for a clock that is slow.
    pub(crate) fn is_before(self, time: Timestamp) -> bool {
        self.now.saturating_add(self.skew).is_ok_and(|latest| latest < time)
    }

    /// Whether a time is over even for a clock that is fast: at the time itself it is.
    pub(crate) fn is_at_or_after(self, time: Timestamp) -> bool {
        self.now.saturating_sub(self.skew).is_ok_and(|earliest| earliest >= time)
    }
}

/// Reads an `xs:dateTime` with its time zone (SAML core §1.3.3: in UTC; an offset does no harm).
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.+TZ".contains(&byte));
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_need_a_zone_and_nothing_else() {
        let cases = [
            ("2017-04-04T04:34:59Z", Some(1_491_280_499)),
            ("2017-04-04T04:34:59.330Z", Some(1_491_280_499)),
            ("2017-04-04T06:34:59+02:00", Some(1_491_280_499)),
            ("2017-04-04T04:34:59", None),
            ("2017-04-04", None),
            ("2017-04-04T04:34:59Z[UTC]", None),
            ("2017-04-04 04:34:59Z", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).map(Timestamp::as_second), expected, "{text}");
        }
    }

    #[test]
    fn clocks_may_differ_by_the_skew() {
        let clock = Clock { now: Timestamp::from_second(1000).unwrap(), skew: Duration::from_secs(30) };
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!([970, 971].map(|second| clock.is_at_or_after(at(second))), [true, false]);
        assert_eq!([1030, 1031].map(|second| clock.is_before(at(second))), [false, true]);
    }
}
