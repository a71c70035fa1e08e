//! A look at the markup before anybody parses it: how much there is, how deep it goes, and what may not be there.

use super::XmlError;

/// How long a document may be, in bytes. It is that of the largest form.
pub(super) const BYTES_MAX: usize = 1024 * 1024;
/// How many elements may lie within each other. A response of Keycloak comes to 9, metadata to 12.
pub(super) const DEPTH_MAX: usize = 40;
/// How many elements there may be. A response with 10 000 groups has 10 100.
pub(super) const ELEMENTS_MAX: usize = 10_500;
/// How many attributes an element may have.
pub(super) const ATTRIBUTES_MAX: usize = 64;
/// How many attributes there may be in all, namespace declarations included. Where the value of a group has three it has 170
/// bytes, so that there is room for 18 000.
pub(super) const ALL_ATTRIBUTES_MAX: usize = 24_000;
/// How many elements, texts and comments there may be in all. Markup that is indented has a text around each element.
pub(super) const NODES_MAX: usize = 4 * ELEMENTS_MAX;
/// How many comments and sections of character data there may be in all. Each is a node for the canonicalisation, however empty.
pub(super) const PIECES_MAX: usize = 8_000;
/// How many namespace declarations may hold at one place.
pub(super) const NAMESPACES_MAX: usize = 64;

/// Refuses what is too much, and DTDs and processing instructions altogether.
pub(super) fn scan(text: &str) -> Result<(), XmlError> {
    if text.len() > BYTES_MAX {
        return Err(XmlError::TooLarge("bytes", BYTES_MAX));
    }
    let mut rest = without_declaration(text)?;
    let (mut elements, mut attributes, mut pieces) = (0, 0, 0);
    // For each open element, how many namespaces are declared down to it.
    let mut open: Vec<usize> = Vec::new();
    while let Some(at) = rest.find('<') {
        let markup = &rest[at + 1..];
        if markup.starts_with("!--") || markup.starts_with("![CDATA[") {
            pieces += 1;
            within("comments and sections of text", pieces, PIECES_MAX)?;
        }
        rest = if let Some(comment) = markup.strip_prefix("!--") {
            behind(comment, "-->")?
        } else if let Some(data) = markup.strip_prefix("![CDATA[") {
            behind(data, "]]>")?
        } else if markup.starts_with('!') {
            return Err(XmlError::Doctype);
        } else if markup.starts_with('?') {
            return Err(XmlError::ProcessingInstruction);
        } else if let Some(end) = markup.strip_prefix('/') {
            open.pop();
            behind(end, ">")?
        } else {
            let tag = Tag::read(markup)?;
            elements += 1;
            attributes += tag.attributes;
            let namespaces = open.last().copied().unwrap_or(0) + tag.namespaces;
            if !tag.empty {
                open.push(namespaces);
            }
            within("elements", elements, ELEMENTS_MAX)?;
            within("levels", open.len(), DEPTH_MAX)?;
            within("attributes of an element", tag.attributes, ATTRIBUTES_MAX)?;
            within("attributes", attributes, ALL_ATTRIBUTES_MAX)?;
            within("namespaces", namespaces, NAMESPACES_MAX)?;
            tag.rest
        };
    }
    Ok(())
}

fn within(what: &'static str, count: usize, max: usize) -> Result<(), XmlError> {
    if count > max { Err(XmlError::TooLarge(what, max)) } else { Ok(()) }
}

fn behind<'a>(text: &'a str, end: &str) -> Result<&'a str, XmlError> {
    let (_, rest) =
        text.split_once(end).ok_or_else(|| XmlError::NotWellFormed(format!("no {end} where it must be")))?;
    Ok(rest)
}

/// What is behind the XML declaration, which may name no encoding but UTF-8.
fn without_declaration(text: &str) -> Result<&str, XmlError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some(declaration) = text.strip_prefix("<?xml").filter(|rest| rest.starts_with([' ', '\t', '\r', '\n'])) else {
        return Ok(text);
    };
    let (declaration, rest) = declaration.split_once("?>").ok_or(XmlError::ProcessingInstruction)?;
    let Some((_, encoding)) = declaration.split_once("encoding") else { return Ok(rest) };
    let encoding = encoding.trim_start().trim_start_matches('=').trim_start();
    let encoding = encoding.split(['"', '\'']).nth(1).unwrap_or_default();
    if encoding.eq_ignore_ascii_case("utf-8") { Ok(rest) } else { Err(XmlError::Encoding) }
}

/// The start tag that a text begins with, and the name in it; `None` if it begins with no whole tag.
pub(super) fn start_tag(text: &str) -> Option<(&str, &str)> {
    let markup = text.strip_prefix('<')?;
    let tag = &text[..text.len() - Tag::read(markup).ok()?.rest.len()];
    let name = markup.split(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).next()?;
    Some((tag, name))
}

/// A start tag.
struct Tag<'a> {
    attributes: usize,
    namespaces: usize,
    empty: bool,
    rest: &'a str,
}

impl<'a> Tag<'a> {
    /// Reads to its end. A `>` within quotes is not the end.
    fn read(text: &'a str) -> Result<Self, XmlError> {
        let (mut attributes, mut namespaces) = (0, 0);
        let mut rest = text;
        loop {
            let unfinished = || XmlError::NotWellFormed("a tag has no end".into());
            let at = rest.find(['>', '"', '\'', '<']).ok_or_else(unfinished)?;
            let (before, found) = rest.split_at(at);
            match found.as_bytes()[0] {
                b'>' => {
                    return Ok(Self { attributes, namespaces, empty: before.ends_with('/'), rest: &found[1..] });
                }
                b'<' => return Err(unfinished()),
                quote => {
                    attributes += 1;
                    let name = before.trim_end().trim_end_matches('=').trim_end();
                    let name = name.rsplit(|c: char| c.is_ascii_whitespace()).next();
                    namespaces += usize::from(name.is_some_and(|name| name.starts_with("xmlns")));
                    rest = found[1..].split_once(char::from(quote)).ok_or_else(unfinished)?.1;
                }
            }
        }
    }
}
