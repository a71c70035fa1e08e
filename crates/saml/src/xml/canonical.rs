//! Canonical bytes (Canonical XML 1.0 and 1.1, Exclusive XML Canonicalization 1.0).

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::NodeSet;
use uppsala::{Document, NodeId, Parser};

use super::scan::DEPTH_MAX;
use super::{Element, Namespace, XmlError};

/// How many prefixes an `InclusiveNamespaces` may list.
const PREFIXES_MAX: usize = 32;

/// A canonicalisation as a signature names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Canonicalization {
    mode: C14nMode,
    /// What `InclusiveNamespaces` lists.
    prefixes: Vec<String>,
}

impl Canonicalization {
    /// Exclusive, without comments: what we sign with.
    pub(crate) fn exclusive() -> Self {
        Self { mode: C14nMode::Exclusive, prefixes: Vec::new() }
    }

    /// Reads a `CanonicalizationMethod` or `Transform`; `None` if it is none that we know.
    pub(crate) fn read(element: &Element) -> Option<Self> {
        let mode = C14nMode::from_uri(element.attribute("Algorithm")?)?;
        let mut parameters = element.elements();
        let mut prefixes = Vec::new();
        if let Some(parameter) = parameters.next() {
            if !mode.is_exclusive() || !parameter.is(Namespace::ExclusiveC14n, "InclusiveNamespaces") {
                return None;
            }
            let list = parameter.attribute("PrefixList")?;
            prefixes = list.split_ascii_whitespace().map(str::to_owned).collect();
        }
        let odd = parameters.next().is_some() || prefixes.len() > PREFIXES_MAX;
        (!odd).then_some(Self { mode, prefixes })
    }

    pub(crate) fn uri(&self) -> &'static str {
        self.mode.uri()
    }
}

/// A document, ready to be canonicalised in parts.
pub(crate) struct Canonicalizer<'a> {
    document: Document<'a>,
}

impl<'a> Canonicalizer<'a> {
    /// Reads a text that [`super::parse`] has accepted.
    pub(crate) fn new(text: &'a str) -> Result<Self, XmlError> {
        let depth = u32::try_from(DEPTH_MAX + 1).expect("a small number");
        let parser = Parser::new().with_max_depth(depth).with_forbid_dtd(true);
        let document = parser.parse(text).map_err(|error| XmlError::NotWellFormed(error.to_string()))?;
        Ok(Self { document })
    }

    /// The canonical bytes of the element at `path`, without the subtree at `without`. A path counts elements, from
    /// the root down. `None` if there is no such element or the bytes are no text.
    ///
    /// `comments` says whether comments are part of what is to be canonicalised: they are of `SignedInfo`, and are
    /// not of what `#id` refers to (XML Signature §4.4.3.3).
    pub(crate) fn canonical(
        &self,
        path: &[usize],
        without: Option<&[usize]>,
        comments: bool,
        how: &Canonicalization,
    ) -> Option<String> {
        let apex = self.at(path)?;
        let whole = if comments {
            NodeSet::tree_with_comments(apex, &self.document)
        } else {
            NodeSet::tree_without_comments(apex, &self.document)
        };
        let nodes = match without {
            Some(path) => whole.subtract(&NodeSet::tree_with_comments(self.at(path)?, &self.document)),
            None => whole,
        };
        let bytes = canonicalize_doc(&self.document, how.mode, Some(&nodes), &how.prefixes).ok()?;
        String::from_utf8(bytes).ok()
    }

    fn at(&self, path: &[usize]) -> Option<NodeId> {
        path.iter().try_fold(self.document.document_element()?, |node, index| {
            self.document.children_iter(node).filter(|child| self.document.element(*child).is_some()).nth(*index)
        })
    }
}
