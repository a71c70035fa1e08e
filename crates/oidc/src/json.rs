//! JSON as Go's encoder writes it, which clients and stored rows are used to (storage spec, 1.6).

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

/// Compact JSON with `<`, `>`, `&`, U+2028 and U+2029 escaped inside strings.
///
/// # Panics
///
/// When a map has keys that are not strings; no type of ours does.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    write(value, HtmlSafe(CompactFormatter))
}

/// The same with line breaks and two spaces a level.
///
/// # Panics
///
/// As [`to_json`].
pub fn to_json_pretty<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    write(value, HtmlSafe(PrettyFormatter::with_indent(b"  ")))
}

fn write<T: Serialize + ?Sized, F: Formatter>(value: &T, formatter: F) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, formatter))
        .expect("a value with string keys is written to memory");
    bytes
}

/// Any formatter, with the characters escaped that HTML would trip over.
struct HtmlSafe<F>(F);

macro_rules! delegate {
    ($($name:ident($($arg:ident: $type:ty),*);)*) => {
        $(fn $name<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $arg: $type)*) -> io::Result<()> {
            self.0.$name(writer $(, $arg)*)
        })*
    };
}

impl<F: Formatter> Formatter for HtmlSafe<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}'].as_slice()) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut chars = from.chars();
            let escaped = match chars.next() {
                Some('<') => "\\u003c",
                Some('>') => "\\u003e",
                Some('&') => "\\u0026",
                Some('\u{2028}') => "\\u2028",
                _ => "\\u2029",
            };
            writer.write_all(escaped.as_bytes())?;
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    delegate! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        end_object_key();
        begin_object_value();
        end_object_value();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_escaped_as_in_the_storage_spec() {
        let cases = [
            (r#"https://a.example/cb?x=1&y=<2>"#, r#""https://a.example/cb?x=1\u0026y=\u003c2\u003e""#),
            ("\u{2028}\u{2029}", r#""\u2028\u2029""#),
            ("tab\tquote\"back\\", r#""tab\tquote\"back\\""#),
            ("é\u{7f}日", "\"é\u{7f}日\""),
        ];
        for (value, expected) in cases {
            assert_eq!(String::from_utf8(to_json(value)).unwrap(), expected);
        }
        assert_eq!(to_json_pretty(&["<"]), b"[\n  \"\\u003c\"\n]");
    }
}
