//! Durations in Go's notation, read and written.

use std::time::Duration;

use crate::problem::quoted;

const NANOS_PER_SECOND: i128 = 1_000_000_000;
/// Go keeps durations in 64 bits of nanoseconds, about 292 years.
const NANOS_MAX: i128 = i64::MAX as i128;
/// More digits than this behind the point are below a nanosecond for every unit.
const FRACTION_DIGITS_MAX: usize = 15;

/// Reads `1h30m`, `-1.5h`, `0`, .. into nanoseconds.
///
/// # Errors
///
/// The text of Go's `time.ParseDuration`, for the operator.
pub(crate) fn parse_signed(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quoted(text));
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let (number, after) = take_number(rest).ok_or_else(invalid)?;
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", quoted(text)));
        }
        let scale = unit_nanos(unit)
            .ok_or_else(|| format!("time: unknown unit {} in duration {}", quoted(unit), quoted(text)))?;
        total += number.times(scale).ok_or_else(invalid)?;
        if total > NANOS_MAX {
            return Err(invalid());
        }
        rest = after;
    }
    let nanos = i64::try_from(total).map_err(|_| invalid())?;
    Ok(if negative { -nanos } else { nanos })
}

/// Reads a duration that must not be negative.
///
/// # Errors
///
/// The text of Go's `time.ParseDuration`, or that it is negative.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let nanos = parse_signed(text)?;
    u64::try_from(nanos)
        .map(Duration::from_nanos)
        .map_err(|_| format!("a duration must not be negative, got {}", show_nanos(nanos)))
}

/// Writes a duration as Go prints it: `24h0m0s`, `1.5s`, `0s`.
pub(crate) fn show(duration: Duration) -> String {
    show_nanos(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
}

/// Writes nanoseconds as Go prints a duration.
pub(crate) fn show_nanos(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let all = i128::from(nanos).abs();
    if all == 0 {
        return "0s".to_owned();
    }
    let small = [(1_000, 1, "ns"), (1_000_000, 1_000, "µs"), (NANOS_PER_SECOND, 1_000_000, "ms")];
    if let Some((_, unit, name)) = small.iter().find(|(below, ..)| all < *below) {
        return format!("{sign}{}{name}", decimal(all, *unit));
    }
    let (minutes, rest) = (all / (60 * NANOS_PER_SECOND), all % (60 * NANOS_PER_SECOND));
    let seconds = decimal(rest, NANOS_PER_SECOND);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, m) => format!("{sign}{m}m{seconds}s"),
        (h, m) => format!("{sign}{h}h{m}m{seconds}s"),
    }
}

fn decimal(value: i128, unit: i128) -> String {
    let (whole, part) = (value / unit, value % unit);
    if part == 0 {
        return whole.to_string();
    }
    let width = unit.to_string().len() - 1;
    let digits = format!("{part:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

/// A decimal number: `whole` and `part / scale`.
struct Number {
    whole: i128,
    part: i128,
    scale: i128,
}

impl Number {
    fn times(&self, unit: i128) -> Option<i128> {
        let whole = self.whole.checked_mul(unit)?;
        Some(whole + self.part * unit / self.scale)
    }
}

/// Splits a leading `12`, `1.5`, `.5` or `1.` off; `None` when there is no digit at all.
fn take_number(text: &str) -> Option<(Number, &str)> {
    let (whole, rest) = take_digits(text);
    let (part, rest) = match rest.strip_prefix('.') {
        Some(after) => take_digits(after),
        None => ("", rest),
    };
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()?.into() };
    let part = &part[..part.len().min(FRACTION_DIGITS_MAX)];
    let scale = 10_i128.pow(u32::try_from(part.len()).ok()?);
    let part = if part.is_empty() { 0 } else { part.parse().ok()? };
    Some((Number { whole, part, scale }, rest))
}

fn take_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

fn unit_nanos(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => NANOS_PER_SECOND,
        "m" => 60 * NANOS_PER_SECOND,
        "h" => 3_600 * NANOS_PER_SECOND,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{parse, parse_signed, show_nanos};

    #[test]
    fn durations_read_as_in_go() {
        let s = 1_000_000_000_i64;
        let cases = [
            ("0", Ok(0)),
            ("-0", Ok(0)),
            ("6h", Ok(6 * 3600 * s)),
            ("1h30m", Ok(5400 * s)),
            ("2160h", Ok(2160 * 3600 * s)),
            ("1.5h", Ok(5400 * s)),
            (".5s", Ok(s / 2)),
            ("1.s", Ok(s)),
            ("+3s", Ok(3 * s)),
            ("-3s", Ok(-3 * s)),
            ("100ns", Ok(100)),
            ("1us", Ok(1_000)),
            ("1µs", Ok(1_000)),
            ("1μs", Ok(1_000)),
            ("20ms", Ok(20_000_000)),
            ("0.3333333333333333333h", Ok(1_199_999_999_999)),
            ("9223372036854775807ns", Ok(i64::MAX)),
            ("9223372036854775808ns", Err(r#"time: invalid duration "9223372036854775808ns""#)),
            ("2562048h", Err(r#"time: invalid duration "2562048h""#)),
            ("", Err(r#"time: invalid duration """#)),
            ("-", Err(r#"time: invalid duration "-""#)),
            (".", Err(r#"time: invalid duration ".""#)),
            (".s", Err(r#"time: invalid duration ".s""#)),
            ("x", Err(r#"time: invalid duration "x""#)),
            (" 1s", Err(r#"time: invalid duration " 1s""#)),
            ("10", Err(r#"time: missing unit in duration "10""#)),
            ("1h30", Err(r#"time: missing unit in duration "1h30""#)),
            ("1d", Err(r#"time: unknown unit "d" in duration "1d""#)),
            ("1h 30m", Err(r#"time: unknown unit "h " in duration "1h 30m""#)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_signed(text), expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn a_negative_duration_is_refused_where_none_is_wanted() {
        let refused = parse("-90s").expect_err("negative");
        assert_eq!(refused, "a duration must not be negative, got -1m30s");
        assert!(parse("-0s").is_ok());
    }

    #[test]
    fn durations_print_as_in_go() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (1_100, "1.1µs"),
            (2_200_000, "2.2ms"),
            (3_300_000_000, "3.3s"),
            (60_000_000_000, "1m0s"),
            (245_000_000_000, "4m5s"),
            (86_400_000_000_000, "24h0m0s"),
            (-5_400_000_000_000, "-1h30m0s"),
            (3_600_000_000_001, "1h0m0.000000001s"),
        ];
        for (nanos, expected) in cases {
            assert_eq!(show_nanos(nanos), expected);
        }
    }
}
