//! Principals, and the names in a directory they stand for (connectors-protocol spec, 5.5).

use std::fmt;

/// A name in a realm (RFC 4120 §6).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Principal {
    pub(super) components: Vec<String>,
    /// Empty where none is said.
    pub(super) realm: String,
}

impl Principal {
    /// Reads `HTTP/host@REALM`, the realm being optional.
    pub(super) fn parse(text: &str) -> Self {
        let (name, realm) = text.split_once('@').unwrap_or((text, ""));
        Self { components: name.split('/').map(str::to_owned).collect(), realm: realm.to_owned() }
    }

    /// Whether a ticket for `service` is one for this, the name of a host being written in any case.
    pub(super) fn is(&self, service: &Self) -> bool {
        let same_realm = self.realm.is_empty() || self.realm == service.realm;
        let pairs = self.components.iter().zip(&service.components);
        same_realm && self.components.len() == service.components.len() && {
            let mut pairs = pairs;
            pairs.all(|(own, other)| own.eq_ignore_ascii_case(other))
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.components.join("/"), self.realm)
    }
}

/// Which name of a principal the directory knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mapping {
    /// The name without the realm, which is what `sAMAccountName` holds, too.
    LocalPart,
    /// The name with the realm.
    UserPrincipalName,
}

impl Mapping {
    /// What is not known means the name without the realm, as in Dex.
    pub(super) fn read(text: &str) -> Self {
        if text.eq_ignore_ascii_case("userPrincipalName") { Self::UserPrincipalName } else { Self::LocalPart }
    }

    /// The name to look for; `None` if the principal has one that could be somebody else's.
    pub(super) fn username(self, client: &Principal) -> Option<String> {
        let name = client.components.join("/");
        let local = match name.split_once('@') {
            // An enterprise name (RFC 6806 §5) carries the realm a second time. Another realm there is another user.
            Some((local, realm)) if realm.eq_ignore_ascii_case(&client.realm) => local.to_owned(),
            Some(_) => return None,
            None => name,
        };
        Some(match self {
            Self::UserPrincipalName if !client.realm.is_empty() => format!("{local}@{}", client.realm),
            Self::UserPrincipalName | Self::LocalPart => local,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_stands_for_one_name() {
        let client = |name: &str, realm: &str| Principal { components: vec![name.into()], realm: realm.into() };
        let cases = [
            (client("JDoe", "EXAMPLE.COM"), Some("JDoe"), Some("JDoe@EXAMPLE.COM")),
            (client("JDoe@EXAMPLE.COM", "EXAMPLE.COM"), Some("JDoe"), Some("JDoe@EXAMPLE.COM")),
            (client("JDoe@example.com", "EXAMPLE.COM"), Some("JDoe"), Some("JDoe@EXAMPLE.COM")),
            (client("admin@OTHER", "EXAMPLE.COM"), None, None),
            (client("jdoe", ""), Some("jdoe"), Some("jdoe")),
            (Principal::parse("jane/admin@X"), Some("jane/admin"), Some("jane/admin@X")),
        ];
        for (client, local, upn) in cases {
            assert_eq!(Mapping::LocalPart.username(&client).as_deref(), local, "{client}");
            assert_eq!(Mapping::UserPrincipalName.username(&client).as_deref(), upn, "{client}");
        }
        for (written, mapping) in [
            ("", Mapping::LocalPart),
            ("sAMAccountName", Mapping::LocalPart),
            ("USERPRINCIPALNAME", Mapping::UserPrincipalName),
            ("else", Mapping::LocalPart),
        ] {
            assert_eq!(Mapping::read(written), mapping);
        }
    }

    #[test]
    fn a_ticket_is_for_the_service_or_not() {
        let service = Principal::parse("HTTP/dex.example.com@EXAMPLE.COM");
        let cases = [
            ("HTTP/dex.example.com", true),
            ("http/DEX.example.com@EXAMPLE.COM", true),
            ("HTTP/dex.example.com@OTHER", false),
            ("HTTP/other.example.com", false),
            ("HTTP", false),
            ("HTTP/dex.example.com/x", false),
        ];
        for (spn, expected) in cases {
            assert_eq!(Principal::parse(spn).is(&service), expected, "{spn}");
        }
    }
}
