//! Asking for a login (SAML core §3.4.1).

use jiff::Timestamp;

use crate::name_id::NameIdFormat;
use crate::signature::{SigningKey, sign_enveloped};
use crate::xml::escape;

/// A request for a login, as Dex writes it (connectors-protocol spec, 6.3).
#[derive(Debug, Clone, Copy)]
pub struct AuthnRequest<'a> {
    /// Its id, which the response must name. It begins with a letter.
    pub id: &'a str,
    /// When it was made; told to the second.
    pub issue_instant: Timestamp,
    /// Where it is sent.
    pub destination: &'a str,
    /// Our assertion consumer service.
    pub acs: &'a str,
    /// Our entity id; without one the request does not say who asks, as in Dex.
    pub issuer: Option<&'a str>,
    /// The name ids that are wanted.
    pub format: NameIdFormat,
}

impl AuthnRequest<'_> {
    /// The request, byte for byte as Dex writes it.
    pub fn to_xml(&self) -> String {
        let (head, tail) = self.halves();
        head + &tail
    }

    /// The request with a signature of ours behind the issuer.
    pub fn signed(&self, key: &SigningKey) -> String {
        let (head, tail) = self.halves();
        sign_enveloped((&head, &tail), self.id, key)
    }

    /// What stands before a signature and what behind it.
    fn halves(&self) -> (String, String) {
        let issuer = self.issuer.map(|issuer| {
            format!("\n  <Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">{}</Issuer>", escape(issuer))
        });
        let head = format!(
            "<AuthnRequest xmlns=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"{}\" Version=\"2.0\" \
             IssueInstant=\"{}\" Destination=\"{}\" \
             ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
             AssertionConsumerServiceURL=\"{}\">{}",
            escape(self.id),
            instant(self.issue_instant),
            escape(self.destination),
            escape(self.acs),
            issuer.unwrap_or_default(),
        );
        let tail = format!(
            "\n  <NameIDPolicy xmlns=\"urn:oasis:names:tc:SAML:2.0:protocol\" AllowCreate=\"true\" \
             Format=\"{}\"></NameIDPolicy>\n</AuthnRequest>",
            self.format.urn()
        );
        (head, tail)
    }
}

/// A time as messages have it: UTC, whole seconds.
pub(crate) fn instant(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_as_dex_writes_it() {
        let request = AuthnRequest {
            id: "k3x",
            issue_instant: "2026-08-06T15:14:24.9Z".parse().unwrap(),
            destination: "https://idp.example.com/sso?a=1&b=2",
            acs: "https://dex.example.com/callback",
            issuer: Some("https://dex.example.com/sp"),
            format: NameIdFormat::PERSISTENT,
        };
        let expected = r#"<AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:protocol" ID="k3x" Version="2.0" IssueInstant="2026-08-06T15:14:24Z" Destination="https://idp.example.com/sso?a=1&amp;b=2" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" AssertionConsumerServiceURL="https://dex.example.com/callback">
  <Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">https://dex.example.com/sp</Issuer>
  <NameIDPolicy xmlns="urn:oasis:names:tc:SAML:2.0:protocol" AllowCreate="true" Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"></NameIDPolicy>
</AuthnRequest>"#;
        assert_eq!(request.to_xml(), expected);
        let anonymous = AuthnRequest { issuer: None, ..request }.to_xml();
        assert_eq!(anonymous.lines().count(), 3);
    }
}
