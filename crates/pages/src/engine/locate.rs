//! Finds the line a template fails at, which the engine does not tell.
//!
//! A template cut off before the failing place runs through; so the place is found by running
//! ever longer beginnings of it, into branches and into the templates it includes.

use gotmpl::parse::{BranchNode, ListNode, Node, Pos};
use gotmpl::{MissingKey, Value};

use super::set::Parsed;

/// How many included templates are followed.
const INCLUDES_MAX: usize = 20;

/// `file:line` where running `page` with `data` fails; only the file if it does not fail when not escaped.
pub(super) fn failing_line(parsed: &Parsed, missing: MissingKey, page: &str, data: &Value) -> String {
    let search = Search { plain: parsed.plain(missing), page, data };
    let mut template = page.to_owned();
    for _ in 0..INCLUDES_MAX {
        let Some(tree) = parsed.trees.get(&template) else {
            break;
        };
        match search.within(&template, &tree.root, &|list| list) {
            Some(Place::Line(pos)) => return format!("{}:{}", tree.file, pos.line),
            Some(Place::Included { name, pos }) if !parsed.trees.contains_key(&name) => {
                return format!("{}:{}", tree.file, pos.line);
            }
            Some(Place::Included { name, .. }) => template = name,
            None => break,
        }
    }
    parsed.trees.get(&template).map_or(template, |tree| tree.file.clone())
}

enum Place {
    Line(Pos),
    Included { name: String, pos: Pos },
}

struct Search<'a> {
    plain: gotmpl::Template,
    page: &'a str,
    data: &'a Value,
}

/// Puts a list back to where it stood in its template.
type Wrap<'a> = &'a dyn Fn(ListNode) -> ListNode;

impl Search<'_> {
    /// Whether the page fails when `template` is `root`.
    fn fails(&self, template: &str, root: ListNode) -> bool {
        let changed = self.plain.clone().add_parse_tree(template, root);
        changed.execute_template_to_string(self.page, self.data).is_err()
    }

    fn within(&self, template: &str, list: &ListNode, wrap: Wrap<'_>) -> Option<Place> {
        let fails_with = |count: usize| self.fails(template, wrap(beginning(list, count)));
        let failing = (1..=list.nodes.len()).find(|count| fails_with(*count))? - 1;
        let before = beginning(list, failing);
        let place = |pos| Some(Place::Line(pos));
        match &list.nodes[failing] {
            Node::Template(include) => Some(Place::Included { name: include.name.to_string(), pos: include.pos }),
            Node::If(branch) => self.branch(template, branch, &|inner| wrap(with(&before, Node::If(inner)))),
            Node::With(branch) => self.branch(template, branch, &|inner| wrap(with(&before, Node::With(inner)))),
            Node::Range(branch) => self.branch(template, branch, &|inner| wrap(with(&before, Node::Range(inner)))),
            Node::List(inner) => self.within(template, inner, &|list| wrap(with(&before, Node::List(list)))),
            Node::Action(action) => place(action.pos),
            Node::Text(text) => place(text.pos),
            Node::Define(define) => place(define.pos),
            Node::Break(pos) | Node::Continue(pos) => place(*pos),
        }
    }

    fn branch(&self, template: &str, branch: &BranchNode, wrap: &dyn Fn(BranchNode) -> ListNode) -> Option<Place> {
        let empty = beginning(&branch.body, 0);
        let only = |body: ListNode, else_body| BranchNode { body, else_body, ..branch.clone() };
        let in_body = self.within(template, &branch.body, &|body| wrap(only(body, None)));
        let in_else = || {
            let other = branch.else_body.as_ref()?;
            self.within(template, other, &|list| wrap(only(empty.clone(), Some(list))))
        };
        if self.fails(template, wrap(only(empty.clone(), None))) {
            return Some(Place::Line(branch.pos));
        }
        in_body.or_else(in_else).or(Some(Place::Line(branch.pos)))
    }
}

fn beginning(list: &ListNode, count: usize) -> ListNode {
    ListNode { pos: list.pos, nodes: list.nodes[..count].to_vec() }
}

fn with(before: &ListNode, last: Node) -> ListNode {
    let mut list = before.clone();
    list.nodes.push(last);
    list
}
