//! The value of one attribute, told apart from what `tracing` hands over.
//!
//! A list or a duration reaches us only as text made by `Debug`. What it was is told by asking for
//! the text a second time with a flag that a list or a duration obeys and plain text ignores.

use std::borrow::Cow;
use std::fmt::{self, Debug, Write};

/// How many bytes of one value are written; what is longer is cut and marked.
pub(super) const VALUE_BYTES_MAX: usize = 16 * 1024;

/// Stands for what was cut.
const CUT: &str = "…";

/// One attribute's value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Integer(i128),
    Float(f64),
    Boolean(bool),
    /// In nanoseconds.
    Duration(u128),
    List(Vec<Value<'static>>),
}

impl<'a> Value<'a> {
    /// Text of any length.
    pub(super) fn text(text: &'a str) -> Self {
        if text.len() <= VALUE_BYTES_MAX {
            return Self::Text(Cow::Borrowed(text));
        }
        let kept = &text[..text.floor_char_boundary(VALUE_BYTES_MAX)];
        Self::Text(Cow::Owned(format!("{kept}{CUT}")))
    }

    /// What was passed by `?` or `%`.
    pub(super) fn of_debug(value: &dyn Debug) -> Value<'static> {
        let text = write_limited(VALUE_BYTES_MAX, format_args!("{value:?}"));
        if is_list(&text, value) {
            return Value::List(items(&text));
        }
        if let Some(nanos) = nanoseconds(&text)
            && write_limited(1, format_args!("{value:+?}")).starts_with('+')
        {
            return Value::Duration(nanos);
        }
        Value::Text(Cow::Owned(text))
    }

    /// An error and what led to it, each said once.
    pub(super) fn of_error(error: &(dyn std::error::Error + 'static)) -> Value<'static> {
        let mut said = write_limited(VALUE_BYTES_MAX, format_args!("{error}"));
        let mut cause = error.source();
        while let Some(next) = cause {
            let text = write_limited(VALUE_BYTES_MAX, format_args!("{next}"));
            if !said.contains(&text) {
                said = write_limited(VALUE_BYTES_MAX, format_args!("{said}: {text}"));
            }
            cause = next.source();
        }
        Value::Text(Cow::Owned(said))
    }

    pub(super) fn into_owned(self) -> Value<'static> {
        match self {
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Integer(number) => Value::Integer(number),
            Self::Float(number) => Value::Float(number),
            Self::Boolean(truth) => Value::Boolean(truth),
            Self::Duration(nanos) => Value::Duration(nanos),
            Self::List(items) => Value::List(items),
        }
    }
}

/// Writes at most `limit` bytes and stops the formatting there.
pub(super) fn write_limited(limit: usize, arguments: fmt::Arguments<'_>) -> String {
    struct Limited {
        text: String,
        limit: usize,
    }
    impl Write for Limited {
        fn write_str(&mut self, more: &str) -> fmt::Result {
            let room = self.limit - self.text.len();
            if more.len() <= room {
                self.text.push_str(more);
                return Ok(());
            }
            self.text.push_str(&more[..more.floor_char_boundary(room)]);
            self.text.push_str(CUT);
            Err(fmt::Error)
        }
    }
    let mut limited = Limited { text: String::new(), limit };
    // An error is our own stop, or a formatter that gave up; what it wrote is kept.
    let _ = limited.write_fmt(arguments);
    limited.text
}

/// `{:#?}` breaks the lines of a list that is not empty; a width pads text and leaves `[]` alone.
fn is_list(text: &str, value: &dyn Debug) -> bool {
    if text == "[]" {
        return write_limited(3, format_args!("{value:3?}")) == "[]";
    }
    text.starts_with('[') && !text.starts_with("[\n") && write_limited(2, format_args!("{value:#?}")).starts_with("[\n")
}

/// The members of a list as `Debug` writes it: `["a", "b"]`, `[1, 2]`.
fn items(text: &str) -> Vec<Value<'static>> {
    let mut rest = text.strip_prefix('[').unwrap_or(text);
    let mut items = Vec::new();
    loop {
        rest = rest.strip_prefix(", ").unwrap_or(rest);
        if rest.is_empty() || rest == "]" {
            return items;
        }
        let (item, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquoted(quoted),
            None => bare(rest),
        };
        items.push(item);
        rest = after;
    }
}

fn bare(text: &str) -> (Value<'static>, &str) {
    let end = text.find(", ").unwrap_or(text.trim_end_matches(']').len()).max(1);
    let end = text.ceil_char_boundary(end);
    let item = match text[..end].parse() {
        Ok(number) => Value::Integer(number),
        Err(_) => Value::Text(Cow::Owned(text[..end].to_owned())),
    };
    (item, &text[end..])
}

/// Undoes the escapes of `<str as Debug>`; `text` begins after the opening quote.
fn unquoted(text: &str) -> (Value<'static>, &str) {
    let mut plain = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (Value::Text(Cow::Owned(plain)), &text[at + 1..]),
            '\\' => match chars.next().map(|(_, escaped)| escaped) {
                Some('n') => plain.push('\n'),
                Some('r') => plain.push('\r'),
                Some('t') => plain.push('\t'),
                Some('0') => plain.push('\0'),
                Some('u') => {
                    let hex = text[at + 2..].trim_start_matches('{');
                    let hex = hex.split('}').next().unwrap_or_default();
                    plain.extend(u32::from_str_radix(hex, 16).ok().and_then(char::from_u32));
                    chars.by_ref().find(|(_, c)| *c == '}');
                }
                Some(other) => plain.push(other),
                None => {}
            },
            other => plain.push(other),
        }
    }
    (Value::Text(Cow::Owned(plain)), "")
}

/// Reads what `<Duration as Debug>` writes: `86400s`, `1.5ms`.
fn nanoseconds(text: &str) -> Option<u128> {
    let unit_at = text.find(|c: char| c != '.' && !c.is_ascii_digit())?;
    let unit: u128 = match &text[unit_at..] {
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "µs" => 1_000,
        "ns" => 1,
        _ => return None,
    };
    let (whole, fraction) = text[..unit_at].split_once('.').unwrap_or((&text[..unit_at], ""));
    let mut nanos = whole.parse::<u128>().ok()?.checked_mul(unit)?;
    let mut place = unit;
    for digit in fraction.bytes() {
        place /= 10;
        nanos += u128::from(digit - b'0') * place;
    }
    Some(nanos)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn debug<T: Debug>(value: T) -> Value<'static> {
        Value::of_debug(&value)
    }

    fn list(items: &[&'static str]) -> Value<'static> {
        Value::List(items.iter().map(|item| Value::Text(Cow::Borrowed(*item))).collect())
    }

    #[test]
    fn lists_keep_their_members_whatever_is_in_them() {
        assert_eq!(debug(vec!["a", "b"]), list(&["a", "b"]));
        assert_eq!(debug(Vec::<String>::new()), list(&[]));
        let odd = ["a, b", "quo\"te", "back\\slash", "line\nbreak", "nul\0", "\u{7f}\u{200b}", "]", "é"];
        assert_eq!(debug(&odd[..]), list(&odd));
        assert_eq!(debug([1, -2]), Value::List(vec![Value::Integer(1), Value::Integer(-2)]));
    }

    #[test]
    fn durations_are_exact() {
        for nanos in [0, 1, 999, 1_500, 2_000_000, 1_500_000_000, 86_400_000_000_001] {
            assert_eq!(debug(Duration::from_nanos(nanos)), Value::Duration(nanos.into()));
        }
    }

    #[test]
    fn typed_text_stays_text() {
        for text in ["[\"a\", \"b\"]", "[]", "[\n    \"a\",\n]", "5s", "+5s", "1.5ms", ""] {
            let shown = tracing::field::display(text);
            assert_eq!(debug(shown), Value::Text(text.into()), "{text}");
        }
    }

    #[test]
    fn a_long_value_is_cut_where_a_character_ends() {
        let fits = "é".repeat(VALUE_BYTES_MAX / 2);
        assert_eq!(Value::text(&fits), Value::Text(Cow::Borrowed(&fits)));
        let long = format!("{fits}é");
        assert_eq!(Value::text(&long), Value::Text(format!("{fits}…").into()));
        assert_eq!(debug(tracing::field::display(&long)), Value::Text(format!("{fits}…").into()));
        let Value::List(items) = debug(vec![long; 3]) else { panic!("still a list") };
        assert_eq!(items.len(), 1);
    }
}
