//! Search filters as values (RFC 4511 §4.5.1.7). What a user typed becomes a value in one and never passes through the
//! text of a filter, so nothing can be injected; the text is for the log.

use std::fmt;

use super::ber;

/// A search filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    /// All of them.
    And(Vec<Self>),
    /// Any of them.
    Or(Vec<Self>),
    /// Not that one.
    Not(Box<Self>),
    /// An attribute compared with a value.
    Compare(Comparison, String, Vec<u8>),
    /// The attribute is there.
    Present(String),
    /// The attribute has these parts, in this order.
    Substrings(String, Parts),
    /// By a rule, perhaps named and perhaps on the parts of the DN too.
    Extensible {
        /// The attribute, or any.
        attribute: Option<String>,
        /// The matching rule, or the attribute's own.
        rule: Option<String>,
        /// Whether the attributes of the DN count.
        dn: bool,
        /// What is asserted.
        value: Vec<u8>,
    },
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// `=`
    Equal,
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `~=`
    Like,
}

/// The parts of a substring filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Parts {
    /// What it begins with.
    pub(crate) first: Option<Vec<u8>>,
    /// What comes between.
    pub(crate) between: Vec<Vec<u8>>,
    /// What it ends with.
    pub(crate) last: Option<Vec<u8>>,
}

impl Filter {
    /// `(attribute=value)`, whatever the value holds.
    pub(crate) fn equal(attribute: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self::Compare(Comparison::Equal, attribute.into(), value.into())
    }

    /// Any of `filters`, without the wrapping around a single one.
    pub(crate) fn any(mut filters: Vec<Self>) -> Self {
        if filters.len() == 1 { filters.swap_remove(0) } else { Self::Or(filters) }
    }

    /// This one, and `configured` before it if there is one.
    pub(crate) fn within(self, configured: Option<&Self>) -> Self {
        match configured {
            Some(configured) => Self::And(vec![configured.clone(), self]),
            None => self,
        }
    }

    /// Adds the filter to a search request.
    pub(crate) fn write(&self, to: &mut Vec<u8>) {
        match self {
            Self::And(filters) => ber::built(to, 0xa0, |to| filters.iter().for_each(|filter| filter.write(to))),
            Self::Or(filters) => ber::built(to, 0xa1, |to| filters.iter().for_each(|filter| filter.write(to))),
            Self::Not(filter) => ber::built(to, 0xa2, |to| filter.write(to)),
            Self::Compare(comparison, attribute, value) => {
                let tag = match comparison {
                    Comparison::Equal => 0xa3,
                    Comparison::AtLeast => 0xa5,
                    Comparison::AtMost => 0xa6,
                    Comparison::Like => 0xa8,
                };
                ber::built(to, tag, |to| {
                    ber::put(to, ber::OCTETS, attribute.as_bytes());
                    ber::put(to, ber::OCTETS, value);
                });
            }
            Self::Present(attribute) => ber::put(to, 0x87, attribute.as_bytes()),
            Self::Substrings(attribute, parts) => ber::built(to, 0xa4, |to| {
                ber::put(to, ber::OCTETS, attribute.as_bytes());
                ber::built(to, ber::SEQUENCE, |to| parts.write(to));
            }),
            Self::Extensible { attribute, rule, dn, value } => ber::built(to, 0xa9, |to| {
                for (tag, part) in [(0x81, rule), (0x82, attribute)] {
                    if let Some(part) = part {
                        ber::put(to, tag, part.as_bytes());
                    }
                }
                ber::put(to, 0x83, value);
                if *dn {
                    ber::put(to, 0x84, &[0xff]);
                }
            }),
        }
    }
}

impl Parts {
    fn write(&self, to: &mut Vec<u8>) {
        if let Some(first) = &self.first {
            ber::put(to, 0x80, first);
        }
        for between in &self.between {
            ber::put(to, 0x81, between);
        }
        if let Some(last) = &self.last {
            ber::put(to, 0x82, last);
        }
    }
}

/// A value in the text of a filter (RFC 4515 §3), with all that is not printed in ASCII escaped too, so that a log line
/// stays one.
pub(crate) struct Escaped<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            match byte {
                b'(' | b')' | b'*' | b'\\' | ..0x20 | 0x7f.. => write!(f, "\\{byte:02x}")?,
                _ => write!(f, "{}", char::from(*byte))?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = |f: &mut fmt::Formatter<'_>, sign: char, filters: &[Self]| {
            write!(f, "({sign}")?;
            filters.iter().try_for_each(|filter| filter.fmt(f))?;
            f.write_str(")")
        };
        match self {
            Self::And(filters) => many(f, '&', filters),
            Self::Or(filters) => many(f, '|', filters),
            Self::Not(filter) => write!(f, "(!{filter})"),
            Self::Compare(comparison, attribute, value) => {
                let sign = match comparison {
                    Comparison::Equal => "=",
                    Comparison::AtLeast => ">=",
                    Comparison::AtMost => "<=",
                    Comparison::Like => "~=",
                };
                write!(f, "({attribute}{sign}{})", Escaped(value))
            }
            Self::Present(attribute) => write!(f, "({attribute}=*)"),
            Self::Substrings(attribute, parts) => {
                write!(f, "({attribute}={}*", Escaped(parts.first.as_deref().unwrap_or_default()))?;
                parts.between.iter().try_for_each(|between| write!(f, "{}*", Escaped(between)))?;
                write!(f, "{})", Escaped(parts.last.as_deref().unwrap_or_default()))
            }
            Self::Extensible { attribute, rule, dn, value } => {
                write!(f, "({}", attribute.as_deref().unwrap_or_default())?;
                f.write_str(if *dn { ":dn" } else { "" })?;
                rule.iter().try_for_each(|rule| write!(f, ":{rule}"))?;
                write!(f, ":={})", Escaped(value))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_user_types_changes_the_filter() {
        let cases: [(&[u8], &str); 9] = [
            (b"jane", "(uid=jane)"),
            (b"*", r"(uid=\2a)"),
            (b"a*)(uid=admin", r"(uid=a\2a\29\28uid=admin)"),
            (br"back\slash", r"(uid=back\5cslash)"),
            (b"nul\0", r"(uid=nul\00)"),
            ("jörgen".as_bytes(), r"(uid=j\c3\b6rgen)"),
            (b"line\nline\x7f", r"(uid=line\0aline\7f)"),
            (b"&|!=~<>:", "(uid=&|!=~<>:)"),
            (b"", "(uid=)"),
        ];
        for (typed, expected) in cases {
            let filter = Filter::equal("uid", typed);
            assert_eq!(filter.to_string(), expected);
            assert_eq!(super::super::parse_filter(expected).unwrap(), filter, "{expected} reads back");
        }
    }
}
