//! The tree that is looked at.

use std::ops::Range;

use super::Namespace;

/// An element with what is in it. Comments are gone; text before and behind one is one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) namespace: Namespace,
    pub(crate) name: Box<str>,
    /// Those without a namespace: SAML has no others.
    pub(super) attributes: Vec<(Box<str>, Box<str>)>,
    pub(super) children: Vec<Node>,
    /// Where it stands in the text, in bytes.
    pub(super) at: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Element(Element),
    Text(Box<str>),
}

impl Element {
    pub(crate) fn is(&self, namespace: Namespace, name: &str) -> bool {
        self.namespace == namespace && &*self.name == name
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| &**known == name).map(|(_, value)| &**value)
    }

    /// The elements right below.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Those of one name.
    pub(crate) fn all<'a>(&'a self, namespace: Namespace, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.elements().filter(move |element| element.is(namespace, name))
    }

    /// The first of a name.
    pub(crate) fn first(&self, namespace: Namespace, name: &str) -> Option<&Self> {
        self.elements().find(|element| element.is(namespace, name))
    }

    /// The only one of a name; `None` if there is none or more than one.
    pub(crate) fn only<'a>(&'a self, namespace: Namespace, name: &'a str) -> Option<&'a Self> {
        let mut found = self.all(namespace, name);
        let only = found.next()?;
        found.next().is_none().then_some(only)
    }

    /// The text right below, joined. Text of elements further down does not count.
    pub(crate) fn text(&self) -> String {
        let texts = self.children.iter().filter_map(|node| match node {
            Node::Text(text) => Some(&**text),
            Node::Element(_) => None,
        });
        texts.collect()
    }

    /// The text, without white space around it, of an element that may hold nothing else.
    pub(crate) fn word(&self) -> Option<String> {
        if self.elements().next().is_some() {
            return None;
        }
        Some(self.text().trim().to_owned())
    }

    /// How many elements of one name are at and below this one.
    pub(crate) fn count(&self, namespace: Namespace, name: &str) -> usize {
        let below: usize = self.elements().map(|element| element.count(namespace, name)).sum();
        below + usize::from(self.is(namespace, name))
    }
}
