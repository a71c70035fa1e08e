//! Collects what the sections find, so that one start names every problem.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use crate::problem::{ConfigErrors, Location, Origin, Position, Problem, Warning, quoted};

/// Further from what was written than this many edits, a known key is no help.
const EDITS_MAX: usize = 3;

/// Keys of former releases whose absence needs more than "unknown".
const RETIRED: &[(&str, &str)] =
    &[("additionalFeatures", "set the variable DEX_API_CONNECTORS_CRUD=true instead of listing ConnectorsCRUD")];

/// The notebook of one reading. Shared by reference; nothing here fails.
pub(crate) struct Report {
    file: Arc<str>,
    /// Unknown keys are errors.
    strict: bool,
    notes: RefCell<Notes>,
}

#[derive(Default)]
struct Notes {
    problems: Vec<Problem>,
    warnings: Vec<Warning>,
    unknown: Vec<UnknownKey>,
    known: BTreeSet<String>,
    present: Vec<Present>,
}

/// A key in the file that says something (is not `null`, `false`, `""`, `[]` or `{}`).
pub(crate) struct Present {
    /// Its path, list positions left out: `connectors[].grantTypes`.
    pub pattern: String,
    /// Its full path.
    pub key: String,
    /// Where it is.
    pub at: Position,
}

struct UnknownKey {
    /// The path of the block it is in, empty at the top.
    block: String,
    written: String,
    at: Position,
    siblings: Vec<&'static str>,
}

impl Report {
    pub(crate) fn new(file: &str, strict: bool) -> Self {
        Self { file: Arc::from(file), strict, notes: RefCell::default() }
    }

    pub(crate) fn file(&self) -> Arc<str> {
        Arc::clone(&self.file)
    }

    pub(crate) fn origin(&self, position: Position) -> Origin {
        Origin::File(Location { file: self.file(), position })
    }

    /// Notes a problem written in the file.
    pub(crate) fn error(&self, at: Position, key: &str, text: impl Into<String>, hint: &str) {
        self.problem(self.origin(at), key, text.into(), hint, None);
    }

    /// Notes a problem with what a flag or a variable says, or the file.
    pub(crate) fn error_of(&self, origin: Origin, key: &str, text: impl Into<String>, hint: &str) {
        self.problem(origin, key, text.into(), hint, None);
    }

    /// Notes a failed check of Dex's `invalid Config:` block; `rank` is its place there.
    pub(crate) fn ranked(&self, rank: u8, origin: Origin, key: &str, text: &str, hint: &str) {
        self.problem(origin, key, text.to_owned(), hint, Some(rank));
    }

    fn problem(&self, origin: Origin, key: &str, text: String, hint: &str, rank: Option<u8>) {
        let (key, hint) = (key.to_owned(), hint.to_owned());
        self.notes.borrow_mut().problems.push(Problem { origin, key, text, hint, rank });
    }

    pub(crate) fn warn(&self, at: Position, key: &str, text: impl Into<String>) {
        self.warning(Warning {
            origin: self.origin(at),
            key: key.to_owned(),
            text: text.into(),
            use_instead: None,
            current_value: None,
        });
    }

    pub(crate) fn warning(&self, warning: Warning) {
        self.notes.borrow_mut().warnings.push(warning);
    }

    /// Remembers that a section asked for this key, whether or not the file has it.
    pub(crate) fn known(&self, key: &str) {
        self.notes.borrow_mut().known.insert(pattern(key));
    }

    /// Remembers a key that says something.
    pub(crate) fn present(&self, key: &str, at: Position) {
        let present = Present { pattern: pattern(key), key: key.to_owned(), at };
        self.notes.borrow_mut().present.push(present);
    }

    /// Remembers a key nobody asked for, to be judged when all known keys are known.
    pub(crate) fn unknown(&self, block: &str, written: &str, at: Position, siblings: Vec<&'static str>) {
        let (block, written) = (block.to_owned(), written.to_owned());
        self.notes.borrow_mut().unknown.push(UnknownKey { block, written, at, siblings });
    }

    /// Every key any section asked for, list positions left out.
    #[cfg(test)]
    pub(crate) fn known_keys(&self) -> BTreeSet<String> {
        self.notes.borrow().known.clone()
    }

    pub(crate) fn take_present(&self) -> Vec<Present> {
        std::mem::take(&mut self.notes.borrow_mut().present)
    }

    /// Judges the unknown keys and hands everything over.
    ///
    /// # Errors
    ///
    /// When there is at least one problem.
    pub(crate) fn close(self) -> Result<Vec<Warning>, ConfigErrors> {
        let unknown = std::mem::take(&mut self.notes.borrow_mut().unknown);
        for key in unknown {
            let path = join(&key.block, &key.written);
            let mut text = format!("unknown field {}", quoted(&key.written));
            if let Some(hint) = self.nearest(&key) {
                let _ = write!(text, "; {hint}");
            }
            match self.strict {
                true => self.error(key.at, &path, text, ""),
                false => self.warn(key.at, &path, text + "; it is ignored"),
            }
        }
        let notes = self.notes.into_inner();
        match notes.problems.is_empty() {
            true => Ok(notes.warnings),
            false => Err(ConfigErrors::new(notes.problems, notes.warnings)),
        }
    }

    fn nearest(&self, key: &UnknownKey) -> Option<String> {
        if let Some((_, hint)) = RETIRED.iter().find(|(retired, _)| *retired == key.written) {
            return Some((*hint).to_owned());
        }
        let written = key.written.to_ascii_lowercase();
        let near = key.siblings.iter().map(|known| (distance(&written, known), *known));
        let allowed = EDITS_MAX.min(written.chars().count() / 2);
        if let Some((_, known)) = near.min().filter(|(edits, _)| *edits <= allowed) {
            return Some(format!("did you mean `{known}`?"));
        }
        // What a connector or a storage is told has nothing to do with keys elsewhere: `issuer` of a google connector.
        if key.block.contains(".config") {
            return None;
        }
        let notes = self.notes.borrow();
        let elsewhere = notes.known.iter().find(|known| {
            let last = known.rsplit('.').next().unwrap_or(known);
            last.eq_ignore_ascii_case(&key.written) && !known.contains(".config.")
        })?;
        Some(format!("did you mean `{elsewhere}`?"))
    }
}

/// How many edits lead from what was written, in lower case, to a known key, or to its beginning
/// and one more.
fn distance(written: &str, known: &str) -> usize {
    let known = known.to_ascii_lowercase();
    let start: String = known.chars().take(written.chars().count() + 1).collect();
    let whole = strsim::damerau_levenshtein(written, &known);
    whole.min(strsim::damerau_levenshtein(written, &start) + 1)
}

/// `block.key`, or `key` at the top.
pub(crate) fn join(block: &str, key: &str) -> String {
    match block.is_empty() {
        true => key.to_owned(),
        false => format!("{block}.{key}"),
    }
}

/// The path without list positions: `connectors[2].id` becomes `connectors[].id`.
fn pattern(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut inside = false;
    for c in key.chars() {
        inside = (inside || c == '[') && c != ']';
        if !inside || c == '[' {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn a_pattern_leaves_list_positions_out() {
        assert_eq!(pattern("connectors[12].config.orgs[0].name"), "connectors[].config.orgs[].name");
        assert_eq!(pattern("web.http"), "web.http");
    }
}
