//! Times as text, as SQLite and MySQL hold them (storage spec, 7.6 and 7.7).

use dex_model::{Timestamp, ZERO_TIME};
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Integers above this are milliseconds, below it seconds.
const MILLISECONDS_FROM: i64 = 1_000_000_000_000;

/// `2026-08-06 15:14:24` in UTC, and the nanoseconds. What lies before the year 1 becomes the zero time.
pub(crate) fn write(at: Timestamp) -> (String, i32) {
    let at = Offset::UTC.to_datetime(at.max(ZERO_TIME));
    let (date, time) = (at.date(), at.time());
    let text = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    (text, time.subsec_nanosecond())
}

/// The instant of a text; what is none is the zero time, as in Dex.
pub(crate) fn read(text: &str) -> Timestamp {
    parse(text.strip_suffix('Z').unwrap_or(text)).unwrap_or(ZERO_TIME)
}

/// The instant of an integer: Unix seconds, or milliseconds if it is large.
pub(crate) fn read_integer(number: i64) -> Timestamp {
    let at =
        if number > MILLISECONDS_FROM { Timestamp::from_millisecond(number) } else { Timestamp::from_second(number) };
    at.unwrap_or(ZERO_TIME)
}

/// A date, then perhaps hour and minute, second, fraction, and an offset.
fn parse(text: &str) -> Option<Timestamp> {
    let mut rest = text;
    let year = number(&mut rest, 4)?;
    let month = number(after(&mut rest, "-")?, 2)?;
    let day = number(after(&mut rest, "-")?, 2)?;
    let (mut hour, mut minute, mut second, mut nanosecond) = (0, 0, 0, 0);
    let mut offset = 0;
    if !rest.is_empty() {
        rest = rest.strip_prefix([' ', 'T'])?;
        hour = number(&mut rest, 2)?;
        minute = number(after(&mut rest, ":")?, 2)?;
        if after(&mut rest, ":").is_some() {
            second = number(&mut rest, 2)?;
            nanosecond = fraction(&mut rest)?;
        }
        offset = seconds_east(rest)?;
    }
    let date_time = DateTime::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        nanosecond,
    );
    Offset::from_seconds(offset).ok()?.to_timestamp(date_time.ok()?).ok()
}

/// Skips `prefix`, if it comes next.
fn after<'a, 'b>(rest: &'a mut &'b str, prefix: &str) -> Option<&'a mut &'b str> {
    *rest = rest.strip_prefix(prefix)?;
    Some(rest)
}

/// Takes exactly `digits` digits.
fn number(rest: &mut &str, digits: usize) -> Option<i32> {
    let (taken, left) = rest.split_at_checked(digits)?;
    *rest = left;
    taken.bytes().all(|byte| byte.is_ascii_digit()).then(|| taken.parse().ok())?
}

/// Takes a fraction, if one comes next, as nanoseconds; finer digits are dropped.
fn fraction(rest: &mut &str) -> Option<i32> {
    if after(rest, ".").is_none() {
        return Some(0);
    }
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, left) = rest.split_at(end);
    *rest = left;
    let kept = digits.get(..digits.len().min(9))?;
    format!("{kept:0<9}").parse().ok().filter(|_| !digits.is_empty())
}

/// All of `rest` as an offset, `+01:00`; nothing is UTC.
fn seconds_east(rest: &str) -> Option<i32> {
    let (sign, mut offset) = match rest.split_at_checked(1) {
        None => return Some(0),
        Some(("+", offset)) => (1, offset),
        Some(("-", offset)) => (-1, offset),
        Some(_) => return None,
    };
    let hours = number(&mut offset, 2)?;
    let minutes = number(after(&mut offset, ":")?, 2)?;
    offset.is_empty().then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_dex_reads_is_read() {
        let cases = [
            ("2026-08-06T15:14:24.5+01:30", "2026-08-06T13:44:24.5Z"),
            ("2026-08-06 15:14:24-00:30", "2026-08-06T15:44:24Z"),
            ("2026-08-06 15:14:24.1234567891+00:00", "2026-08-06T15:14:24.123456789Z"),
            ("2026-08-06T15:14:24Z", "2026-08-06T15:14:24Z"),
            ("2026-08-06 15:14:24.5", "2026-08-06T15:14:24.5Z"),
            ("2026-08-06 15:14", "2026-08-06T15:14:00Z"),
            ("2026-08-06T15:14Z", "2026-08-06T15:14:00Z"),
            ("2026-08-06", "2026-08-06T00:00:00Z"),
            ("1970-01-01 00:00:00", "1970-01-01T00:00:00Z"),
        ];
        for (text, instant) in cases {
            assert_eq!(read(text), instant.parse::<Timestamp>().unwrap(), "{text}");
        }
        let nothing = [
            "",
            "0001-01-01 00:00:00 UTC",
            "yesterday",
            "2026-13-01",
            "2026-08-06 25:00",
            "2026-08-06 15",
            "2026-8-6",
            "2026-08-06 15:14:24.",
            "2026-08-06 15:14:24+0100",
            "2026-08-06 15:14:24+01:00x",
            "+026-08-06",
            "２026-08-06",
        ];
        for text in nothing {
            assert_eq!(read(text), ZERO_TIME, "{text}");
        }
        assert_eq!(read_integer(1_786_029_264), Timestamp::constant(1_786_029_264, 0));
        assert_eq!(read_integer(1_786_029_264_123), Timestamp::constant(1_786_029_264, 123_000_000));
        assert_eq!(read_integer(i64::MIN), ZERO_TIME);
    }
}
