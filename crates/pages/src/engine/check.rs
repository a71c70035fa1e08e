//! What is checked about users' templates before they are trusted with a login.

use gotmpl::parse::{BranchNode, CommandNode, Expr, ListNode, Node, PipeNode};
use gotmpl::{MissingKey, TemplateError, Value, html};

use super::set::{Parsed, TemplateSet, Tree};
use super::sources::Origin;
use super::{LoadError, complete, kinds, locate};
use crate::sprig;

/// Functions Go knows without being told.
const GO_FUNCTIONS: [&str; 19] = [
    "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or",
    "print", "printf", "println", "slice", "urlquery",
];

/// Path the samples are shown at.
const SAMPLE_PATH: &str = "/auth/local/login";

/// Checks that each function and each included template exists, in branches no sample reaches too.
///
/// # Errors
///
/// [`LoadError::Template`] with file and line of the first that does not.
pub(super) fn names(set: &TemplateSet) -> Result<(), LoadError> {
    let own = set
        .parsed
        .trees
        .values()
        .filter(|tree| tree.origin == Origin::Directory);
    own.into_iter().try_for_each(|tree| {
        Names {
            parsed: &set.parsed,
            tree,
        }
        .list(&tree.root)
    })
}

/// Runs each page with each of its samples.
///
/// A field the page does not have is only warned about: it renders empty.
///
/// # Errors
///
/// [`LoadError::Template`] with file and line of the first failure.
pub(super) fn samples(set: &TemplateSet) -> Result<(), LoadError> {
    let strict = set.parsed.escaping(MissingKey::Error)?;
    for (name, kind) in kinds() {
        for sample in (kind.samples)() {
            let page = &sample.page;
            let data = complete(page.fields(), &page.title(), SAMPLE_PATH).into_value();
            try_out(set, &strict, name, &data)?;
        }
    }
    Ok(())
}

fn try_out(
    set: &TemplateSet,
    strict: &html::Template,
    name: &'static str,
    data: &Value,
) -> Result<(), LoadError> {
    let parsed = &set.parsed;
    match strict.execute_template_to_string(name, data) {
        Ok(_) => return Ok(()),
        Err(TemplateError::MissingKey { key }) => {
            let at = locate::failing_line(parsed, MissingKey::Error, name, data);
            tracing::warn!(page = name, %at, field = %key, "this page has no such field; it renders empty");
        }
        Err(TemplateError::UndefinedTemplate(missing)) if missing == name => {
            return Err(escape_error(parsed, name));
        }
        Err(TemplateError::Escape {
            name: file,
            line,
            description,
            ..
        }) => {
            return Err(escape_error_at(
                parsed,
                file.as_deref().unwrap_or(name),
                line,
                description,
            ));
        }
        Err(_) => {}
    }
    set.render(name, data).map(drop).map_err(|error| {
        let at = locate::failing_line(parsed, MissingKey::Invalid, name, data);
        LoadError::template(at, format!("{error}, when tried with sample data"))
    })
}

/// Why `name` cannot be escaped: the engine leaves such a template out and says nothing.
fn escape_error(parsed: &Parsed, name: &str) -> LoadError {
    let Some(tree) = parsed.trees.get(name) else {
        return LoadError::template(name, "there is no such template");
    };
    let alone = html::Template::new(name).funcs(parsed.functions.clone());
    let set = parsed.trees.iter().try_fold(alone, |set, (name, tree)| {
        set.add_parse_tree(name, tree.root.clone())
    });
    let entry = ListNode {
        pos: tree.root.pos,
        nodes: tree.root.nodes.clone(),
    };
    let outcome = set
        .and_then(|set| set.parse(&format!("{{{{template {name:?} .}}}}")))
        .and_then(|set| set.add_parse_tree(name, entry))
        .and_then(|set| set.execute_to_string(&Value::Nil));
    match outcome {
        Err(TemplateError::Escape {
            name: file,
            line,
            description,
            ..
        }) => escape_error_at(parsed, file.as_deref().unwrap_or(name), line, description),
        Err(other) => LoadError::template(name, other.to_string()),
        Ok(_) => LoadError::template(name, "ends inside a tag, an attribute, a script or a style"),
    }
}

fn escape_error_at(parsed: &Parsed, template: &str, line: usize, description: String) -> LoadError {
    let file = parsed
        .trees
        .get(template)
        .map_or(template, |tree| &tree.file);
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
                    return Err(self.at(
                        include.pos.line,
                        format!("there is no template `{}`", include.name),
                    ));
                }
                include.pipe.as_ref().map_or(Ok(()), |pipe| self.pipe(pipe))
            }
            Node::Text(_) | Node::Define(_) | Node::Break(_) | Node::Continue(_) => Ok(()),
        }
    }

    fn branch(&self, branch: &BranchNode) -> Result<(), LoadError> {
        self.pipe(&branch.pipe)?;
        self.list(&branch.body)?;
        branch
            .else_body
            .as_ref()
            .map_or(Ok(()), |list| self.list(list))
    }

    fn pipe(&self, pipe: &PipeNode) -> Result<(), LoadError> {
        pipe.commands
            .iter()
            .try_for_each(|command| self.command(pipe, command))
    }

    fn command(&self, pipe: &PipeNode, command: &CommandNode) -> Result<(), LoadError> {
        if let (Some(Expr::Identifier(pos, name)), [discarded]) =
            (command.args.first(), pipe.decl.as_slice())
            && sprig::CHANGES_ITS_ARGUMENT.contains(&name.as_str())
            && discarded == "$_"
        {
            let reason = format!(
                "`{name}` answers a changed copy here: write `$x = {name} $x ..`, not `$_ := ..`"
            );
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
            return sprig::refusal(name)
                .map_or(Ok(()), |why| Err(self.at(line, format!("`{name}`: {why}"))));
        }
        Err(self.at(line, format!("there is no function `{name}`")))
    }

    fn at(&self, line: usize, reason: String) -> LoadError {
        LoadError::template(format!("{}:{line}", self.tree.file), reason)
    }
}
