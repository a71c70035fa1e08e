//! Finds the forms of a page, to fill them in as a user would. Cheap, for each login of a load reads a page.

/// A form and the inputs that are sent with it; buttons and boxes left unticked are not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// Where to post it; the page itself when `None`.
    pub(crate) action: Option<String>,
    pub(crate) fields: Vec<(String, String)>,
}

impl Form {
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(known, _)| known == name)?;
        Some(&field.1)
    }

    pub(crate) fn fill(&mut self, name: &str, value: &str) {
        for field in self.fields.iter_mut().filter(|(known, _)| known == name) {
            value.clone_into(&mut field.1);
        }
    }
}

pub(crate) fn forms(page: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut open: Option<Form> = None;
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        let tag = Tag::read(&rest[at + 1..]);
        match tag.name {
            "form" => {
                forms.extend(open.take());
                open = Some(Form {
                    action: tag.attribute("action").filter(|action| !action.is_empty()),
                    fields: Vec::new(),
                });
            }
            "/form" => forms.extend(open.take()),
            "input" => {
                if let (Some(form), Some(name)) = (&mut open, tag.attribute("name"))
                    && tag.is_sent()
                {
                    form.fields.push((name, tag.attribute("value").unwrap_or_default()));
                }
            }
            _ => {}
        }
        rest = tag.rest;
    }
    forms.extend(open);
    forms
}

struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    rest: &'a str,
}

impl<'a> Tag<'a> {
    /// Reads from behind the `<` to behind the `>`. Attributes are read of forms and inputs only.
    fn read(text: &'a str) -> Self {
        let ends = |c: char| c.is_ascii_whitespace() || c == '>';
        let (name, mut rest) = text.split_at(text.find(ends).unwrap_or(text.len()));
        let mut attributes = Vec::new();
        if ["form", "input"].contains(&name) {
            loop {
                rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
                if rest.is_empty() || rest.starts_with('>') {
                    break;
                }
                let (attribute, after) = attribute(rest);
                attributes.push(attribute);
                rest = after;
            }
        }
        Self { name, attributes, rest }
    }

    fn attribute(&self, name: &str) -> Option<String> {
        let (_, value) = self.attributes.iter().find(|(known, _)| *known == name)?;
        Some(unescaped(value))
    }

    fn is_sent(&self) -> bool {
        match self.attribute("type").as_deref() {
            Some("submit" | "button" | "image" | "reset" | "file") => false,
            Some("checkbox" | "radio") => self.attribute("checked").is_some(),
            _ => true,
        }
    }
}

/// One attribute from the start of `text`, which is not empty, and what follows it.
fn attribute(text: &str) -> ((&str, &str), &str) {
    let ends = |c: char| c.is_ascii_whitespace() || c == '=' || c == '>';
    // A stray `=` begins a name, so that every call goes on by a character at least.
    let first = text.chars().next().map_or(0, char::len_utf8);
    let end = text[first..].find(ends).map_or(text.len(), |at| first + at);
    let (name, rest) = text.split_at(end);
    let Some(value) = rest.strip_prefix('=') else {
        return ((name, ""), rest);
    };
    if let Some(quote) = value.chars().next().filter(|c| ['"', '\''].contains(c)) {
        let inner = &value[1..];
        let (value, rest) = inner.split_once(quote).unwrap_or((inner, ""));
        return ((name, value), rest);
    }
    let ends = |c: char| c.is_ascii_whitespace() || c == '>';
    let (value, rest) = value.split_at(value.find(ends).unwrap_or(value.len()));
    ((name, value), rest)
}

/// Replaces the character references that escaping writes in an attribute.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest[1..].split_once(';').and_then(|(name, after)| {
            let character = character(name)?;
            Some((character, after))
        });
        if let Some((character, after)) = reference {
            plain.push(character);
            rest = after;
        } else {
            plain.push('&');
            rest = &rest[1..];
        }
    }
    plain.push_str(rest);
    plain
}

fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(action: Option<&str>, fields: &[(&str, &str)]) -> Form {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Form { action: action.map(str::to_owned), fields: fields.iter().map(owned).collect() }
    }

    #[test]
    fn forms_are_read_as_a_browser_would_send_them() {
        let cases = [
            ("<p>none</p><input name=a value=1>", vec![]),
            (
                r#"<form method="post" action="/l?a=1&amp;b=2"><input required id="login" name="login"/><input type=password name='password'></form>"#,
                vec![form(Some("/l?a=1&b=2"), &[("login", ""), ("password", "")])],
            ),
            (
                r#"<form><input type="hidden" name="req" value="x&#43;&#x22;&y"><input type="submit" name="go" value="1"></form>"#,
                vec![form(None, &[("req", "x+\"&y")])],
            ),
            (
                r#"<form action=""><input type="checkbox" name="a"><input type="checkbox" name="b" value="1" checked></form>"#,
                vec![form(None, &[("b", "1")])],
            ),
            (
                r#"<form><input name="approval" value="approve"></form><form><input name="approval" value="rejected"></form>"#,
                vec![form(None, &[("approval", "approve")]), form(None, &[("approval", "rejected")])],
            ),
            (r#"<form action="/x>y"#, vec![form(Some("/x>y"), &[])]),
            ("<form =\u{e9} = ==><input name", vec![form(None, &[])]),
            ("<", vec![]),
        ];
        for (page, expected) in cases {
            // An input that is cut off within its name has an empty one.
            let mut got = forms(page);
            got.iter_mut().for_each(|form| form.fields.retain(|(name, _)| !name.is_empty()));
            assert_eq!(got, expected, "{page}");
        }
    }

    #[test]
    fn filling_changes_the_fields_of_that_name_only() {
        let mut login = form(None, &[("login", ""), ("password", ""), ("back", "/")]);
        login.fill("login", "jane");
        login.fill("unknown", "x");
        let filled = [("login", "jane"), ("password", ""), ("back", "/")];
        assert_eq!(login, form(None, &filled));
    }
}
