//! From the text to the tree: anchors, merge keys, duplicates and limits.

use std::collections::HashMap;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, Tag};

use crate::problem::Position;
use crate::report::Report;
use crate::tree::node::{Entry, Node, Value};
use crate::tree::scalar;

/// Longest file, in bytes.
const TEXT_MAX: usize = 8 * 1024 * 1024;
/// Deepest nesting of lists and blocks.
const DEPTH_MAX: usize = 64;
/// Most values in a file, those that aliases repeat counted each time.
const NODES_MAX: usize = 500_000;

/// Why the text is not YAML that can be used. Quotes nothing of the text.
pub(crate) struct SyntaxError {
    pub at: Position,
    pub text: String,
    pub hint: &'static str,
}

/// Parses the first document. An empty one is `Null`. Duplicate keys and further documents are
/// warnings.
pub(crate) fn parse(text: &str, report: &Report) -> Result<Node, SyntaxError> {
    if text.len() > TEXT_MAX {
        let text = format!("the file is longer than {TEXT_MAX} bytes");
        return Err(SyntaxError { at: Position::START, text, hint: "" });
    }
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.flow_nesting_limit = DEPTH_MAX;
    options.block_nesting_limit = DEPTH_MAX;
    let events = Parser::new_from_str_with_options(text.trim_start_matches('\u{feff}'), options);
    let mut tree = Tree { events, report, anchors: HashMap::new(), nodes: 0 };
    while let Some((event, span)) = tree.next()? {
        if matches!(event, Event::StreamStart | Event::DocumentStart(..)) {
            continue;
        }
        if matches!(event, Event::StreamEnd) {
            break;
        }
        let mut root = tree.node(event, span, 0)?;
        if root.is_null() {
            root.at = Position::START;
        }
        tree.warn_of_more();
        return Ok(root);
    }
    Ok(Node::new(Value::Null, Position::START))
}

struct Tree<'t, I> {
    events: I,
    report: &'t Report,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

impl<'i, I> Tree<'_, I>
where
    I: Iterator<Item = Result<(Event<'i>, Span), granit_parser::ScanError>>,
{
    fn next(&mut self) -> Result<Option<(Event<'i>, Span)>, SyntaxError> {
        self.events.next().transpose().map_err(|error| {
            let text = error.info();
            let hint = match text.contains("tab") {
                true => "indent with spaces",
                false => "quote texts that hold special characters",
            };
            SyntaxError { at: position(error.marker()), text, hint }
        })
    }

    fn expect(&mut self) -> Result<(Event<'i>, Span), SyntaxError> {
        self.next()?.ok_or_else(|| failed(Position::START, "the file ends too early"))
    }

    fn warn_of_more(&mut self) {
        while let Some(Ok((event, span))) = self.events.next() {
            if matches!(event, Event::DocumentStart(..)) {
                let at = position(&span.start);
                self.report.warn(at, "", "only the first document of the file is used");
                return;
            }
        }
    }

    fn node(&mut self, event: Event<'i>, span: Span, depth: usize) -> Result<Node, SyntaxError> {
        let at = position(&span.start);
        if depth > DEPTH_MAX {
            return Err(failed(at, "nested too deeply"));
        }
        self.count(1, at)?;
        let (node, anchor) = match event {
            Event::Alias(id) => return self.alias(id, at, depth),
            Event::Scalar(text, style, anchor, tag) => (scalar_node(&text, style, tag.as_deref(), at), anchor),
            Event::SequenceStart(_, anchor, _) => (self.list(at, depth)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.map(at, depth)?, anchor),
            _ => return Err(failed(at, "a value is missing")),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, at: Position, depth: usize) -> Result<Node, SyntaxError> {
        let node = self.anchors.get(&id).cloned();
        let node = node.ok_or_else(|| failed(at, "an alias stands for the block it is in"))?;
        if depth + height(&node) > DEPTH_MAX {
            return Err(failed(at, "nested too deeply"));
        }
        self.count(size(&node), at)?;
        Ok(node)
    }

    fn count(&mut self, more: usize, at: Position) -> Result<(), SyntaxError> {
        self.nodes += more;
        match self.nodes > NODES_MAX {
            true => Err(failed(at, "too many values, aliases counted as often as they are used")),
            false => Ok(()),
        }
    }

    fn list(&mut self, at: Position, depth: usize) -> Result<Node, SyntaxError> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.expect()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Node::new(Value::List(items), at));
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }

    fn map(&mut self, at: Position, depth: usize) -> Result<Node, SyntaxError> {
        let mut block = Block::default();
        loop {
            let (event, span) = self.expect()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(Node::new(Value::Map(block.finish(self.report)), at));
            }
            let key_at = position(&span.start);
            let plain = matches!(event, Event::Scalar(_, ScalarStyle::Plain, ..));
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.expect()?;
            let mut value = self.node(event, span, depth + 1)?;
            if value.is_null() {
                value.at = key_at;
            }
            let Some(key) = key.text(false) else {
                return Err(failed(key_at, "a key must be a text"));
            };
            if plain && key == "<<" {
                block.merge(value).map_err(|text| failed(key_at, text))?;
            } else {
                // `null:` is the text "null", as a JSON key would be.
                let key = if key.is_empty() && plain { "null".to_owned() } else { key };
                block.own.push(Entry { key, at: key_at, value });
            }
        }
    }
}

/// A block while it is read: what it says itself, and what `<<` adds, strongest first.
#[derive(Default)]
struct Block {
    own: Vec<Entry>,
    merged: Vec<Entry>,
}

impl Block {
    fn merge(&mut self, value: Node) -> Result<(), &'static str> {
        /// What `<<` takes.
        const WANTED: &str = "`<<` must name a block of keys or a list of them";
        match value.value {
            Value::Map(entries) => self.merged.extend(entries),
            Value::List(items) => {
                for item in items {
                    let Value::Map(entries) = item.value else {
                        return Err(WANTED);
                    };
                    self.merged.extend(entries);
                }
            }
            _ => return Err(WANTED),
        }
        Ok(())
    }

    /// The last of several equal keys wins, any of them wins over a merged one.
    fn finish(self, report: &Report) -> Vec<Entry> {
        let mut index: HashMap<String, usize> = HashMap::new();
        let mut entries: Vec<Entry> = Vec::with_capacity(self.own.len());
        for entry in self.own {
            match index.get(&entry.key) {
                Some(&earlier) => {
                    let line = entry.at.line;
                    let text = format!("given twice in this block; line {line} is the one used");
                    report.warn(entries[earlier].at, &entry.key, text);
                    entries[earlier] = entry;
                }
                None => {
                    index.insert(entry.key.clone(), entries.len());
                    entries.push(entry);
                }
            }
        }
        for entry in self.merged {
            if !index.contains_key(&entry.key) {
                index.insert(entry.key.clone(), entries.len());
                entries.push(entry);
            }
        }
        entries
    }
}

fn scalar_node(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Position) -> Node {
    let plain = style == ScalarStyle::Plain;
    let tag = tag.map(Tag::parts).and_then(|(handle, suffix)| match (handle, suffix) {
        ("tag:yaml.org,2002:", suffix) => Some(suffix),
        ("", "tag:yaml.org,2002:str") | ("!", "") | ("", "!") => Some("str"),
        _ => None,
    });
    let resolves = match tag {
        Some("str" | "binary" | "timestamp") => false,
        Some("bool" | "int" | "float" | "null") => true,
        _ => plain,
    };
    let value = if resolves { scalar::resolve(text) } else { Value::Text(text.to_owned()) };
    let keep = resolves && value != Value::Null;
    Node { value, at, written: keep.then(|| text.to_owned()) }
}

/// How deep the values within a value are nested.
fn height(node: &Node) -> usize {
    let within = match &node.value {
        Value::List(items) => items.iter().map(height).max(),
        Value::Map(entries) => entries.iter().map(|entry| height(&entry.value)).max(),
        _ => None,
    };
    within.map_or(0, |height| height + 1)
}

/// How many values are within a value.
fn size(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => items.iter().map(|item| 1 + size(item)).sum(),
        Value::Map(entries) => entries.iter().map(|entry| 2 + size(&entry.value)).sum(),
        _ => 0,
    }
}

fn failed(at: Position, text: &str) -> SyntaxError {
    SyntaxError { at, text: text.to_owned(), hint: "" }
}

fn position(marker: &granit_parser::Marker) -> Position {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Position { line: number(marker.line()).max(1), column: number(marker.col()).saturating_add(1) }
}
