//! All templates together, parsed and escaped, so that they can include one another.

use std::collections::BTreeMap;

use gotmpl::parse::{ListNode, Parser};
use gotmpl::{FuncMap, MissingKey, TemplateError, Value, html};

use super::output::Output;
use super::sources::{Origin, SourceFile, Sources};
use super::{LoadError, RenderError};

/// How often all loops of one page together may turn.
const RANGE_ITERATIONS_MAX: u64 = 100_000;

/// The name of the set itself; no file is called so.
const SET: &str = "dex";

/// The templates a page may be made of, escaped.
pub(super) struct TemplateSet(html::Template);

/// Trees by template name, before escaping, and what they may call.
pub(super) struct Parsed {
    pub(super) trees: BTreeMap<String, Tree>,
    pub(super) functions: FuncMap,
}

/// A template and the file it stands in.
pub(super) struct Tree {
    pub(super) root: ListNode,
    pub(super) file: String,
    pub(super) origin: Origin,
}

impl TemplateSet {
    /// Runs the template called `name`.
    ///
    /// # Errors
    ///
    /// [`RenderError`], for whatever stops a template.
    pub(super) fn render(&self, name: &'static str, data: &Value) -> Result<String, RenderError> {
        let mut output = Output::new();
        match self.0.execute_template_fmt(&mut output, name, data) {
            Ok(()) => Ok(output.into_text()),
            Err(_) if output.full => Err(RenderError::TooLarge { template: name }),
            Err(error) => Err(RenderError::Template { template: name, reason: error.to_string() }),
        }
    }
}

impl Parsed {
    /// Parses every file; of two templates of one name, the later file's holds, as in Go.
    ///
    /// # Errors
    ///
    /// [`LoadError::Template`] with file, line and column of a syntax error.
    pub(super) fn read(sources: &Sources, functions: FuncMap) -> Result<Self, LoadError> {
        let mut trees = BTreeMap::new();
        for file in &sources.files {
            parse_file(file, &mut trees)?;
        }
        Ok(Self { trees, functions })
    }

    /// The set that renders pages: an unknown field is empty.
    pub(super) fn set(&self) -> Result<TemplateSet, LoadError> {
        self.escaping(MissingKey::Invalid).map(TemplateSet)
    }

    /// A set that escapes; `missing` decides what an unknown field is.
    ///
    /// # Errors
    ///
    /// [`LoadError::Template`] if a tree cannot be added, which a fresh set does not refuse.
    pub(super) fn escaping(&self, missing: MissingKey) -> Result<html::Template, LoadError> {
        let empty = html::Template::new(SET).missing_key(missing).parse("");
        let set = empty.and_then(|set| self.fill(set));
        set.map_err(|error| LoadError::template(SET, error.to_string()))
    }

    /// A set whose first template is the one called `name`, run on nothing.
    pub(super) fn beginning_with(&self, name: &str) -> Result<html::Template, TemplateError> {
        let first = html::Template::new(SET).parse(&format!("{{{{ template {name:?} . }}}}"))?;
        self.fill(first)
    }

    fn fill(&self, set: html::Template) -> Result<html::Template, TemplateError> {
        let set = set.max_range_iters(RANGE_ITERATIONS_MAX).funcs(self.functions.clone());
        let mut trees = self.trees.iter();
        trees.try_fold(set, |set, (name, tree)| set.add_parse_tree(name, tree.root.clone()))
    }

    /// A set that does not escape, for finding where something fails.
    pub(super) fn plain(&self, missing: MissingKey) -> gotmpl::Template {
        let set = gotmpl::Template::new(SET)
            .missing_key(missing)
            .max_range_iters(RANGE_ITERATIONS_MAX)
            .funcs(self.functions.clone());
        self.trees.iter().fold(set, |set, (name, tree)| set.add_parse_tree(name, tree.root.clone()))
    }
}

fn parse_file(file: &SourceFile, trees: &mut BTreeMap<String, Tree>) -> Result<(), LoadError> {
    let parser = Parser::with_name(Some(&file.name), &file.text, "{{", "}}");
    let (root, defines) = parser.and_then(Parser::parse).map_err(|error| syntax_error(&file.name, &error))?;
    let mut add = |name: &str, root: ListNode| {
        // An empty body never takes the place of another (text/template: Tree.add).
        if root.is_empty_tree() && trees.contains_key(name) {
            return;
        }
        trees.insert(name.to_owned(), Tree { root, file: file.name.clone(), origin: file.origin });
    };
    for define in defines {
        add(&define.name, define.body);
    }
    add(&file.name, root);
    Ok(())
}

fn syntax_error(file: &str, error: &TemplateError) -> LoadError {
    match error {
        TemplateError::Parse { line, col, message, .. } | TemplateError::Lex { line, col, message, .. } => {
            LoadError::template(format!("{file}:{line}:{col}"), message)
        }
        other => LoadError::template(file, other.to_string()),
    }
}
