//! Reading an identity provider's metadata.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;

use crate::response::read_time;
use crate::signature::{Certificate, SignatureError, Source, TRUSTED_KEYS_MAX, TrustedKeys, verify};
use crate::xml::{Element, Namespace, XmlError};

const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// How many endpoints of a kind are kept.
const ENDPOINTS_MAX: usize = 16;

/// What an identity provider says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityProvider {
    /// Its entity id, the issuer of its assertions.
    pub entity_id: String,
    /// Where people log in.
    pub single_sign_on: Vec<Endpoint>,
    /// Where they log out.
    pub single_logout: Vec<Endpoint>,
    /// The keys it signs with, whatever the dates of their certificates.
    pub certificates: Vec<Certificate>,
    /// It wants requests to be signed.
    pub wants_signed_requests: bool,
    /// After when this is not to be believed.
    pub valid_until: Option<Timestamp>,
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The URN of the binding.
    pub binding: String,
    /// The URL.
    pub location: String,
    /// The URL for answers, where it is another.
    pub response_location: Option<String>,
}

impl Endpoint {
    /// The URN of HTTP-POST.
    pub const POST: &'static str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
    /// The URN of HTTP-Redirect.
    pub const REDIRECT: &'static str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
}

/// Why metadata is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// It is not XML as it is read here.
    #[error("the metadata is refused as XML: {0}")]
    Xml(#[from] XmlError),
    /// Its signature proves nothing.
    #[error("the signature of the metadata is refused: {0}")]
    Signature(#[from] SignatureError),
    /// It does not describe one identity provider, or not the one that is looked for.
    #[error("the metadata does not describe {0}")]
    NotThere(String),
    /// It is too old.
    #[error("the metadata was valid until {0}")]
    Expired(Timestamp),
    /// There is no key in it to verify anything with.
    #[error("the metadata has no signing certificate of use")]
    NoKey,
    /// There are too many keys in it.
    #[error("the metadata has more than {TRUSTED_KEYS_MAX} signing certificates")]
    TooManyKeys,
}

impl IdentityProvider {
    /// Reads metadata: an `EntityDescriptor`, or an `EntitiesDescriptor` from which `entity_id` is taken. With `keys` it
    /// must be signed by one of them.
    ///
    /// # Errors
    ///
    /// [`MetadataError`]; what was known before stays valid as long as it says itself.
    pub fn read(
        text: &str,
        entity_id: Option<&str>,
        keys: Option<&TrustedKeys>,
        now: Timestamp,
    ) -> Result<Self, MetadataError> {
        let source = Source::read(text)?;
        let root = match keys {
            Some(keys) => verify(&source, &[], keys, now)?.element().clone(),
            None => source.root,
        };
        let single = root.is(Namespace::Metadata, "EntityDescriptor");
        let all = root.all(Namespace::Metadata, "EntityDescriptor");
        let candidates = all.chain(single.then_some(&root));
        let wanted = |entity: &&Element| entity_id.is_none_or(|id| entity.attribute("entityID") == Some(id));
        let mut found = candidates.filter(wanted).filter_map(|entity| Some((entity, role(entity)?)));
        let (Some((entity, role)), None) = (found.next(), found.next()) else {
            let looked_for = entity_id.unwrap_or("exactly one identity provider");
            return Err(MetadataError::NotThere(looked_for.to_owned()));
        };
        let ends = [&root, entity, role].into_iter().filter_map(|element| element.attribute("validUntil"));
        let valid_until = ends.map(|end| read_time(end).unwrap_or(Timestamp::MIN)).min();
        if let Some(end) = valid_until.filter(|end| *end <= now) {
            return Err(MetadataError::Expired(end));
        }
        let certificates = certificates(role)?;
        let entity_id = entity.attribute("entityID").filter(|id| !id.is_empty());
        Ok(Self {
            entity_id: entity_id.ok_or_else(|| MetadataError::NotThere("an entityID".into()))?.to_owned(),
            single_sign_on: endpoints(role, "SingleSignOnService"),
            single_logout: endpoints(role, "SingleLogoutService"),
            certificates,
            wants_signed_requests: matches!(role.attribute("WantAuthnRequestsSigned"), Some("true" | "1")),
            valid_until,
        })
    }
}

/// Its part as an identity provider for SAML 2.0.
fn role(entity: &Element) -> Option<&Element> {
    let speaks = |role: &&Element| {
        let protocols = role.attribute("protocolSupportEnumeration").unwrap_or_default();
        protocols.split_ascii_whitespace().any(|protocol| protocol == PROTOCOL)
    };
    entity.all(Namespace::Metadata, "IDPSSODescriptor").find(speaks)
}

fn endpoints(role: &Element, name: &str) -> Vec<Endpoint> {
    let read = role.all(Namespace::Metadata, name).filter_map(|endpoint| {
        Some(Endpoint {
            binding: endpoint.attribute("Binding")?.to_owned(),
            location: endpoint.attribute("Location")?.to_owned(),
            response_location: endpoint.attribute("ResponseLocation").map(str::to_owned),
        })
    });
    read.take(ENDPOINTS_MAX).collect()
}

/// The keys for signing, each once. A key of a type that is not used here does not spoil the others.
fn certificates(role: &Element) -> Result<Vec<Certificate>, MetadataError> {
    let signing = |key: &&Element| matches!(key.attribute("use"), None | Some("signing"));
    let infos = role.all(Namespace::Metadata, "KeyDescriptor").filter(signing);
    let infos = infos.flat_map(|key| key.all(Namespace::Signature, "KeyInfo"));
    let data = infos.flat_map(|info| info.all(Namespace::Signature, "X509Data"));
    let mut certificates = Vec::new();
    for element in data.filter_map(|data| data.first(Namespace::Signature, "X509Certificate")) {
        let text: String = element.text().split_ascii_whitespace().collect();
        let Some(certificate) = BASE64_STANDARD.decode(text).ok().and_then(|der| Certificate::from_der(&der).ok())
        else {
            continue;
        };
        let certificate = certificate.whatever_its_dates();
        if !certificates.contains(&certificate) {
            certificates.push(certificate);
        }
    }
    match certificates.len() {
        0 => Err(MetadataError::NoKey),
        1..=TRUSTED_KEYS_MAX => Ok(certificates),
        _ => Err(MetadataError::TooManyKeys),
    }
}
