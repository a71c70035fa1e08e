//! Verifying an enveloped signature.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;

use super::{DigestAlgorithm, SignatureAlgorithm, TrustedKeys};
use crate::xml::{Canonicalization, Element, Namespace, XmlError, canonicalize, cut, parse};

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// How long a base64 value may be, in characters: a signature of RSA-8192 has 1 368.
const VALUE_CHARACTERS_MAX: usize = 4096;

/// Why a signature proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The signature is not built as SAML has it.
    #[error("the signature is not of the profile of SAML: {0}")]
    Profile(String),
    /// An algorithm that is not believed.
    #[error("{0} is not accepted")]
    Algorithm(String),
    /// None of the keys made it.
    #[error("it was made by none of the trusted keys, or what it signs was changed")]
    NotTrusted,
    /// The key is right, but its certificate does not hold at the time.
    #[error("the certificate {fingerprint} that made it holds until {until}, and it is {now}")]
    CertificateDates {
        /// Which certificate.
        fingerprint: String,
        /// Its last second.
        until: Timestamp,
        /// The time of the check.
        now: Timestamp,
    },
    /// What is signed is not what is there.
    #[error("what it signs was changed: the digests differ")]
    Digest,
    /// What was signed cannot be read.
    #[error("what it signs cannot be read: {0}")]
    Xml(#[from] XmlError),
}

fn profile(what: impl Into<String>) -> SignatureError {
    SignatureError::Profile(what.into())
}

/// An element every byte of which a verified signature covers.
///
/// Only [`verify`] makes one. What is in it was read from the canonical bytes, so that nothing else can have got in.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    element: Element,
    /// Which certificate, and by what algorithm.
    pub(crate) by: String,
}

impl Verified {
    pub(crate) fn element(&self) -> &Element {
        &self.element
    }
}

/// A document, for both parsers.
pub(crate) struct Source<'a> {
    text: &'a str,
    /// What is looked at, and not believed.
    pub(crate) root: Element,
}

impl<'a> Source<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, XmlError> {
        Ok(Self { text, root: parse(text)? })
    }

    /// The element at a path of element indices, from the root down.
    pub(crate) fn at(&self, path: &[usize]) -> Option<&Element> {
        path.iter().try_fold(&self.root, |element, index| element.elements().nth(*index))
    }

    /// The canonical bytes of the element at a path, without the child at `without`. `None` if they cannot be had.
    fn canonical(
        &self,
        path: &[usize],
        without: Option<usize>,
        comments: bool,
        how: &Canonicalization,
    ) -> Option<String> {
        let cut = cut(self.text, &self.root, path, without)?;
        canonicalize(&cut.text, cut.depth, comments, how)
    }
}

/// How many signatures `element` has as children.
pub(crate) fn signatures(element: &Element) -> usize {
    element.all(Namespace::Signature, "Signature").count()
}

/// Verifies the signature of the element at `path`, and hands over what it covers.
pub(crate) fn verify(
    source: &Source<'_>,
    path: &[usize],
    keys: &TrustedKeys,
    now: Timestamp,
) -> Result<Verified, SignatureError> {
    let element = source.at(path).ok_or_else(|| profile("nothing there to be signed"))?;
    let mut children = element.elements().enumerate().filter(|(_, child)| child.is(Namespace::Signature, "Signature"));
    let (index, signature) = children.next().ok_or_else(|| profile("no signature"))?;
    if children.next().is_some() {
        return Err(profile("more than one signature"));
    }
    let place = [path, &[index]].concat();
    let (info, by) = signed_info(source, &place, signature, keys, now)?;
    let reference = Reference::read(&info, keys)?;
    let id = element.attribute("ID").filter(|id| !id.is_empty()).ok_or_else(|| profile("what is signed has no ID"))?;
    if reference.uri.strip_prefix('#') != Some(id) {
        return Err(profile(format!("it refers to {:?} and not to the element it is in, {id:?}", reference.uri)));
    }
    let canonical = source.canonical(path, Some(index), false, &reference.canonicalization);
    let canonical = canonical.ok_or_else(|| profile("what is signed cannot be canonicalised"))?;
    if reference.digest_algorithm.digest(canonical.as_bytes()).as_ref() != reference.digest {
        return Err(SignatureError::Digest);
    }
    let covered = parse(&canonical)?;
    let same = covered.is(element.namespace, &element.name) && covered.attribute("ID") == Some(id);
    if !same {
        return Err(profile("what is signed is not the element it is in"));
    }
    Ok(Verified { element: covered, by })
}

/// Checks the signature over `SignedInfo`, and reads that from the bytes which were signed.
fn signed_info(
    source: &Source<'_>,
    place: &[usize],
    signature: &Element,
    keys: &TrustedKeys,
    now: Timestamp,
) -> Result<(Element, String), SignatureError> {
    let children: Vec<&Element> = signature.elements().collect();
    let named = |index: usize, name: &str| children.get(index).filter(|child| child.is(Namespace::Signature, name));
    let (Some(info), Some(value)) = (named(0, "SignedInfo"), named(1, "SignatureValue")) else {
        return Err(profile("SignedInfo and SignatureValue are not where they must be"));
    };
    if children.len() > 3 || (children.len() == 3 && named(2, "KeyInfo").is_none()) {
        return Err(profile("there is more in it than SignedInfo, SignatureValue and KeyInfo"));
    }
    let method = canonicalization(info.elements().next(), "CanonicalizationMethod")?;
    let bytes = source.canonical(&[place, &[0]].concat(), None, true, &method);
    let bytes = bytes.ok_or_else(|| profile("SignedInfo cannot be canonicalised"))?;
    let info = parse(&bytes)?;
    let part = |index: usize| info.elements().nth(index);
    if !info.is(Namespace::Signature, "SignedInfo") || canonicalization(part(0), "CanonicalizationMethod")? != method {
        return Err(profile("SignedInfo is not what was signed"));
    }
    let algorithm = signature_algorithm(part(1), keys)?;
    let value = base64(value).ok_or_else(|| profile("SignatureValue is not base64"))?;
    let by = made_by(keys, algorithm, (bytes.as_bytes(), &value), now)?;
    Ok((info, by))
}

/// Which of the keys made a signature over data. It must hold at the time.
pub(super) fn made_by(
    keys: &TrustedKeys,
    algorithm: SignatureAlgorithm,
    (data, signature): (&[u8], &[u8]),
    now: Timestamp,
) -> Result<String, SignatureError> {
    let mut makers = keys.certificates().iter().filter(|key| key.verify(algorithm, data, signature)).peekable();
    let first = *makers.peek().ok_or(SignatureError::NotTrusted)?;
    // The same key may come with a renewed certificate.
    match makers.find(|key| key.holds_at(now)) {
        Some(key) => Ok(format!("certificate {} by {}", key.fingerprint(), short(algorithm.uri()))),
        None => Err(SignatureError::CertificateDates {
            fingerprint: first.fingerprint(),
            until: first.not_after().unwrap_or(Timestamp::MAX),
            now,
        }),
    }
}

fn signature_algorithm(method: Option<&Element>, keys: &TrustedKeys) -> Result<SignatureAlgorithm, SignatureError> {
    let method = method.filter(|method| method.is(Namespace::Signature, "SignatureMethod"));
    let method = method.ok_or_else(|| profile("no SignatureMethod"))?;
    let uri = method.attribute("Algorithm").unwrap_or_default();
    if method.elements().next().is_some() {
        return Err(profile("SignatureMethod has parameters"));
    }
    accepted_signature(uri, keys)
}

/// The signature algorithm of a name, if these keys may be used with it.
pub(super) fn accepted_signature(uri: &str, keys: &TrustedKeys) -> Result<SignatureAlgorithm, SignatureError> {
    let algorithm = SignatureAlgorithm::from_uri(uri).filter(|algorithm| keys.sha1() || !algorithm.is_sha1());
    algorithm.ok_or_else(|| SignatureError::Algorithm(format!("the signature algorithm {:?}", short(uri))))
}

fn canonicalization(element: Option<&Element>, name: &str) -> Result<Canonicalization, SignatureError> {
    let element = element.filter(|element| element.is(Namespace::Signature, name));
    let element = element.ok_or_else(|| profile(format!("no {name}")))?;
    let uri = element.attribute("Algorithm").unwrap_or_default();
    Canonicalization::read(element).ok_or_else(|| SignatureError::Algorithm(format!("the {name} {:?}", short(uri))))
}

/// What a signature says of what it signs.
struct Reference {
    uri: String,
    canonicalization: Canonicalization,
    digest_algorithm: DigestAlgorithm,
    digest: Vec<u8>,
}

impl Reference {
    /// Reads the one reference of a verified `SignedInfo`.
    fn read(info: &Element, keys: &TrustedKeys) -> Result<Self, SignatureError> {
        let mut parts = info.elements().skip(2);
        let reference = parts.next().filter(|part| part.is(Namespace::Signature, "Reference"));
        let reference = reference.ok_or_else(|| profile("no reference"))?;
        if parts.next().is_some() {
            return Err(profile("more than one reference"));
        }
        let parts: Vec<&Element> = reference.elements().collect();
        let [transforms, method, value] = parts[..] else {
            return Err(profile("the reference must have transforms, a digest method and a digest"));
        };
        let named = [(transforms, "Transforms"), (method, "DigestMethod"), (value, "DigestValue")];
        if named.iter().any(|(part, name)| !part.is(Namespace::Signature, name)) {
            return Err(profile("the parts of the reference are not where they must be"));
        }
        let steps: Vec<&Element> = transforms.elements().collect();
        let [enveloped, how] = steps[..] else {
            return Err(profile("the transforms must be enveloped-signature and a canonicalisation"));
        };
        let enveloped_only = enveloped.is(Namespace::Signature, "Transform") && enveloped.elements().next().is_none();
        if !enveloped_only || enveloped.attribute("Algorithm") != Some(ENVELOPED) {
            return Err(profile("the first transform must be enveloped-signature"));
        }
        let uri = method.attribute("Algorithm").unwrap_or_default();
        let digest_algorithm = DigestAlgorithm::from_uri(uri);
        let digest_algorithm = digest_algorithm.filter(|known| keys.sha1() || *known != DigestAlgorithm::Sha1);
        Ok(Self {
            uri: reference.attribute("URI").unwrap_or_default().to_owned(),
            canonicalization: canonicalization(Some(how), "Transform")?,
            digest_algorithm: digest_algorithm
                .ok_or_else(|| SignatureError::Algorithm(format!("the digest {:?}", short(uri))))?,
            digest: base64(value).ok_or_else(|| profile("DigestValue is not base64"))?,
        })
    }
}

/// The last part of an identifier, to show. It came from outside, so not all of it.
fn short(uri: &str) -> String {
    uri.rsplit(['#', '/']).next().unwrap_or_default().chars().take(40).collect()
}

/// The value of an element in base64, in which white space does not count.
fn base64(element: &Element) -> Option<Vec<u8>> {
    let text: String = element.word()?.split_ascii_whitespace().collect();
    if text.len() > VALUE_CHARACTERS_MAX {
        return None;
    }
    BASE64_STANDARD.decode(text).ok()
}
