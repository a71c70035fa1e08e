//! The JSON format of Go's slog: one object a line, groups as nested objects.

use std::fmt::Write;

use super::value::Value;

/// Writes the members of one object, opening and closing groups as dotted names come by.
#[derive(Default)]
pub(super) struct Members {
    open: Vec<&'static str>,
}

impl Members {
    /// Appends `,"key":value`, for `a.b` as `,"a":{"b":value`.
    pub(super) fn attribute(&mut self, out: &mut String, name: &'static str, value: &Value<'_>) {
        let (group, key) = name.rsplit_once('.').unwrap_or(("", name));
        let path: Vec<&str> = group.split('.').filter(|part| !part.is_empty()).collect();
        let common = self.open.iter().zip(&path).take_while(|(a, b)| a == b).count();
        self.close_to(out, common);
        for part in &path[common..] {
            member(out, part);
            out.push('{');
        }
        self.open = path;
        member(out, key);
        write_value(out, value);
    }

    /// Closes every group that is still open.
    pub(super) fn finish(&mut self, out: &mut String) {
        self.close_to(out, 0);
    }

    fn close_to(&mut self, out: &mut String, depth: usize) {
        while self.open.len() > depth {
            self.open.pop();
            out.push('}');
        }
    }
}

fn member(out: &mut String, key: &str) {
    if !out.ends_with('{') {
        out.push(',');
    }
    string(out, key);
    out.push(':');
}

fn write_value(out: &mut String, value: &Value<'_>) {
    // Writing to a String cannot fail.
    let _ = match value {
        Value::Text(text) => {
            string(out, text);
            Ok(())
        }
        Value::Integer(number) => write!(out, "{number}"),
        Value::Float(number) if number.is_finite() => write!(out, "{number}"),
        Value::Float(number) => write!(out, "\"{number}\""),
        Value::Boolean(truth) => write!(out, "{truth}"),
        Value::Duration(nanos) => write!(out, "{nanos}"),
        Value::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.write_char(']')
        }
    };
}

/// Appends `text` in quotes, with everything escaped that a terminal or a parser could act on.
pub(super) fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_nest_and_close() {
        let mut members = Members::default();
        let mut out = String::from("{\"msg\":\"m\"");
        for name in ["a", "go.version", "go.os", "x.y.z", "x.w", "b"] {
            members.attribute(&mut out, name, &Value::Integer(1));
        }
        members.finish(&mut out);
        out.push('}');
        assert_eq!(out, r#"{"msg":"m","a":1,"go":{"version":1,"os":1},"x":{"y":{"z":1},"w":1},"b":1}"#);
    }

    #[test]
    fn values_of_every_kind_parse_back() {
        let cases = [
            (
                Value::text("tab\tand \"quotes\" \u{1b} \u{9b} \u{2028} <&>"),
                "\"tab\\tand \\\"quotes\\\" \\u001b \\u009b \\u2028 <&>\"",
            ),
            (Value::Integer(7), "7"),
            (Value::Float(0.5), "0.5"),
            (Value::Float(f64::NAN), "\"NaN\""),
            (Value::Boolean(false), "false"),
            (Value::Duration(86_400_000_000_000), "86400000000000"),
            (Value::List(vec![Value::text("a"), Value::Integer(2)]), "[\"a\",2]"),
            (Value::List(vec![]), "[]"),
        ];
        for (value, expected) in cases {
            let mut out = String::new();
            write_value(&mut out, &value);
            assert_eq!(out, expected);
            assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok(), "{out}");
        }
    }
}
