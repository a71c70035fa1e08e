//! The text format of Go's slog: `key=value`, quoted where it could be misread.

use std::fmt::Write;

use super::value::Value;

/// Appends ` key=value`.
pub(super) fn attribute(out: &mut String, key: &str, value: &Value<'_>) {
    out.push(' ');
    out.push_str(key);
    out.push('=');
    match value {
        Value::Text(text) => string(out, text),
        Value::List(items) => string(out, &go_list(items)),
        other => scalar(out, other),
    }
}

fn scalar(out: &mut String, value: &Value<'_>) {
    // Writing to a String cannot fail.
    let _ = match value {
        Value::Text(text) => out.write_str(text),
        Value::Integer(number) => write!(out, "{number}"),
        Value::Float(number) => write!(out, "{number}"),
        Value::Boolean(truth) => write!(out, "{truth}"),
        Value::Duration(nanos) => out.write_str(&go_duration(*nanos)),
        Value::List(items) => out.write_str(&go_list(items)),
    };
}

/// Go's `[a b]`.
fn go_list(items: &[Value<'_>]) -> String {
    let mut text = String::from("[");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push(' ');
        }
        scalar(&mut text, item);
    }
    text.push(']');
    text
}

/// Go's `24h0m0s`, `1.5s`, `2ms`.
fn go_duration(nanos: u128) -> String {
    let fraction = |nanos: u128, unit: u128| {
        let digits = unit.ilog10() as usize;
        let text = format!("{}.{:0digits$}", nanos / unit, nanos % unit);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match nanos {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanos}ns"),
        1_000..1_000_000 => fraction(nanos, 1_000) + "µs",
        1_000_000..1_000_000_000 => fraction(nanos, 1_000_000) + "ms",
        _ => {
            let minutes = nanos / 60_000_000_000;
            let seconds = fraction(nanos % 60_000_000_000, 1_000_000_000) + "s";
            match (minutes / 60, minutes % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    }
}

/// Appends `text`, in Go's quotes where needed.
pub(super) fn string(out: &mut String, text: &str) {
    if text.is_empty() || text.chars().any(needs_quotes) {
        out.push('"');
        text.chars().for_each(|c| escaped(out, c));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

fn needs_quotes(c: char) -> bool {
    match c {
        ' ' | '=' | '"' => true,
        c if c.is_ascii() => c.is_ascii_control(),
        c => c == char::REPLACEMENT_CHARACTER || !is_printable(c),
    }
}

/// As Go's `strconv.Quote` does.
fn escaped(out: &mut String, c: char) {
    let short = match c {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        '\u{7}' => "\\a",
        '\u{8}' => "\\b",
        '\u{b}' => "\\v",
        '\u{c}' => "\\f",
        c => {
            let code = u32::from(c);
            // Writing to a String cannot fail.
            let _ = match code {
                0..0x20 | 0x7f => write!(out, "\\x{code:02x}"),
                _ if is_printable(c) => out.write_char(c),
                0..0x1_0000 => write!(out, "\\u{code:04x}"),
                _ => write!(out, "\\U{code:08x}"),
            };
            return;
        }
    };
    out.push_str(short);
}

/// What the standard library's `Debug` leaves as it is after another character; combining marks
/// are, invisible and direction-changing characters are not.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    let mut bytes = [b'a'; 5];
    let length = c.encode_utf8(&mut bytes[1..]).len();
    std::str::from_utf8(&bytes[..=length]).is_ok_and(|text| text.escape_debug().count() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_as_slog_quotes_them() {
        let cases = [
            ("", r#""""#),
            ("plain", "plain"),
            ("two words", r#""two words""#),
            ("a=b", r#""a=b""#),
            (r#"say "hi""#, r#""say \"hi\"""#),
            (r"C:\dir", r"C:\dir"),
            (r"C:\my dir", r#""C:\\my dir""#),
            ("a\nlevel=ERROR", r#""a\nlevel=ERROR""#),
            ("\x1b[31m", r#""\x1b[31m""#),
            ("\u{7f}", r#""\x7f""#),
            ("\u{9b}31m", r#""\u009b31m""#),
            ("Jürgen", "Jürgen"),
            ("e\u{301}", "e\u{301}"),
            ("\u{a0}", r#""\u00a0""#),
            ("\u{202e}gnp", r#""\u202egnp""#),
            ("\u{e0001}", r#""\U000e0001""#),
            ("\u{fffd}", "\"\u{fffd}\""),
            ("日本", "日本"),
        ];
        for (text, expected) in cases {
            let mut out = String::new();
            string(&mut out, text);
            assert_eq!(out, expected, "{text:?}");
        }
    }

    #[test]
    fn durations_read_as_in_go() {
        let second = 1_000_000_000;
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (2_000_000, "2ms"),
            (999_999_999, "999.999999ms"),
            (second, "1s"),
            (second * 3 / 2, "1.5s"),
            (second * 60, "1m0s"),
            (second * 86_400, "24h0m0s"),
            (second * 5_400 + 10_000_000, "1h30m0.01s"),
        ];
        for (nanos, expected) in cases {
            assert_eq!(go_duration(nanos), expected);
        }
    }

    #[test]
    fn values_of_every_kind() {
        let list = Value::List(vec![Value::text("a"), Value::text("b")]);
        let cases = [
            (Value::text("v"), " k=v"),
            (Value::Integer(-3), " k=-3"),
            (Value::Float(1.5), " k=1.5"),
            (Value::Boolean(true), " k=true"),
            (Value::Duration(1_000_000_000), " k=1s"),
            (list, r#" k="[a b]""#),
            (Value::List(vec![]), " k=[]"),
        ];
        for (value, expected) in cases {
            let mut out = String::new();
            attribute(&mut out, "k", &value);
            assert_eq!(out, expected);
        }
    }
}
