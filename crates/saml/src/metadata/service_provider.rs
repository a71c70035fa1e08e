//! Writing our metadata.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::Endpoint;
use crate::name_id::NameIdFormat;
use crate::signature::Certificate;
use crate::xml::escape;

/// What we say of ourselves.
#[derive(Debug, Clone)]
pub struct ServiceProvider<'a> {
    /// Our entity id.
    pub entity_id: &'a str,
    /// Our assertion consumer service, by HTTP-POST.
    pub acs: &'a str,
    /// Where we are told of logouts, by either binding, and answered.
    pub logout: Option<&'a str>,
    /// The certificate of what we sign with, if we sign requests.
    pub signing: Option<&'a Certificate>,
    /// The certificates that assertions may be encrypted for, the preferred one first.
    pub encryption: Vec<&'a Certificate>,
    /// The name ids we ask for.
    pub format: NameIdFormat,
}

/// The metadata document (SAML metadata §2.4.4).
pub fn service_provider_metadata(provider: &ServiceProvider<'_>) -> String {
    let key = |usage: &str, certificate: &Certificate, methods: &str| {
        format!(
            "    <md:KeyDescriptor use=\"{usage}\">\n      <ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}\
             </ds:X509Certificate></ds:X509Data></ds:KeyInfo>\n{methods}    </md:KeyDescriptor>\n",
            BASE64_STANDARD.encode(certificate.der())
        )
    };
    let logout = |binding: &str, location: &str| {
        let location = escape(location);
        format!("    <md:SingleLogoutService Binding=\"{binding}\" Location=\"{location}\"/>\n")
    };
    let both = |location| [Endpoint::REDIRECT, Endpoint::POST].map(|binding| logout(binding, location)).concat();
    let signing = provider.signing.map(|certificate| key("signing", certificate, "")).unwrap_or_default();
    let encryption = provider.encryption.iter().map(|certificate| key("encryption", certificate, ENCRYPTION_METHODS));
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{entity_id}\">\n  \
         <md:SPSSODescriptor AuthnRequestsSigned=\"{signed}\" WantAssertionsSigned=\"true\" \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\n{keys}{logout}    \
         <md:NameIDFormat>{format}</md:NameIDFormat>\n    \
         <md:AssertionConsumerService Binding=\"{post}\" Location=\"{acs}\" index=\"0\" isDefault=\"true\"/>\n  \
         </md:SPSSODescriptor>\n</md:EntityDescriptor>\n",
        entity_id = escape(provider.entity_id),
        signed = provider.signing.is_some(),
        keys = signing + &encryption.collect::<String>(),
        logout = provider.logout.map(both).unwrap_or_default(),
        format = provider.format.urn(),
        post = Endpoint::POST,
        acs = escape(provider.acs),
    )
}

/// The algorithms we would have the assertion encrypted with.
const ENCRYPTION_METHODS: &str = "      \
    <md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>\n      \
    <md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes128-gcm\"/>\n      \
    <md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Namespace, parse};

    #[test]
    fn our_metadata_says_where_to_post_and_that_nothing_is_signed() {
        let provider = ServiceProvider {
            entity_id: "https://id.example/sp?a&b",
            acs: "https://id.example/callback",
            logout: Some("https://id.example/logout/callback/corp"),
            signing: None,
            encryption: Vec::new(),
            format: NameIdFormat::PERSISTENT,
        };
        let root = parse(&service_provider_metadata(&provider)).unwrap();
        assert_eq!(root.attribute("entityID"), Some("https://id.example/sp?a&b"));
        let role = root.only(Namespace::Metadata, "SPSSODescriptor").unwrap();
        assert_eq!(role.attribute("AuthnRequestsSigned"), Some("false"));
        let acs = role.only(Namespace::Metadata, "AssertionConsumerService").unwrap();
        assert_eq!(acs.attribute("Location"), Some("https://id.example/callback"));
        let logouts = role.all(Namespace::Metadata, "SingleLogoutService").map(|at| at.attribute("Location"));
        assert_eq!(logouts.collect::<Vec<_>>(), [Some("https://id.example/logout/callback/corp"); 2]);
    }
}
