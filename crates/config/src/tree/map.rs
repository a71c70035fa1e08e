//! Through this, a section asks a block for its keys.

use std::time::Duration;

use crate::duration;
use crate::env::{Env, FeatureFlag};
use crate::problem::{Origin, Position, quoted};
use crate::report::{Report, join};
use crate::secret::Secret;
use crate::tree::expand;
use crate::tree::node::{Entry, Node, Value};

/// A block of keys and its path. Whatever is asked for counts as known; what is left when the
/// reading is over is reported.
pub(crate) struct Map<'a> {
    report: &'a Report,
    path: String,
    at: Position,
    entries: &'a [Entry],
    asked: Vec<&'static str>,
    as_written: bool,
}

/// A text that was given, and by whom.
pub(crate) struct Given {
    pub text: String,
    pub origin: Origin,
}

impl<'a> Map<'a> {
    /// Reads the block `node` at `path`.
    pub(crate) fn read<T>(node: &'a Node, path: &str, report: &'a Report, read: impl FnOnce(&mut Map<'a>) -> T) -> T {
        let entries: &[Entry] = match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            _ => {
                let text = format!("must be a block of keys, not {}", node.kind());
                report.error(node.at, path, text, "write `key: value` lines below it");
                &[]
            }
        };
        let path = path.to_owned();
        let at = node.at;
        let mut map = Map { report, path, at, entries, asked: Vec::new(), as_written: false };
        let value = read(&mut map);
        map.finish();
        value
    }

    /// Takes unquoted numbers and booleans as they are written, for blocks in which no release
    /// of Dex converted them.
    pub(crate) fn keep_written(&mut self) {
        self.as_written = true;
    }

    pub(crate) fn report(&self) -> &'a Report {
        self.report
    }

    /// The full path of a key of this block.
    pub(crate) fn path(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// Where the value of a key is, or the block when the key is not there.
    pub(crate) fn at(&self, key: &str) -> Position {
        self.entry(key).map_or(self.at, |entry| entry.value.at)
    }

    pub(crate) fn origin(&self, key: &str) -> Origin {
        self.report.origin(self.at(key))
    }

    /// Notes that the value of `key` is wrong.
    pub(crate) fn error(&self, key: &str, text: impl Into<String>, hint: &str) {
        self.report.error(self.at(key), &self.path(key), text, hint);
    }

    pub(crate) fn warn(&self, key: &str, text: impl Into<String>) {
        self.report.warn(self.at(key), &self.path(key), text);
    }

    /// Whether the key is there with a value.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some_and(|entry| !entry.value.is_null())
    }

    fn entry(&self, key: &str) -> Option<&'a Entry> {
        let exact = self.entries.iter().find(|entry| entry.key == key);
        exact.or_else(|| self.entries.iter().rfind(|entry| entry.key.eq_ignore_ascii_case(key)))
    }

    /// The value of a key, if there is one that is not `null`.
    pub(crate) fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        let path = self.path(key);
        self.asked.push(key);
        self.report.known(&path);
        let entry = self.entry(key)?;
        if entry.value.is_null() {
            return None;
        }
        if !entry.value.is_idle() {
            self.report.present(&path, entry.at);
        }
        Some(&entry.value)
    }

    /// A text, empty when absent.
    pub(crate) fn text(&mut self, key: &'static str) -> String {
        self.given(key).map_or_else(String::new, |given| given.text)
    }

    /// A text that is not empty.
    pub(crate) fn given(&mut self, key: &'static str) -> Option<Given> {
        let node = self.node(key)?;
        let text = self.text_of(node, &self.path(key));
        let origin = self.report.origin(node.at);
        (!text.is_empty()).then_some(Given { text, origin })
    }

    /// A text that is not empty, without its place.
    pub(crate) fn optional(&mut self, key: &'static str) -> Option<String> {
        self.given(key).map(|given| given.text)
    }

    pub(crate) fn secret(&mut self, key: &'static str) -> Secret {
        Secret::new(self.text(key))
    }

    fn text_of(&self, node: &Node, path: &str) -> String {
        node.text(self.as_written).unwrap_or_else(|| {
            let text = format!("must be a text, not {}", node.kind());
            self.report.error(node.at, path, text, "write one value");
            String::new()
        })
    }

    pub(crate) fn bool(&mut self, key: &'static str, default: bool) -> bool {
        let Some(node) = self.node(key) else {
            return default;
        };
        node.bool().unwrap_or_else(|| {
            let text = format!("must be true or false, not {}", other_kind(node));
            self.error(key, text, "write `true` or `false`");
            default
        })
    }

    pub(crate) fn int(&mut self, key: &'static str) -> i64 {
        let Some(node) = self.node(key) else { return 0 };
        node.int().unwrap_or_else(|| {
            let text = format!("must be a whole number, not {}", other_kind(node));
            self.error(key, text, "write digits only");
            0
        })
    }

    /// A duration; `error` makes Dex's text of the text given and what is wrong with it.
    pub(crate) fn duration(&mut self, key: &'static str, error: impl FnOnce(&str, &str) -> String) -> Option<Duration> {
        /// How to mend it.
        const HINT: &str = "write numbers with units of h, m, s or ms, such as 24h or 1h30m";
        let given = self.given(key)?;
        match duration::parse(&given.text) {
            Ok(duration) => Some(duration),
            Err(text) => {
                self.error(key, error(&quoted(&given.text), &text), HINT);
                None
            }
        }
    }

    /// A list of texts, `None` when absent.
    pub(crate) fn optional_texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let node = self.node(key)?;
        let items = self.items_of(node, key, "write [\"one\", \"two\"]");
        let path = self.path(key);
        let text = |(at, item): (usize, &Node)| self.text_of(item, &format!("{path}[{at}]"));
        Some(items.iter().enumerate().map(text).collect())
    }

    /// A list of texts, empty when absent.
    pub(crate) fn texts(&mut self, key: &'static str) -> Vec<String> {
        self.optional_texts(key).unwrap_or_default()
    }

    fn items_of<'n>(&self, node: &'n Node, key: &str, hint: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            _ => {
                self.error(key, format!("must be a list, not {}", node.kind()), hint);
                &[]
            }
        }
    }

    /// A block of free keys with texts as values.
    pub(crate) fn text_map(&mut self, key: &'static str) -> Vec<(String, String)> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        let Value::Map(entries) = &node.value else {
            self.error(key, format!("must be a block of keys, not {}", node.kind()), "");
            return Vec::new();
        };
        let path = self.path(key);
        let text = |entry: &Entry| self.text_of(&entry.value, &join(&path, &entry.key));
        entries.iter().map(|entry| (entry.key.clone(), text(entry))).collect()
    }

    /// A block within the block; an absent one reads as an empty one.
    pub(crate) fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Map<'a>) -> T) -> T {
        static NOTHING: Node = Node { value: Value::Null, at: Position::START, written: None };
        let node = self.node(key).unwrap_or(&NOTHING);
        let as_written = self.as_written;
        let at = self.at(key);
        Map::read(node, &self.path(key), self.report, |map| {
            map.as_written = as_written;
            map.at = at;
            read(map)
        })
    }

    /// A list of blocks.
    pub(crate) fn list<T>(&mut self, key: &'static str, mut read: impl FnMut(&mut Map<'a>) -> T) -> Vec<T> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        let items = self.items_of(node, key, "begin each item with `- `");
        let (path, as_written) = (self.path(key), self.as_written);
        let read_item = |(at, item): (usize, &'a Node)| {
            Map::read(item, &format!("{path}[{at}]"), self.report, |map| {
                map.as_written = as_written;
                read(map)
            })
        };
        items.iter().enumerate().map(read_item).collect()
    }

    /// The block `config`, its variables expanded unless `DEX_EXPAND_ENV` turns that off.
    pub(crate) fn expanded(&mut self, env: &dyn Env) -> Node {
        let Some(node) = self.node("config") else {
            return Node::new(Value::Null, self.at);
        };
        let mut node = node.clone();
        if FeatureFlag::ExpandEnv.enabled(env) {
            let path = self.path("config");
            expand::block(&mut node, &path, env, &mut |node, path| {
                let text = "names a variable that is not set; it is taken as empty \
                            (write `$$` for a dollar sign)";
                self.report.warn(node.at, path, text);
            });
        }
        node
    }

    fn finish(self) {
        for entry in self.entries {
            if !self.asked.iter().any(|asked| asked.eq_ignore_ascii_case(&entry.key)) {
                let siblings = self.asked.clone();
                self.report.unknown(&self.path, &entry.key, entry.at, siblings);
            }
        }
    }
}

/// What the value is called when the wanted kind could be written as text.
fn other_kind(node: &Node) -> &'static str {
    match node.value {
        Value::Text(_) => "this text",
        Value::Float(_) => "a fraction",
        Value::Int(_) => "this number",
        _ => node.kind(),
    }
}
