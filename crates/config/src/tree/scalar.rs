//! What a scalar without quotes means, by YAML 1.1 as the classic Go library reads it.

use crate::tree::node::Value;

/// Resolves a plain scalar.
pub(crate) fn resolve(text: &str) -> Value {
    if matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Value::Null;
    }
    if let Some(value) = bool_of(text) {
        return Value::Bool(value);
    }
    if let Some(value) = special_float(text) {
        return Value::Float(value);
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return Value::Text(text.to_owned());
    }
    let plain = text.replace('_', "");
    if let Some(value) = int_of(&plain) {
        return Value::Int(value);
    }
    if let Some(value) = float_of(&plain) {
        return Value::Float(value);
    }
    Value::Text(text.to_owned())
}

/// `yes`, `no`, `on`, `off`, `true`, `false` in lower, upper or title case.
pub(crate) fn bool_of(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn special_float(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// Decimal, `0x`, `0o`, `0b`, and octal by a leading zero; what fits 64 bits, signed or not.
fn int_of(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let prefixed = |lower, upper| digits.strip_prefix(lower).or_else(|| digits.strip_prefix(upper));
    let (radix, digits) = if let Some(hex) = prefixed("0x", "0X") {
        (16, hex)
    } else if let Some(octal) = prefixed("0o", "0O") {
        (8, octal)
    } else if let Some(binary) = prefixed("0b", "0B") {
        (2, binary)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, &digits[1..])
    } else {
        (10, digits)
    };
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative { -value } else { value };
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value).then_some(value)
}

fn float_of(text: &str) -> Option<f64> {
    let number = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (number, None),
    };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = all_digits(whole) && all_digits(part) && !(whole.is_empty() && part.is_empty());
    let exponent = exponent.is_none_or(|text| {
        let text = text.strip_prefix(['+', '-']).unwrap_or(text);
        !text.is_empty() && all_digits(text)
    });
    if digits && exponent { text.parse().ok() } else { None }
}

/// Writes a number as v2.45.1 did for string keys: the shortest form of its 32-bit value, with
/// an exponent below 1e-4 and from 1e6 on, as Go's `%g`.
pub(crate) fn show_float(value: f64) -> String {
    /// From this power of ten on Go's shortest form has an exponent.
    const EXPONENT_FROM: i32 = 6;
    let short = value as f32;
    if short.is_nan() {
        return "NaN".to_owned();
    }
    if short.is_infinite() {
        return if short > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{short:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..EXPONENT_FROM).contains(&exponent) {
        return format!("{short}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::{resolve, show_float};
    use crate::tree::node::Value;

    #[test]
    fn plain_scalars_mean_what_yaml_1_1_says() {
        let text = |text: &str| Value::Text(text.to_owned());
        let cases = [
            ("", Value::Null),
            ("~", Value::Null),
            ("null", Value::Null),
            ("nULL", text("nULL")),
            ("yes", Value::Bool(true)),
            ("On", Value::Bool(true)),
            ("TRUE", Value::Bool(true)),
            ("no", Value::Bool(false)),
            ("OFF", Value::Bool(false)),
            ("oN", text("oN")),
            ("y", text("y")),
            ("0x1f", Value::Int(31)),
            ("010", Value::Int(8)),
            ("0o17", Value::Int(15)),
            ("0b101", Value::Int(5)),
            ("1_000", Value::Int(1000)),
            ("-12", Value::Int(-12)),
            ("+12", Value::Int(12)),
            ("0", Value::Int(0)),
            ("18446744073709551615", Value::Int(u64::MAX.into())),
            ("18446744073709551616", Value::Float(18_446_744_073_709_551_616.0)),
            ("-9223372036854775808", Value::Int(i64::MIN.into())),
            ("089", Value::Float(89.0)),
            ("1.5", Value::Float(1.5)),
            (".5", Value::Float(0.5)),
            ("1e3", Value::Float(1000.0)),
            ("-.inf", Value::Float(f64::NEG_INFINITY)),
            ("1:30", text("1:30")),
            ("2001-01-01", text("2001-01-01")),
            ("-", text("-")),
            ("+", text("+")),
            (".", text(".")),
            ("1.2.3", text("1.2.3")),
            ("1e", text("1e")),
            ("0x", text("0x")),
            ("--1", text("--1")),
            ("5m", text("5m")),
            ("inf", text("inf")),
            ("_1", text("_1")),
        ];
        for (written, expected) in cases {
            assert!(resolve(written) == expected, "{written}");
        }
    }

    #[test]
    fn numbers_become_the_text_v2_45_1_made_of_them() {
        let cases = [
            (1.2, "1.2"),
            (1.10, "1.1"),
            (89.0, "89"),
            (1000.0, "1000"),
            (-0.5, "-0.5"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (999_999.0, "999999"),
            (1_234_567.5, "1.2345675e+06"),
            (1e6, "1e+06"),
            (1e20, "1e+20"),
            (1.5e21, "1.5e+21"),
            (f64::INFINITY, "+Inf"),
            (f64::NAN, "NaN"),
        ];
        for (value, expected) in cases {
            assert_eq!(show_float(value), expected);
        }
    }
}
