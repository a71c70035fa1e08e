//! Numbers as Dex writes them into user ids.
//!
//! Dex reads a numeric id as a 64-bit float and prints that as Go's `%v` does. The texts are part of every `sub` of such a
//! provider, so they stay as they are.

/// From which decimal exponent on Go writes one.
const EXPONENT_MIN: i32 = 6;

/// Below which it does too.
const SMALL_EXPONENT_MAX: i32 = -4;

/// A number in Go's shortest general notation: `1000`, `1e+06`, `1.2345678e+07`.
pub(super) fn as_go_writes(number: f64) -> String {
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
}
