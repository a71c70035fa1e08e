//! The values a template sees, by the names Dex gives them.

use std::collections::BTreeMap;
use std::sync::Arc;

use gotmpl::html::URL;
use gotmpl::{ToValue, Value};

/// Names and values for one template.
#[derive(Clone, Debug, Default)]
pub struct Fields(BTreeMap<Arc<str>, Value>);

impl Fields {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value, which is escaped wherever a template puts it.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl ToValue) -> Self {
        self.0.insert(Arc::from(name), value.to_value());
        self
    }

    /// Adds words from outside that are only shown, a name or a message.
    ///
    /// Characters that turn the direction of writing are left out: they would reorder our own
    /// words around them, on the page that asks for consent too.
    #[must_use]
    pub fn set_shown(self, name: &str, words: &str) -> Self {
        self.set(name, without_turns(words))
    }

    /// Adds a list of such words.
    #[must_use]
    pub fn set_shown_list(self, name: &str, words: &[String]) -> Self {
        let words: Vec<String> = words.iter().map(|words| without_turns(words)).collect();
        self.set(name, words)
    }

    /// Adds a URL of our own making, which may have any scheme (Go's `template.URL`).
    ///
    /// Still escaped for the attribute it stands in, but not checked for its scheme: never for
    /// one that came from outside unchecked.
    #[must_use]
    pub fn set_url(mut self, name: &str, url: &str) -> Self {
        self.0.insert(Arc::from(name), URL::from(url).into());
        self
    }

    /// Adds a list, each element with names of its own.
    #[must_use]
    pub fn set_list(mut self, name: &str, items: impl Iterator<Item = Self>) -> Self {
        let items: Vec<Value> = items.map(Self::into_value).collect();
        self.0.insert(Arc::from(name), Value::List(items.into()));
        self
    }

    pub(crate) fn into_value(self) -> Value {
        Value::Map(Arc::new(self.0))
    }
}

/// Drops embeddings, overrides and isolates (Unicode Standard Annex 9, section 2).
fn without_turns(words: &str) -> String {
    words.chars().filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_words_cannot_turn_those_around_them() {
        let cases = [
            ("Grafana", "Grafana"),
            ("\u{202e}anafarG", "anafarG"),
            ("a\u{2067}b\u{2069}c", "abc"),
            ("\u{202a}\u{202c}", ""),
            ("\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{200f}", "\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{200f}"),
        ];
        for (words, expected) in cases {
            assert_eq!(without_turns(words), expected, "{words:?}");
        }
    }
}
