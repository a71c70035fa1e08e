//! `$VAR` in the blocks where Dex expands it.

use crate::env::Env;
use crate::tree::node::{Node, Value};

/// Expands `$NAME` and `${NAME}` as a shell without defaults would, with `$$` for one `$`. The
/// second value tells whether a variable was not set; it then expands to nothing.
pub(crate) fn text(text: &str, env: &dyn Env) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let mut unset = false;
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (name, length) = shell_name(rest);
        match name {
            Some("$") => out.push('$'),
            Some(name) => match env.get(name) {
                Some(value) => out.push_str(&value),
                None => unset = true,
            },
            None if length == 0 => out.push('$'),
            None => {}
        }
        rest = &rest[length..];
    }
    out.push_str(rest);
    (out, unset)
}

/// The name that follows a `$` and how many bytes it takes. No name and some bytes: bad syntax
/// that is swallowed, `${}` whole and `${` when it is never closed.
fn shell_name(text: &str) -> (Option<&str>, usize) {
    if let Some(inner) = text.strip_prefix('{') {
        return match inner.find('}') {
            Some(0) => (None, 2),
            Some(end) => (Some(&inner[..end]), end + 2),
            None => (None, 1),
        };
    }
    if text.starts_with(|c: char| "*#$@!?-".contains(c) || c.is_ascii_digit()) {
        return (Some(&text[..1]), 1);
    }
    let end = text.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    ((end > 0).then(|| &text[..end]), end)
}

/// Expands every text of a block: in blocks within blocks and in lists, but not in lists within
/// lists. `unset` is told the path and place of each text that names a variable that is not set.
pub(crate) fn block(node: &mut Node, path: &str, env: &dyn Env, unset: &mut dyn FnMut(&Node, &str)) {
    match &mut node.value {
        Value::Text(written) => {
            let (expanded, missing) = text(written, env);
            *written = expanded;
            node.written = None;
            if missing {
                unset(node, path);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                block(&mut entry.value, &format!("{path}.{}", entry.key), env, unset);
            }
        }
        Value::List(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                if !matches!(item.value, Value::List(_)) {
                    block(item, &format!("{path}[{at}]"), env, unset);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn variables_expand_as_in_a_shell_without_defaults() {
        let cases = [
            ("$A", "1", false),
            ("${A}", "1", false),
            ("$A_B", "2", false),
            ("$A-B", "1-B", false),
            ("$AB", "", true),
            ("pa$$word", "pa$word", false),
            ("$$$$", "$$", false),
            ("$$A", "$A", false),
            ("$$$A", "$1", false),
            ("${$}", "$", false),
            ("$1x", "x", true),
            ("$*", "", true),
            ("$2a$10$33EM", "a03EM", true),
            ("$", "$", false),
            ("trailing $", "trailing $", false),
            ("a$ b", "a$ b", false),
            ("100%$", "100%$", false),
            ("${}", "", false),
            ("x${}y", "xy", false),
            ("${A", "A", false),
            ("${A:-def}", "", true),
            (r"\$A", r"\1", false),
            ("$é", "$é", false),
            ("é$A$A_B.", "é12.", false),
            ("plain", "plain", false),
            ("", "", false),
        ];
        let env = |name: &str| match name {
            "A" => Some("1".to_owned()),
            "A_B" => Some("2".to_owned()),
            _ => None,
        };
        for (written, expected, unset) in cases {
            assert_eq!(text(written, &env), (expected.to_owned(), unset), "{written}");
        }
    }

    #[test]
    fn what_a_variable_holds_is_not_expanded_again() {
        let env = |name: &str| (name == "A").then(|| "$A \"quoted\" \\".to_owned());
        assert_eq!(text("$A", &env), ("$A \"quoted\" \\".to_owned(), false));
    }
}
