//! Formats of name ids.

/// A format of name ids (SAML core §8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameIdFormat(&'static str);

/// A text that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid nameIDPolicyFormat: {0:?}")]
pub struct UnknownNameIdFormat(pub String);

const FORMATS: [&str; 9] = [
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:entity",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos",
    PERSISTENT,
    "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
];

const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

impl NameIdFormat {
    /// What is asked for when nothing else is said.
    pub const PERSISTENT: Self = Self(PERSISTENT);

    /// Reads a URN or its last component (connectors-protocol spec, 6.2); upper and lower case count.
    ///
    /// # Errors
    ///
    /// [`UnknownNameIdFormat`] for anything else.
    pub fn parse(text: &str) -> Result<Self, UnknownNameIdFormat> {
        let last = |urn: &'static str| urn.rsplit(':').next();
        let known = FORMATS.into_iter().find(|urn| *urn == text || last(urn) == Some(text));
        known.map(Self).ok_or_else(|| UnknownNameIdFormat(text.to_owned()))
    }

    /// The URN.
    pub fn urn(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_a_urn_or_its_last_part() {
        for urn in FORMATS {
            assert_eq!(NameIdFormat::parse(urn).unwrap().urn(), urn);
            assert_eq!(NameIdFormat::parse(urn.rsplit(':').next().unwrap()).unwrap().urn(), urn);
        }
        for unknown in
            ["", "Persistent", "nameid-format:persistent", "urn:oasis:names:tc:SAML:1.1:nameid-format:kerberos"]
        {
            assert_eq!(NameIdFormat::parse(unknown), Err(UnknownNameIdFormat(unknown.into())));
        }
    }
}
