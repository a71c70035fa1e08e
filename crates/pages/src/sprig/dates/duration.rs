//! Spans of time as Go writes them: `1h2m3.5s`.

use jiff::SignedDuration;

/// Units and their length in nanoseconds; those that begin alike longest first.
const UNITS: [(&str, f64); 8] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("h", 3.6e12), ("m", 6e10), ("s", 1e9)];

/// The longest span, in nanoseconds: Go's, 292 years.
const NANOSECONDS_MAX: f64 = 9.22e18;

/// Go's `time.ParseDuration`.
pub(super) fn parse(written: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("`{written}` is no span of time such as 1h30m");
    let (sign, mut rest) = match written.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, written.strip_prefix('+').unwrap_or(written)),
    };
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut nanoseconds = 0.0;
    while !rest.is_empty() && rest != "0" {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let number: f64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let (unit, length) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit)).ok_or_else(wrong)?;
        rest = &rest[unit.len()..];
        nanoseconds += number * length;
    }
    if nanoseconds > NANOSECONDS_MAX {
        return Err(wrong());
    }
    Ok(SignedDuration::from_nanos((sign * nanoseconds) as i64))
}

/// Go's `time.Duration.String` for whole seconds.
pub(super) fn written(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let (hours, minutes, left) =
        (seconds.unsigned_abs() / 3600, seconds.unsigned_abs() / 60 % 60, seconds.unsigned_abs() % 60);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{left}s"),
        (0, _) => format!("{sign}{minutes}m{left}s"),
        _ => format!("{sign}{hours}h{minutes}m{left}s"),
    }
}

/// Sprig's units of a rounded span, in seconds, longest first.
const ROUND_UNITS: [(&str, u64); 6] =
    [("y", 31_536_000), ("mo", 2_592_000), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// The span in its largest unit: `2h`.
pub(super) fn rounded(seconds: i64) -> String {
    let seconds = seconds.unsigned_abs();
    let unit = ROUND_UNITS.iter().find(|(_, length)| seconds > *length || (*length == 1 && seconds == 1));
    unit.map_or_else(|| "0s".to_owned(), |(unit, length)| format!("{}{unit}", seconds / length))
}
