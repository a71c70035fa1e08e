//! JSON for reading: indented and coloured. Its text alone is JSON again.

use maud::{Markup, html};
use serde_json::{Map, Value};

/// How deep values are unfolded; what lies deeper stands on one line.
const DEPTH_MAX: usize = 16;

/// An object of claims.
pub(super) fn claims(claims: &Map<String, Value>) -> Markup {
    object(claims, 0)
}

pub(super) fn value(value: &Value) -> Markup {
    at(value, 0)
}

fn at(value: &Value, depth: usize) -> Markup {
    match value {
        Value::Object(members) if !members.is_empty() && depth < DEPTH_MAX => object(members, depth),
        Value::Array(items) if !items.is_empty() && depth < DEPTH_MAX => list(items, depth),
        Value::String(_) => html! { span.s { (value.to_string()) } },
        Value::Number(_) => html! { span.n { (value.to_string()) } },
        Value::Bool(_) | Value::Null => html! { span.l { (value.to_string()) } },
        Value::Object(_) | Value::Array(_) => html! { (value.to_string()) },
    }
}

fn object(members: &Map<String, Value>, depth: usize) -> Markup {
    html! {
        "{"
        @for (index, (name, member)) in members.iter().enumerate() {
            (line(index, depth + 1)) span.k { (Value::from(name.as_str()).to_string()) } ": " (at(member, depth + 1))
        }
        (line(0, depth)) "}"
    }
}

fn list(items: &[Value], depth: usize) -> Markup {
    html! {
        "["
        @for (index, item) in items.iter().enumerate() {
            (line(index, depth + 1)) (at(item, depth + 1))
        }
        (line(0, depth)) "]"
    }
}

/// The break before an item: a comma for all but the first, then the indentation.
fn line(index: usize, depth: usize) -> String {
    let comma = if index == 0 { "" } else { "," };
    format!("{comma}\n{}", "  ".repeat(depth))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser calls the text of an element.
    fn text(markup: &Markup) -> String {
        let mut text = String::new();
        let mut in_tag = false;
        for c in markup.0.chars() {
            match c {
                '<' => in_tag = true,
                '>' => in_tag = false,
                c if !in_tag => text.push(c),
                _ => {}
            }
        }
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    }

    #[test]
    fn the_text_is_the_json_it_shows() {
        let cases = [
            "{}",
            r#"{"a":1}"#,
            r#"{"sub":"x","aud":["a","b"],"n":null,"t":true,"e":[],"o":{"p":{"q":-1.5}}}"#,
            r#"{"<script>":"</pre><script>alert(1)</script>","amp":"&amp; \" \n"}"#,
            r#"[1,[2,[3]]]"#,
        ];
        for json in cases {
            let parsed: Value = serde_json::from_str(json).unwrap();
            let shown = value(&parsed);
            assert_eq!(serde_json::from_str::<Value>(&text(&shown)).unwrap(), parsed, "{json}");
            assert!(!shown.0.contains("<script"), "{json}");
        }
    }

    #[test]
    fn it_is_indented_by_two() {
        let parsed: Value = serde_json::from_str(r#"{"a":[1,2],"b":"c"}"#).unwrap();
        assert_eq!(text(&value(&parsed)), serde_json::to_string_pretty(&parsed).unwrap());
    }
}
