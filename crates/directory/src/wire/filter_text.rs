//! The text of a filter (RFC 4515), as it stands in a configuration.

use super::filter::{Comparison, Filter, Parts};

/// How deep a filter may be nested.
const DEPTH_MAX: usize = 64;

/// Why the text of a filter cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter {text:?} cannot be read: {why} at character {at}")]
pub(crate) struct FilterError {
    text: String,
    why: &'static str,
    at: usize,
}

/// Reads a filter. White space between the parts of a combination is allowed, since people break long filters.
pub(crate) fn parse(text: &str) -> Result<Filter, FilterError> {
    let mut parser = Parser { text, at: 0 };
    let filter = parser.skip_space().and_then(|()| parser.filter(DEPTH_MAX)).and_then(|filter| {
        parser.skip_space()?;
        if parser.at == text.len() { Ok(filter) } else { Err("something follows it") }
    });
    filter.map_err(|why| FilterError { text: text.to_owned(), why, at: parser.at })
}

/// The condition that `left`, the left side of a filter such as `member` or `member:1.2.840.113556.1.4.1941:`, has `value`.
pub(crate) fn condition(left: &str, value: &[u8]) -> Result<Filter, FilterError> {
    let failed = |why| FilterError { text: left.to_owned(), why, at: 0 };
    match left.strip_suffix(':') {
        Some(rest) => extensible(rest, value.to_vec()).map_err(failed),
        None => Ok(Filter::equal(attribute(left).map_err(failed)?, value)),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn next_is(&self, byte: u8) -> bool {
        self.text.as_bytes().get(self.at) == Some(&byte)
    }

    fn skip_space(&mut self) -> Result<(), &'static str> {
        while self.text.as_bytes().get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        Ok(())
    }

    fn take(&mut self, byte: u8, why: &'static str) -> Result<(), &'static str> {
        if !self.next_is(byte) {
            return Err(why);
        }
        self.at += 1;
        Ok(())
    }

    fn filter(&mut self, depth: usize) -> Result<Filter, &'static str> {
        let deeper = depth.checked_sub(1).ok_or("it is nested too deep")?;
        self.take(b'(', "an opening parenthesis is missing")?;
        let filter = match self.text.as_bytes().get(self.at) {
            Some(b'&') => Filter::And(self.filters(deeper)?),
            Some(b'|') => Filter::Or(self.filters(deeper)?),
            Some(b'!') => {
                self.at += 1;
                self.skip_space()?;
                let inner = self.filter(deeper)?;
                self.skip_space()?;
                Filter::Not(Box::new(inner))
            }
            _ => self.item()?,
        };
        self.take(b')', "a closing parenthesis is missing")?;
        Ok(filter)
    }

    fn filters(&mut self, depth: usize) -> Result<Vec<Filter>, &'static str> {
        self.at += 1;
        let mut filters = Vec::new();
        loop {
            self.skip_space()?;
            if !self.next_is(b'(') {
                return Ok(filters);
            }
            filters.push(self.filter(depth)?);
        }
    }

    fn item(&mut self) -> Result<Filter, &'static str> {
        let rest = &self.text[self.at..];
        let length = rest.find(')').ok_or("a closing parenthesis is missing")?;
        let item = &rest[..length];
        let (left, right) = item.split_once('=').ok_or("an equals sign is missing")?;
        let filter = read_item(left, right)?;
        self.at += length;
        Ok(filter)
    }
}

fn read_item(left: &str, right: &str) -> Result<Filter, &'static str> {
    let ends =
        [(':', None), ('>', Some(Comparison::AtLeast)), ('<', Some(Comparison::AtMost)), ('~', Some(Comparison::Like))];
    for (end, comparison) in ends {
        let Some(left) = left.strip_suffix(end) else { continue };
        let value = unescape(right)?;
        return match comparison {
            Some(comparison) => Ok(Filter::Compare(comparison, attribute(left)?, value)),
            None => extensible(left, value),
        };
    }
    let name = attribute(left)?;
    if right == "*" {
        return Ok(Filter::Present(name));
    }
    let mut parts = right.split('*');
    let first = unescape(parts.next().unwrap_or_default())?;
    let Some(last) = parts.next_back() else { return Ok(Filter::equal(name, first)) };
    let part = |bytes: Vec<u8>| (!bytes.is_empty()).then_some(bytes);
    let between: Result<Vec<Vec<u8>>, _> = parts.filter(|text| !text.is_empty()).map(unescape).collect();
    let parts = Parts { first: part(first), between: between?, last: part(unescape(last)?) };
    if parts == Parts::default() { Err("only wildcards") } else { Ok(Filter::Substrings(name, parts)) }
}

/// `attribute:dn:rule`, each part but one optional, without the `:=`.
fn extensible(left: &str, value: Vec<u8>) -> Result<Filter, &'static str> {
    let mut parts = left.split(':');
    let name = parts.next().filter(|name| !name.is_empty()).map(attribute).transpose()?;
    let mut dn = false;
    let mut rule = None;
    for part in parts {
        match part {
            "dn" | "DN" if !dn && rule.is_none() => dn = true,
            part if rule.is_none() => rule = Some(attribute(part)?),
            _ => return Err("several matching rules"),
        }
    }
    if name.is_none() && rule.is_none() {
        return Err("neither an attribute nor a matching rule");
    }
    Ok(Filter::Extensible { attribute: name, rule, dn, value })
}

fn attribute(name: &str) -> Result<String, &'static str> {
    let name = name.trim();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._;".contains(c);
    if name.is_empty() {
        return Err("an attribute is missing");
    }
    if name.chars().all(allowed) { Ok(name.to_owned()) } else { Err("a character no attribute's name holds") }
}

/// A value with `\xx` turned into bytes.
pub(crate) fn unescape(text: &str) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.split_at_checked(2).and_then(|(digits, after)| {
            rest = after;
            u8::from_str_radix(std::str::from_utf8(digits).ok().filter(|digits| !digits.contains('+'))?, 16).ok()
        });
        bytes.push(digits.ok_or("a backslash without two hexadecimal digits")?);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_read_as_they_print() {
        let cases = [
            ("(uid=jane)", "(uid=jane)"),
            ("(objectClass=*)", "(objectClass=*)"),
            ("(&(a=1)(b=2))", "(&(a=1)(b=2))"),
            ("(&\n  (a=1)\n  (|(b=2) (c=3))\n)", "(&(a=1)(|(b=2)(c=3)))"),
            ("(!(a=1))", "(!(a=1))"),
            ("(&)", "(&)"),
            ("(a>=1)", "(a>=1)"),
            ("(a<=1)", "(a<=1)"),
            ("(a~=1)", "(a~=1)"),
            ("(cn=a*b*c)", "(cn=a*b*c)"),
            ("(cn=*b*)", "(cn=*b*)"),
            ("(cn=*b)", "(cn=*b)"),
            (r"(cn=\2a)", r"(cn=\2a)"),
            ("(cn=jörgen)", r"(cn=j\c3\b6rgen)"),
            ("(ou:dn:=Seattle)", "(ou:dn:=Seattle)"),
            ("(member:1.2.840.113556.1.4.1941:=cn=x)", "(member:1.2.840.113556.1.4.1941:=cn=x)"),
            ("(:dn:2.5.13.2:=x)", "(:dn:2.5.13.2:=x)"),
            ("(!(userAccountControl:1.2.840.113556.1.4.803:=2))", "(!(userAccountControl:1.2.840.113556.1.4.803:=2))"),
            ("(description=a=b)", "(description=a=b)"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        let deep = format!("{}(a=1){}", "(!".repeat(DEPTH_MAX), ")".repeat(DEPTH_MAX));
        let cases = [
            "",
            "uid=jane",
            "(uid=jane",
            "(uid=jane))",
            "(uid)",
            "(=x)",
            r"(a=\)",
            r"(a=\4)",
            r"(a=\zz)",
            r"(a=\+1)",
            "(a=(b))",
            "(!)",
            "(a b=c)",
            "(a=**)",
            "(:=x)",
            "(:dn:=x)",
            "(a:dn:x:y:=z)",
            "(&(a=1)",
            "(a=1)(b=2)",
            &deep,
        ];
        for text in cases {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&format!("{}(a=1){}", "(!".repeat(DEPTH_MAX - 1), ")".repeat(DEPTH_MAX - 1))).is_ok());
    }

    #[test]
    fn a_condition_takes_any_value() {
        let cases = [
            ("member", "cn=a*,dc=x", r"(member=cn=a\2a,dc=x)"),
            ("member:1.2.840.113556.1.4.1941:", "cn=(a)", r"(member:1.2.840.113556.1.4.1941:=cn=\28a\29)"),
        ];
        for (left, value, expected) in cases {
            assert_eq!(condition(left, value.as_bytes()).unwrap().to_string(), expected);
        }
        for left in ["", ":", "a)(b", "a=b"] {
            assert!(condition(left, b"x").is_err(), "{left}");
        }
    }
}
