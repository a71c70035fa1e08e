//! Numbers as Dex writes them into user ids.
//!
//! Dex reads a numeric id as a 64-bit float and prints that as Go's `%v` does. The texts are part of every `sub` of such a
//! provider, so they stay as they are.

use serde_json::Number;

/// From which decimal exponent on Go writes one.
const EXPONENT_MIN: i32 = 6;

/// Below which it does too.
const SMALL_EXPONENT_MAX: i32 = -4;

/// A whole number that a float holds exactly is below this, whatever it is.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// The user id that a number is; `None` for one that cannot be told from its neighbours.
///
/// Whole numbers that a float does not hold exactly are written out: Dex rounds them, so that several users are one.
pub(super) fn id_of(number: &Number) -> Option<String> {
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
    let float = number.as_f64()?;
    match whole {
        Some(whole) if float as i128 == whole => Some(as_go_writes(float)),
        Some(whole) => Some(whole.to_string()),
        None => (float.abs() < WHOLE_MAX).then(|| as_go_writes(float)),
    }
}

/// A number in Go's shortest general notation: `1000`, `1e+06`, `1.2345678e+07`.
fn as_go_writes(number: f64) -> String {
    let exponential = format!("{number:e}");
    let Some((digits, exponent)) = exponential.split_once('e') else { return exponential };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (SMALL_EXPONENT_MAX..EXPONENT_MIN).contains(&exponent) {
        return number.to_string();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_that_dex_has_stored() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (-12.0, "-12"),
            (1000.0, "1000"),
            (999_999.0, "999999"),
            (1_000_000.0, "1e+06"),
            (1_000_001.0, "1.000001e+06"),
            (12_345_678.0, "1.2345678e+07"),
            (9_007_199_254_740_993.0, "9.007199254740992e+15"),
            (1e100, "1e+100"),
            (1.5, "1.5"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
        ];
        for (number, expected) in cases {
            assert_eq!(as_go_writes(number), expected);
        }
    }
    #[test]
    fn no_two_numbers_are_one_user() {
        let cases = [
            ("12345678", Some("1.2345678e+07")),
            ("9007199254740991", Some("9.007199254740991e+15")),
            ("9007199254740992", Some("9.007199254740992e+15")),
            ("9007199254740993", Some("9007199254740993")),
            ("9007199254740994", Some("9.007199254740994e+15")),
            ("9007199254740995", Some("9007199254740995")),
            ("-9007199254740993", Some("-9007199254740993")),
            ("18446744073709551615", Some("18446744073709551615")),
            ("18446744073709551616", None),
            ("9007199254740993.0", None),
            ("1e300", None),
            ("1.5", Some("1.5")),
        ];
        for (text, expected) in cases {
            let number: Number = serde_json::from_str(text).unwrap();
            assert_eq!(id_of(&number).as_deref(), expected, "{text}");
        }
    }
}
