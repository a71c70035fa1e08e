//! What is checked about users' templates before they are trusted with a login.

use std::collections::BTreeSet;

use gotmpl::parse::{BranchNode, CommandNode, Expr, ListNode, Node, PipeNode};
use gotmpl::{MissingKey, TemplateError, Value, html};

use super::output::Output;
use super::set::{Parsed, TemplateSet, Tree};
use super::sources::Origin;
use super::{LoadError, complete, kinds, locate};
use crate::sprig;

/// Functions Go knows without being told.
const GO_FUNCTIONS: [&str; 19] = [
    "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or", "print", "printf",
    "println", "slice", "urlquery",
];

/// Path the samples are shown at.
const SAMPLE_PATH: &str = "/auth/local/login";

/// Checks that each function and each included template exists, in branches no sample reaches too.
///
/// # Errors
///
/// [`LoadError::Template`] with file and line of the first that does not.
pub(super) fn names(parsed: &Parsed) -> Result<(), LoadError> {
    let mut own = parsed.trees.values().filter(|tree| tree.origin == Origin::Directory);
    own.try_for_each(|tree| Names { parsed, tree }.list(&tree.root))
}

/// Runs each page with each of its samples.
///
/// A field the page does not have is only warned about: it renders empty.
///
/// # Errors
///
/// [`LoadError::Template`] with file and line of the first failure.
pub(super) fn samples(set: &TemplateSet, parsed: &Parsed) -> Result<(), LoadError> {
    let strict = parsed.escaping(MissingKey::Error)?;
    let mut trial = Trial { set, strict, parsed, warned: BTreeSet::new() };
    for (name, kind) in kinds() {
        for sample in (kind.samples)() {
            let page = &sample.page;
            let data = complete(page.fields(), &page.title(), SAMPLE_PATH).into_value();
            trial.run(name, &data)?;
        }
    }
    Ok(())
}

/// Pages being tried.
struct Trial<'a> {
    set: &'a TemplateSet,
    /// As `set`, but an unknown field is an error.
    strict: html::Template,
    parsed: &'a Parsed,
    /// Places and fields warned about before.
    warned: BTreeSet<(String, String)>,
}

impl Trial<'_> {
    fn run(&mut self, name: &'static str, data: &Value) -> Result<(), LoadError> {
        match self.strict.execute_template_fmt(&mut Output::new(), name, data) {
            Ok(()) => return Ok(()),
            Err(TemplateError::MissingKey { key }) => self.warn(name, key, data),
            Err(TemplateError::UndefinedTemplate(missing)) if missing == name => {
                return Err(escape_error(self.parsed, name));
            }
            // Told below, should it not be for the strictness alone.
            Err(_) => {}
        }
        self.set.render(name, data).map(drop).map_err(|error| {
            let at = locate::failing_line(self.parsed, MissingKey::Invalid, name, data);
            LoadError::template(at, format!("{error}, when tried with sample data"))
        })
    }

    fn warn(&mut self, name: &str, field: String, data: &Value) {
        let at = locate::failing_line(self.parsed, MissingKey::Error, name, data);
        if self.warned.insert((at.clone(), field.clone())) {
            tracing::warn!(page = name, at, field, "this page has no such field; it renders empty");
        }
    }
}

/// Why `name` cannot be escaped: the engine leaves such a template out and says nothing. It does
/// say why for the template a set begins with.
fn escape_error(parsed: &Parsed, name: &str) -> LoadError {
    let outcome = parsed.beginning_with(name).and_then(|set| set.execute_to_string(&Value::Nil));
    match outcome {
        Err(TemplateError::Escape { name: inner, line, description, .. }) => {
            let known = inner.filter(|inner| parsed.trees.contains_key(inner));
            escape_error_at(parsed, known.as_deref().unwrap_or(name), line, description)
        }
        Err(other) => LoadError::template(name, other.to_string()),
        Ok(_) => LoadError::template(name, "does not end as a page does"),
    }
}

fn escape_error_at(parsed: &Parsed, template: &str, line: usize, description: String) -> LoadError {
    let file = parsed.trees.get(template).map_or(template, |tree| &tree.file);
    match line {
        0 => LoadError::template(file, description),
        line => LoadError::template(format!("{file}:{line}"), description),
    }
}

/// Walks a template for the names it uses.
struct Names<'a> {
    parsed: &'a Parsed,
    tree: &'a Tree,
}

impl Names<'_> {
    fn list(&self, list: &ListNode) -> Result<(), LoadError> {
        list.nodes.iter().try_for_each(|node| self.node(node))
    }

    fn node(&self, node: &Node) -> Result<(), LoadError> {
        match node {
            Node::Action(action) => self.pipe(&action.pipe),
            Node::If(branch) | Node::With(branch) | Node::Range(branch) => self.branch(branch),
            Node::List(list) => self.list(list),
            Node::Template(include) => {
                if !self.parsed.trees.contains_key(include.name.as_str()) {
                    return Err(self.at(include.pos.line, format!("there is no template `{}`", include.name)));
                }
                include.pipe.as_ref().map_or(Ok(()), |pipe| self.pipe(pipe))
            }
            Node::Text(_) | Node::Define(_) | Node::Break(_) | Node::Continue(_) => Ok(()),
        }
    }

    fn branch(&self, branch: &BranchNode) -> Result<(), LoadError> {
        self.pipe(&branch.pipe)?;
        self.list(&branch.body)?;
        branch.else_body.as_ref().map_or(Ok(()), |list| self.list(list))
    }

    fn pipe(&self, pipe: &PipeNode) -> Result<(), LoadError> {
        pipe.commands.iter().try_for_each(|command| self.command(pipe, command))
    }

    fn command(&self, pipe: &PipeNode, command: &CommandNode) -> Result<(), LoadError> {
        if let (Some(Expr::Identifier(pos, name)), [discarded]) = (command.args.first(), pipe.decl.as_slice())
            && sprig::CHANGES_ITS_ARGUMENT.contains(&name.as_str())
            && discarded == "$_"
        {
            let reason = format!("`{name}` answers a changed copy here: write `$x = {name} $x ..`, not `$_ := ..`");
            return Err(self.at(pos.line, reason));
        }
        command.args.iter().try_for_each(|expr| self.expr(expr))
    }

    fn expr(&self, expr: &Expr) -> Result<(), LoadError> {
        match expr {
            Expr::Identifier(pos, name) => self.function(pos.line, name),
            Expr::Pipe(_, pipe) => self.pipe(pipe),
            Expr::Chain(_, inner, _) => self.expr(inner),
            _ => Ok(()),
        }
    }

    fn function(&self, line: usize, name: &str) -> Result<(), LoadError> {
        if GO_FUNCTIONS.contains(&name) || self.parsed.functions.contains_key(name) {
            return sprig::refusal(name).map_or(Ok(()), |why| Err(self.at(line, format!("`{name}`: {why}"))));
        }
        Err(self.at(line, format!("there is no function `{name}`")))
    }

    fn at(&self, line: usize, reason: String) -> LoadError {
        LoadError::template(format!("{}:{line}", self.tree.file), reason)
    }
}
