//! From text to the tree.

use std::collections::HashSet;

use roxmltree::{Document, NodeType, ParsingOptions};

use super::Namespace;
use super::scan::{NODES_MAX, scan};
use super::tree::{Element, Node};

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// There is more of something than a limit allows.
    #[error("more than {1} {0}")]
    TooLarge(&'static str, usize),
    /// It has a document type declaration, which can define entities and default values.
    #[error("it has a DTD")]
    Doctype,
    /// It has a processing instruction.
    #[error("it has a processing instruction")]
    ProcessingInstruction,
    /// It declares another encoding than UTF-8, or is not UTF-8.
    #[error("it is not UTF-8")]
    Encoding,
    /// Two elements have the same id, so that a reference could mean either.
    #[error("the id {0:?} is there twice")]
    DuplicateId(String),
    /// It is no XML.
    #[error("not well-formed XML: {0}")]
    NotWellFormed(String),
}

/// Reads a document.
pub(crate) fn parse(text: &str) -> Result<Element, XmlError> {
    scan(text)?;
    let nodes_limit = u32::try_from(NODES_MAX).expect("a small number");
    let options = ParsingOptions { allow_dtd: false, nodes_limit, ..ParsingOptions::default() };
    let not_well_formed = |error: roxmltree::Error| XmlError::NotWellFormed(error.to_string());
    let document = Document::parse_with_options(text, options).map_err(not_well_formed)?;
    let mut ids = HashSet::new();
    element(document.root_element(), &mut ids)
}

/// The depth of the recursion is bounded by the scan.
fn element<'a>(node: roxmltree::Node<'a, '_>, ids: &mut HashSet<&'a str>) -> Result<Element, XmlError> {
    let mut attributes = Vec::new();
    for attribute in node.attributes() {
        // `ID` of SAML, `Id` of signatures, `id`, `xml:id`: what others might take for an id.
        if attribute.name().eq_ignore_ascii_case("id") && !ids.insert(attribute.value()) {
            return Err(XmlError::DuplicateId(attribute.value().to_owned()));
        }
        if attribute.namespace().is_none() {
            attributes.push((attribute.name().into(), attribute.value().into()));
        }
    }
    let mut children = Vec::new();
    for child in node.children() {
        match child.node_type() {
            NodeType::Element => children.push(Node::Element(element(child, ids)?)),
            NodeType::Text => children.push(Node::Text(child.text().unwrap_or_default().into())),
            NodeType::Comment => {}
            NodeType::PI | NodeType::Root => return Err(XmlError::ProcessingInstruction),
        }
    }
    let name = node.tag_name();
    let namespace = Namespace::of(name.namespace());
    Ok(Element { namespace, name: name.name().into(), attributes, children, at: node.range() })
}

#[cfg(test)]
mod tests {
    use super::super::scan::{
        ALL_ATTRIBUTES_MAX, ATTRIBUTES_MAX, BYTES_MAX, DEPTH_MAX, ELEMENTS_MAX, NAMESPACES_MAX, PIECES_MAX,
    };
    use super::*;

    #[test]
    fn what_is_odd_is_refused_before_it_is_looked_at() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        let attributes = |count: usize, name: &str| {
            let all: String = (0..count).map(|n| format!(" {name}{n}=\"u{n}\"")).collect();
            format!("<a{all}/>")
        };
        let all_attributes = |count: usize| {
            let full: String = (0..50).map(|n| format!(" a{n}='u'")).collect();
            let rest: String = (0..count % 50).map(|n| format!(" a{n}='u'")).collect();
            format!("<a{rest}>{}</a>", format!("<a{full}/>").repeat(count / 50))
        };
        let pieces = |piece: &str, count: usize| format!("<a>{}</a>", piece.repeat(count));
        let children = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count));
        let long = |bytes: usize| format!("<a>{}</a>", "x".repeat(bytes - 7));
        let not_well_formed = |text: &str| Err(XmlError::NotWellFormed(text.into()));
        let cases = [
            ("a declaration", "<?xml version='1.0' encoding='utf-8'?><a/>".into(), Ok(())),
            ("another encoding", "<?xml version=\"1.0\" encoding=\"latin1\"?><a/>".into(), Err(XmlError::Encoding)),
            ("a DTD", "<!DOCTYPE a><a/>".into(), Err(XmlError::Doctype)),
            ("a DTD later", "<a/><!DOCTYPE a>".into(), Err(XmlError::Doctype)),
            ("an instruction", "<a><?php ?></a>".into(), Err(XmlError::ProcessingInstruction)),
            ("a style sheet", "<?xml-stylesheet ?><a/>".into(), Err(XmlError::ProcessingInstruction)),
            ("an id twice", "<a ID='x'><b Id='x'/></a>".into(), Err(XmlError::DuplicateId("x".into()))),
            ("xml:id too", "<a ID='x'><b xml:id='x'/></a>".into(), Err(XmlError::DuplicateId("x".into()))),
            ("different ids", "<a ID='x'><b ID='y'/></a>".into(), Ok(())),
            ("as deep as may be", nested(DEPTH_MAX), Ok(())),
            ("deeper", nested(DEPTH_MAX + 1), Err(XmlError::TooLarge("levels", DEPTH_MAX))),
            ("as many attributes as may be", attributes(ATTRIBUTES_MAX, "a"), Ok(())),
            (
                "more attributes",
                attributes(ATTRIBUTES_MAX + 1, "a"),
                Err(XmlError::TooLarge("attributes of an element", ATTRIBUTES_MAX)),
            ),
            (
                "more namespaces",
                format!("<r xmlns='u'>{}</r>", attributes(NAMESPACES_MAX, "xmlns:p")),
                Err(XmlError::TooLarge("namespaces", NAMESPACES_MAX)),
            ),
            ("as many elements as may be", children(ELEMENTS_MAX - 1), Ok(())),
            ("more elements", children(ELEMENTS_MAX), Err(XmlError::TooLarge("elements", ELEMENTS_MAX))),
            ("as many comments as may be", pieces("<!-- -->", PIECES_MAX), Ok(())),
            (
                "more comments",
                pieces("<!-- -->", PIECES_MAX + 1),
                Err(XmlError::TooLarge("comments and sections of text", PIECES_MAX)),
            ),
            (
                "more sections",
                pieces("<![CDATA[]]>", PIECES_MAX + 1),
                Err(XmlError::TooLarge("comments and sections of text", PIECES_MAX)),
            ),
            ("as many attributes in all", all_attributes(ALL_ATTRIBUTES_MAX), Ok(())),
            (
                "more attributes in all",
                all_attributes(ALL_ATTRIBUTES_MAX + 1),
                Err(XmlError::TooLarge("attributes", ALL_ATTRIBUTES_MAX)),
            ),
            ("as long as may be", long(BYTES_MAX), Ok(())),
            ("longer", long(BYTES_MAX + 1), Err(XmlError::TooLarge("bytes", BYTES_MAX))),
            ("half a tag", "<a".into(), not_well_formed("a tag has no end")),
            ("a tag in a tag", "<a <b/>".into(), not_well_formed("a tag has no end")),
        ];
        for (told, text, expected) in cases {
            assert_eq!(parse(&text).map(|_| ()), expected, "{told}");
        }
        for broken in
            ["", "a", "<a>", "<a></b>", "<a b='1' b='2'/>", "<p:a/>", "<a>&x;</a>", "<a/><b/>", "<a>\u{1}</a>"]
        {
            assert!(matches!(parse(broken), Err(XmlError::NotWellFormed(_))), "{broken}");
        }
    }

    #[test]
    fn a_quoted_bracket_ends_no_tag() {
        let hidden = format!("<a b='>'{}/>", (0..ATTRIBUTES_MAX).map(|n| format!(" c{n}='>'")).collect::<String>());
        assert_eq!(parse(&hidden), Err(XmlError::TooLarge("attributes of an element", ATTRIBUTES_MAX)));
    }

    #[test]
    fn text_goes_on_behind_a_comment() {
        let element = parse("<a>admin@x<!-- -->.evil<![CDATA[.org]]></a>").unwrap();
        assert_eq!(element.word().as_deref(), Some("admin@x.evil.org"));
    }
}
