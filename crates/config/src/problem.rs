//! What is wrong with a configuration, where it is written and how to mend it.

use std::fmt;
use std::sync::Arc;

/// A place in the file, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl Position {
    /// The first character of the file.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// A place in a named file. Prints as `file:line:column`.
#[derive(Clone, Debug)]
pub struct Location {
    /// The file as it was named on the command line.
    pub file: Arc<str>,
    /// Where in it.
    pub position: Position,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Position { line, column } = self.position;
        write!(f, "{}:{line}:{column}", self.file)
    }
}

/// Who said it: the file, a flag or a variable.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A place in the file.
    File(Location),
    /// A command line flag, such as `--web-http-addr`.
    Flag(&'static str),
    /// An environment variable.
    Variable(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(location) => location.fmt(f),
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
        }
    }
}

/// One reason why the configuration cannot be used. Holds no values of secret keys.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Who said it.
    pub origin: Origin,
    /// The full path of the key, `connectors[2].config.clientID`; empty for the file as a whole.
    pub key: String,
    /// What is wrong, in Dex's words where Dex has some.
    pub text: String,
    /// How to mend it, may be empty.
    pub hint: String,
    /// The place in Dex's `invalid Config:` block, for the checks that are reported there.
    pub(crate) rank: Option<u8>,
}

impl Problem {
    fn place(&self) -> String {
        place(&self.origin, &self.key)
    }
}

/// `file:line:column: key`, or without the key for the file as a whole.
fn place(origin: &Origin, key: &str) -> String {
    match key.is_empty() {
        true => origin.to_string(),
        false => format!("{origin}: {key}"),
    }
}

impl fmt::Display for Problem {
    /// `file:line:column: key: what is wrong; how to mend it`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.text)?;
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}

/// Something an operator should know although the server can start.
#[derive(Clone, Debug)]
pub struct Warning {
    /// Who said it.
    pub origin: Origin,
    /// The full path of the key; empty for the file as a whole.
    pub key: String,
    /// What to know. For deprecated keys this is Dex's log message, word for word.
    pub text: String,
    /// For a deprecated key: what to write instead, Dex's attribute `use_instead`.
    pub use_instead: Option<&'static str>,
    /// For a deprecated key: what it is set to, Dex's attribute `current_value`.
    pub current_value: Option<String>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", place(&self.origin, &self.key), self.text)?;
        if let Some(instead) = self.use_instead {
            write!(f, "; use {instead} instead")?;
        }
        Ok(())
    }
}

/// Every problem found in one reading of the configuration, at least one.
#[derive(Clone, Debug)]
pub struct ConfigErrors {
    problems: Vec<Problem>,
    /// What was noticed besides.
    pub warnings: Vec<Warning>,
}

impl ConfigErrors {
    /// Sorts what Dex reports in its `invalid Config:` block to the front, in Dex's order; the
    /// rest stays in the order found.
    pub(crate) fn new(mut problems: Vec<Problem>, warnings: Vec<Warning>) -> Self {
        problems.sort_by_key(|problem| problem.rank.unwrap_or(u8::MAX));
        Self { problems, warnings }
    }

    /// The problems, as they print.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigErrors {
    /// Dex's block first, exactly as Dex begins its lines, then one line a problem.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (block, rest): (Vec<_>, Vec<_>) = self.problems.iter().partition(|p| p.rank.is_some());
        let mut lines = Vec::new();
        if !block.is_empty() {
            lines.push("invalid Config:".to_owned());
        }
        for problem in block {
            let hint = match problem.hint.is_empty() {
                true => String::new(),
                false => format!("; {}", problem.hint),
            };
            lines.push(format!("\t-\t{} ({}{hint})", problem.text, problem.place()));
        }
        lines.extend(rest.iter().map(ToString::to_string));
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}

/// Quotes a text as Go's `%q` does.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn texts_are_quoted_as_in_go() {
        let cases = [
            ("", r#""""#),
            ("a b", r#""a b""#),
            (r#"a"b\"#, r#""a\"b\\""#),
            ("a\n\t\u{1}", r#""a\n\t\x01""#),
            ("é\u{85}", r#""é\u0085""#),
        ];
        for (text, expected) in cases {
            assert_eq!(quoted(text), expected);
        }
    }
}
