//! The namespaces that mean something here.

/// The namespace of an element. All that mean nothing here are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespace {
    /// `samlp`.
    Protocol,
    /// `saml`.
    Assertion,
    /// `md`.
    Metadata,
    /// `ds`.
    Signature,
    /// `xenc`.
    Encryption,
    /// `xenc11`.
    Encryption11,
    /// `ec`.
    ExclusiveC14n,
    /// None at all.
    None,
    /// Any other.
    Other,
}

const KNOWN: [(Namespace, &str); 7] = [
    (Namespace::Protocol, "urn:oasis:names:tc:SAML:2.0:protocol"),
    (Namespace::Assertion, "urn:oasis:names:tc:SAML:2.0:assertion"),
    (Namespace::Metadata, "urn:oasis:names:tc:SAML:2.0:metadata"),
    (Namespace::Signature, "http://www.w3.org/2000/09/xmldsig#"),
    (Namespace::Encryption, "http://www.w3.org/2001/04/xmlenc#"),
    (Namespace::Encryption11, "http://www.w3.org/2009/xmlenc11#"),
    (Namespace::ExclusiveC14n, "http://www.w3.org/2001/10/xml-exc-c14n#"),
];

impl Namespace {
    pub(super) fn of(uri: Option<&str>) -> Self {
        let Some(uri) = uri else { return Self::None };
        KNOWN.iter().find(|(_, known)| *known == uri).map_or(Self::Other, |(namespace, _)| *namespace)
    }
}
