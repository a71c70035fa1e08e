//! What an assertion says.

use jiff::Timestamp;

use crate::xml::{Element, Namespace};

/// An assertion that passed every check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// Its id. It is used once: remember it until [`until`](Self::until).
    pub id: String,
    /// The entity id of who issued it.
    pub issuer: String,
    /// Who it is about.
    pub name_id: NameId,
    /// What it says of them, in order.
    pub attributes: Vec<Attribute>,
    /// The session over there, for logging out.
    pub session_index: Option<String>,
    /// When it is of no use any more, whatever the clocks.
    pub until: Timestamp,
}

/// The name of a subject (SAML core §2.2.2). It is personal, and logging out needs it as it was.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameId {
    /// The name.
    pub value: String,
    /// The URN of its format.
    pub format: Option<String>,
    /// In whose domain it means something.
    pub name_qualifier: Option<String>,
    /// For which service provider it was made.
    pub sp_name_qualifier: Option<String>,
}

/// An attribute (SAML core §2.7.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its `Name`.
    pub name: String,
    /// Its `FriendlyName`.
    pub friendly_name: Option<String>,
    /// Its values, as text.
    pub values: Vec<String>,
}

pub(super) fn attributes(assertion: &Element) -> Vec<Attribute> {
    let statements = assertion.all(Namespace::Assertion, "AttributeStatement");
    let attributes = statements.flat_map(|statement| statement.all(Namespace::Assertion, "Attribute"));
    let read = attributes.map(|attribute| Attribute {
        name: attribute.attribute("Name").unwrap_or_default().to_owned(),
        friendly_name: attribute.attribute("FriendlyName").map(str::to_owned),
        values: attribute.all(Namespace::Assertion, "AttributeValue").map(Element::text).collect(),
    });
    read.collect()
}
