//! Writing text into XML.

use std::fmt::Write as _;

/// `text` as it stands between tags or in double quotes. Canonicalisation leaves it as it is in either place but for
/// quotes and `>`, so signing goes through the canonical form all the same.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => write!(escaped, "&#x{:X};", u32::from(character)).expect("a String takes it"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parse;
    use super::*;

    proptest! {
        #[test]
        fn what_was_escaped_is_read_as_it_was(text in "[\\t\\n\\r -\u{d7ff}]*") {
            let written = format!("<a b=\"{0}\">{0}</a>", escape(&text));
            let element = parse(&written).unwrap();
            prop_assert_eq!(element.text(), text.clone());
            prop_assert_eq!(element.attribute("b"), Some(&*text));
        }
    }
}
