//! An identity provider for tests: it writes responses and signs them, by another road than the code under test.

use std::sync::LazyLock;
use std::time::Duration;

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512,
};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::NodeSet;
use dex_saml::{Assertion, Certificate, Examined, Expected, Refusal, RequestId, Trust, TrustedKeys, examine};
use jiff::Timestamp;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256};

pub(crate) const ACS: &str = "https://dex.example/callback";
pub(crate) const SP: &str = "https://dex.example/sp";
pub(crate) const IDP: &str = "https://idp.example/metadata";
pub(crate) const REQUEST: &str = "r1a2b3c4";

/// The time of all tests.
pub(crate) fn now() -> Timestamp {
    "2026-08-06T12:00:00Z".parse().unwrap()
}

/// A key with its certificate, which holds from 1975 to 4096.
pub(crate) struct Key {
    pub(crate) pair: KeyPair,
    pub(crate) pem: String,
    pub(crate) certificate: Certificate,
}

impl Key {
    pub(crate) fn new(kind: &'static rcgen::SignatureAlgorithm) -> Self {
        let pair = KeyPair::generate_for(kind).unwrap();
        let made = CertificateParams::new(vec!["idp.example".into()]).unwrap().self_signed(&pair).unwrap();
        let certificate = Certificate::from_der(made.der()).unwrap();
        Self { pem: made.pem(), certificate, pair }
    }
}

pub(crate) static RSA: LazyLock<Key> = LazyLock::new(|| Key::new(&PKCS_RSA_SHA256));
pub(crate) static OTHER: LazyLock<Key> = LazyLock::new(|| Key::new(&PKCS_RSA_SHA256));
pub(crate) static P256: LazyLock<Key> = LazyLock::new(|| Key::new(&PKCS_ECDSA_P256_SHA256));
pub(crate) static P384: LazyLock<Key> = LazyLock::new(|| Key::new(&PKCS_ECDSA_P384_SHA384));

/// How a signature is made.
#[derive(Clone, Copy)]
pub(crate) struct Signing {
    pub(crate) key: &'static LazyLock<Key>,
    pub(crate) method: &'static str,
    pub(crate) digest: &'static str,
    pub(crate) info: C14nMode,
    pub(crate) content: C14nMode,
    pub(crate) prefixes: &'static [&'static str],
    pub(crate) key_info: bool,
}

pub(crate) const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
pub(crate) const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

impl Signing {
    pub(crate) fn usual() -> Self {
        Self {
            key: &RSA,
            method: RSA_SHA256,
            digest: SHA256,
            info: C14nMode::Exclusive,
            content: C14nMode::Exclusive,
            prefixes: &[],
            key_info: true,
        }
    }

    fn raw(&self, data: &[u8]) -> Vec<u8> {
        let der = self.key.pair.serialize_der();
        let random = SystemRandom::new();
        let rsa = |padding| {
            let pair = RsaKeyPair::from_pkcs8(&der).unwrap();
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(padding, &random, data, &mut signature).unwrap();
            signature
        };
        match self.method.rsplit('#').next().unwrap() {
            "rsa-sha256" => rsa(&RSA_PKCS1_SHA256),
            "rsa-sha384" => rsa(&RSA_PKCS1_SHA384),
            "rsa-sha512" => rsa(&RSA_PKCS1_SHA512),
            "ecdsa-sha256" => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
                pair.sign(&random, data).unwrap().as_ref().to_vec()
            }
            "ecdsa-sha384" => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &der).unwrap();
                pair.sign(&random, data).unwrap().as_ref().to_vec()
            }
            other => panic!("{other} cannot be made here"),
        }
    }

    fn digest(&self, data: &[u8]) -> String {
        let algorithm = match self.digest.rsplit('#').next().unwrap() {
            "sha1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            "sha256" => &digest::SHA256,
            "sha384" => &digest::SHA384,
            _ => &digest::SHA512,
        };
        BASE64_STANDARD.encode(digest::digest(algorithm, data))
    }
}

fn canonical(text: &str, id: Option<&str>, mode: C14nMode, prefixes: &[&str]) -> String {
    let document = uppsala::parse(text).unwrap();
    let apex = match id {
        Some(id) => {
            let all = document.descendants(document.root());
            let found = all.into_iter().find(|node| document.get_attribute(*node, "ID") == Some(id));
            found.expect("what is to be signed is there")
        }
        None => document.document_element().unwrap(),
    };
    let nodes = NodeSet::tree_without_comments(apex, &document);
    String::from_utf8(canonicalize_doc(&document, mode, Some(&nodes), prefixes).unwrap()).unwrap()
}

/// Where the signature of the element with this ID goes.
pub(crate) fn place(id: &str) -> String {
    format!("[[signature of {id}]]")
}

/// Signs the element with this ID, in the document.
pub(crate) fn sign(text: &str, id: &str, how: &Signing) -> String {
    let parts: Vec<&str> = text.split("[[signature of ").collect();
    let rest = parts[1..].iter().map(|part| part.split_once("]]").unwrap().1);
    let unsigned: String = parts[0].to_owned() + &rest.collect::<String>();
    let digest = how.digest(canonical(&unsigned, Some(id), how.content, how.prefixes).as_bytes());
    let list = match how.prefixes {
        [] => String::new(),
        prefixes => format!(
            "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"{}\"/>",
            prefixes.join(" ")
        ),
    };
    let info = format!(
        "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\n\
         <ds:CanonicalizationMethod Algorithm=\"{}\"/><ds:SignatureMethod Algorithm=\"{}\"/>\n\
         <ds:Reference URI=\"#{id}\"><ds:Transforms>\
         <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\
         <ds:Transform Algorithm=\"{}\">{list}</ds:Transform></ds:Transforms>\
         <ds:DigestMethod Algorithm=\"{}\"/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>",
        how.info.uri(),
        how.method,
        how.content.uri(),
        how.digest,
    );
    // Inclusive canonicalisation takes in the namespaces around, so that it is done in place.
    let within = text.replacen(
        &place(id),
        &format!("<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{info}</ds:Signature>"),
        1,
    );
    let parts: Vec<&str> = within.split("[[signature of ").collect();
    let rest = parts[1..].iter().map(|part| part.split_once("]]").unwrap().1);
    let within: String = parts[0].to_owned() + &rest.collect::<String>();
    let signed = how.raw(info_in(&within, id, how.info).as_bytes());
    let key_info = match how.key_info {
        true => {
            let der = BASE64_STANDARD.encode(how.key.certificate.der());
            format!(
                "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
            )
        }
        false => String::new(),
    };
    let signature = format!(
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{info}<ds:SignatureValue>{}</ds:SignatureValue>\
         {key_info}</ds:Signature>",
        BASE64_STANDARD.encode(signed)
    );
    text.replacen(&place(id), &signature, 1)
}

/// The canonical `SignedInfo` of the signature right below the element with this ID.
fn info_in(text: &str, id: &str, mode: C14nMode) -> String {
    let document = uppsala::parse(text).unwrap();
    let all = document.descendants(document.root());
    let element = all.into_iter().find(|node| document.get_attribute(*node, "ID") == Some(id)).unwrap();
    let named = |parent, name: &str| {
        let children = document.children(parent);
        let found =
            children.into_iter().find(|node| document.element(*node).is_some_and(|e| e.name.local_name == name));
        found.unwrap()
    };
    let info = named(named(element, "Signature"), "SignedInfo");
    let nodes = NodeSet::tree_with_comments(info, &document);
    String::from_utf8(canonicalize_doc::<&str>(&document, mode, Some(&nodes), &[]).unwrap()).unwrap()
}

/// How namespaces are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Style {
    /// `saml:` and `samlp:`, declared where they are used.
    Usual,
    /// Declared on the root only, with others that nobody uses.
    OnTheRoot,
    /// As default namespaces.
    Default,
    /// `saml2:` with typed values, as OpenSAML writes it.
    Typed,
}

/// A response to be signed.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) style: Style,
    pub(crate) sign_response: bool,
    pub(crate) sign_assertion: bool,
    pub(crate) signing: Signing,
    pub(crate) user: String,
    pub(crate) response_id: String,
    pub(crate) assertion_id: String,
    /// Texts that are replaced before signing.
    pub(crate) edits: Vec<(String, String)>,
}

impl Plan {
    pub(crate) fn new(sign_response: bool, sign_assertion: bool) -> Self {
        Self {
            style: Style::Usual,
            sign_response,
            sign_assertion,
            signing: Signing::usual(),
            user: "jane".into(),
            response_id: "_response".into(),
            assertion_id: "_assertion".into(),
            edits: Vec::new(),
        }
    }

    pub(crate) fn edit(mut self, from: &str, to: &str) -> Self {
        self.edits.push((from.into(), to.into()));
        self
    }

    /// The response with the places of its signatures.
    pub(crate) fn unsigned(&self) -> String {
        let (user, response, assertion) = (&self.user, &self.response_id, &self.assertion_id);
        let text = format!(
            r#"<samlp:Response ROOT ID="{response}" Version="2.0" IssueInstant="2026-08-06T11:59:59Z" Destination="{ACS}" InResponseTo="{REQUEST}"><saml:Issuer OWN>{IDP}</saml:Issuer>{}<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
<saml:Assertion OWN ID="{assertion}" Version="2.0" IssueInstant="2026-08-06T11:59:59Z"><saml:Issuer>{IDP}</saml:Issuer>{}
<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">{user}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="2026-08-06T12:05:00Z" Recipient="{ACS}" InResponseTo="{REQUEST}"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="2026-08-06T11:59:29Z" NotOnOrAfter="2026-08-06T12:05:00Z"><saml:AudienceRestriction><saml:Audience>{SP}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="2026-08-06T11:59:58Z" SessionNotOnOrAfter="2026-08-06T20:00:00Z" SessionIndex="_s1"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement><saml:Attribute Name="mail"><saml:AttributeValue TYPE>{user}@example.com</saml:AttributeValue></saml:Attribute><saml:Attribute Name="groups"><saml:AttributeValue TYPE>staff</saml:AttributeValue><saml:AttributeValue TYPE>a&amp;b &lt; c</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"#,
            if self.sign_response { place(response) } else { String::new() },
            if self.sign_assertion { place(assertion) } else { String::new() },
        );
        let protocol = "urn:oasis:names:tc:SAML:2.0:protocol";
        let own = "urn:oasis:names:tc:SAML:2.0:assertion";
        let text = match self.style {
            Style::Usual => text
                .replace("ROOT", &format!("xmlns:samlp=\"{protocol}\""))
                .replace("OWN", &format!("xmlns:saml=\"{own}\"")),
            Style::OnTheRoot => text
                .replace(
                    "ROOT",
                    &format!("xmlns:x=\"urn:unused\" xmlns:saml=\"{own}\" xmlns:samlp=\"{protocol}\" xml:lang=\"en\""),
                )
                .replace(" OWN", ""),
            Style::Default => text
                .replace("ROOT", &format!("xmlns=\"{protocol}\""))
                .replace("OWN", &format!("xmlns=\"{own}\""))
                .replace("saml:", "")
                .replace("samlp:", ""),
            Style::Typed => text
                .replace("ROOT", &format!("xmlns:saml2p=\"{protocol}\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\""))
                .replace("OWN", &format!("xmlns:saml2=\"{own}\""))
                .replace("TYPE", "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\"")
                .replace("saml:", "saml2:")
                .replace("samlp:", "saml2p:"),
        };
        let text = text.replace(" TYPE", "");
        self.edits.iter().fold(text, |text, (from, to)| {
            assert!(text.contains(&**from), "nothing to edit: {from}");
            text.replace(&**from, to)
        })
    }

    /// The response, signed from the inside out.
    pub(crate) fn build(&self) -> String {
        let mut text = self.unsigned();
        if self.sign_assertion {
            text = sign(&text, &self.assertion_id, &self.signing);
        }
        if self.sign_response {
            text = sign(&text, &self.response_id, &self.signing);
        }
        text
    }
}

pub(crate) fn trust(keys: &[&Key]) -> Trust {
    Trust::Keys(TrustedKeys::new(keys.iter().map(|key| key.certificate.clone()).collect()).unwrap())
}

/// What the service provider of the tests expects.
pub(crate) fn expected<'a>(trust: &'a Trust) -> Expected<'a> {
    Expected {
        trust,
        decryption: &[],
        acs: ACS,
        audience: SP,
        issuer: Some(IDP),
        in_response_to: RequestId::Is(REQUEST),
        skew: Duration::from_secs(30),
    }
}

/// What comes of a response if the usual key is trusted.
pub(crate) fn examined(text: &str) -> Examined {
    let trust = trust(&[&RSA]);
    examine(text, &expected(&trust), now())
}

pub(crate) fn outcome(text: &str) -> Result<Assertion, Refusal> {
    examined(text).outcome
}
