//! Parameters of a query or a form body (`application/x-www-form-urlencoded`).

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// How many parameters one request may carry.
pub const PARAMETERS_MAX: usize = 200;

/// The parameters of one request, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, String)>);

/// Why a query or body is not one (oidc-core spec, 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadForm {
    /// A semicolon, which was a separator once and is taken for one by some.
    #[error("a semicolon must be written as %3B")]
    Semicolon,
    /// A `%` without two hexadecimal digits.
    #[error("a percent sign must be written as %25")]
    Escape,
    /// Bytes that are not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// More than [`PARAMETERS_MAX`].
    #[error("too many parameters")]
    TooMany,
}

impl Form {
    /// Parses a query string or a form body.
    ///
    /// # Errors
    ///
    /// [`BadForm`] names the first thing that is wrong; the request is then refused as a whole.
    pub fn parse(text: &[u8]) -> Result<Self, BadForm> {
        let mut pairs = Vec::new();
        for part in text.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
            if pairs.len() == PARAMETERS_MAX {
                return Err(BadForm::TooMany);
            }
            if part.contains(&b';') {
                return Err(BadForm::Semicolon);
            }
            let at = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
            let value = part.get(at + 1..).unwrap_or_default();
            pairs.push((decode(&part[..at])?, decode(value)?));
        }
        Ok(Self(pairs))
    }

    /// These parameters, in this order.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let pairs = pairs.into_iter();
        Self(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    /// Adds the parameters of `other` behind these.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The first value of a parameter, or the empty string.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The first of `names` that is given more than once (RFC 6749 §3.1: none may be).
    pub fn repeated<'a>(&self, names: &[&'a str]) -> Option<&'a str> {
        names.iter().copied().find(|name| self.0.iter().filter(|(key, _)| key == name).nth(1).is_some())
    }

    /// Whether there are no parameters.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The parameters without those of this name.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(key, _)| key != name);
        self
    }

    /// Written as a query with the keys sorted, as Dex writes its own links.
    pub fn encode_sorted(&self) -> String {
        let mut sorted: Vec<(&str, &str)> = self.0.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        sorted.sort_by_key(|(key, _)| *key);
        encode_form(sorted)
    }

    /// The parameters in their order.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

/// Writes parameters as a query or form body, in the order given.
pub fn encode_form<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut encoder = url::form_urlencoded::Serializer::new(String::new());
    encoder.extend_pairs(pairs);
    encoder.finish()
}

fn decode(part: &[u8]) -> Result<String, BadForm> {
    let mut bytes = part.iter();
    while let Some(byte) = bytes.next() {
        let hex = |digit: Option<&u8>| digit.is_some_and(u8::is_ascii_hexdigit);
        if *byte == b'%' && !(hex(bytes.next()) && hex(bytes.next())) {
            return Err(BadForm::Escape);
        }
    }
    let spaced: Cow<'_, [u8]> = if part.contains(&b'+') {
        part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect()
    } else {
        part.into()
    };
    let decoded = percent_decode(&spaced).decode_utf8().map_err(|_| BadForm::NotUtf8)?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_and_written() {
        let form = Form::parse(b"b=2&a=x+y%2Bz&empty&a=again&=nameless").unwrap();
        assert_eq!((form.get("a"), form.get("b"), form.get("empty"), form.get("none")), ("x y+z", "2", "", ""));
        assert_eq!(form.repeated(&["b", "a"]), Some("a"));
        assert_eq!(form.clone().without("a").encode_sorted(), "=nameless&b=2&empty=");
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let many = "a&".repeat(PARAMETERS_MAX + 1);
        let cases: [(&[u8], BadForm); 5] = [
            (b"a=1;b=2", BadForm::Semicolon),
            (b"a=%zz", BadForm::Escape),
            (b"a=%2", BadForm::Escape),
            (b"a=%ff%fe", BadForm::NotUtf8),
            (many.as_bytes(), BadForm::TooMany),
        ];
        for (text, expected) in cases {
            assert_eq!(Form::parse(text), Err(expected), "{}", String::from_utf8_lossy(text));
        }
    }
}
