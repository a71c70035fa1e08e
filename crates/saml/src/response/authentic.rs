//! From the text to what a trusted key has signed.

use jiff::Timestamp;

use super::{Check, Checks, Expected, Refusal, Trust, status};
use crate::encryption::{Covered, decrypt};
use crate::signature::{Source, TrustedKeys, Verified, signatures, verify};
use crate::xml::{Element, Namespace, parse};

/// What was signed.
pub(super) struct Authentic {
    /// The response. Its attributes are signed if `response_signed`; otherwise they can only refuse.
    pub(super) response: Element,
    pub(super) response_signed: bool,
    pub(super) assertion: Element,
}

/// Reads a response down to its one authentic assertion.
pub(super) fn authentic(
    text: &str,
    expected: &Expected<'_>,
    now: Timestamp,
    checks: &mut Checks,
) -> Result<Authentic, Refusal> {
    let xml = |error| Refusal::new(Check::Xml, format!("the response is refused as XML: {error}"));
    let source = Source::read(text).map_err(xml)?;
    checks.passed(Check::Xml, format!("{} bytes of XML without anything odd", text.len()));
    if !source.root.is(Namespace::Protocol, "Response") {
        return Err(Refusal::new(Check::Structure, "the document is not a samlp:Response"));
    }
    // Who failed has seldom signed. Nothing is believed here, only refused.
    status(&source.root)?;
    let place = structure(&source.root, checks)?;
    match &expected.trust {
        Trust::Keys(keys) => signed(&source, place, keys, (expected, now), checks),
        Trust::Anybody => {
            checks.passed(Check::Signature, "NOT CHECKED: insecureSkipSignatureValidation believes anybody");
            let response = source.root.clone();
            let found = response.elements().nth(place).expect("the structure was checked");
            let assertion = match encrypted(found) {
                true => parse(&opened(found, expected, Covered::Yes, checks)?).map_err(xml)?,
                false => found.clone(),
            };
            Ok(Authentic { response, response_signed: true, assertion })
        }
    }
}

fn encrypted(element: &Element) -> bool {
    element.is(Namespace::Assertion, "EncryptedAssertion")
}

fn assertions(element: &Element) -> usize {
    element.count(Namespace::Assertion, "Assertion") + element.count(Namespace::Assertion, "EncryptedAssertion")
}

/// Where among the children of the response its one assertion is. Nothing may be where a wrapped copy could hide.
fn structure(response: &Element, checks: &mut Checks) -> Result<usize, Refusal> {
    let refusal = |reason: &str| Err(Refusal::new(Check::Structure, reason));
    match assertions(response) {
        0 => return refusal("response did not contain an assertion"),
        1 => {}
        _ => return refusal("response contains more than one assertion"),
    }
    if response.count(Namespace::Protocol, "Response") != 1 {
        return refusal("there is a response within the response");
    }
    let Some(place) = response.elements().position(|child| assertions(child) == 1) else {
        return refusal("the assertion is not in the response");
    };
    let assertion = response.elements().nth(place).expect("it was just found");
    if assertion.namespace != Namespace::Assertion || !matches!(&*assertion.name, "Assertion" | "EncryptedAssertion") {
        return refusal("the assertion is not a child of the response");
    }
    let (outer, inner) = (signatures(response), signatures(assertion));
    if outer > 1 || inner > 1 {
        return refusal("an element has more than one signature");
    }
    if response.count(Namespace::Signature, "Signature") != outer + inner {
        return refusal("there is a signature where none belongs");
    }
    checks.passed(Check::Structure, "one assertion, a child of the response, and no signature elsewhere");
    Ok(place)
}

/// Verifies every signature that is there; one at least must be.
fn signed(
    source: &Source<'_>,
    place: usize,
    keys: &TrustedKeys,
    (expected, now): (&Expected<'_>, Timestamp),
    checks: &mut Checks,
) -> Result<Authentic, Refusal> {
    let found = source.at(&[place]).expect("the structure was checked");
    let response = match signatures(&source.root) {
        0 => None,
        _ => Some(verified(source, &[], keys, now, ("response", checks))?),
    };
    let assertion = match signatures(found) {
        0 => None,
        _ => Some(verified(source, &[place], keys, now, ("assertion", checks))?),
    };
    match (response, assertion) {
        (Some(response), _) => under_signed_response(&response, keys, (expected, now), checks),
        (None, Some(assertion)) => Ok(Authentic {
            response: source.root.clone(),
            response_signed: false,
            assertion: assertion.element().clone(),
        }),
        (None, None) if encrypted(found) => {
            let text = opened(found, expected, Covered::No, checks)?;
            let assertion = inner(&text, keys, now, checks)?;
            let assertion = assertion.verified.ok_or_else(|| {
                Refusal::new(Check::Signature, "neither the response nor the encrypted assertion is signed")
            })?;
            let assertion = assertion.element().clone();
            Ok(Authentic { response: source.root.clone(), response_signed: false, assertion })
        }
        (None, None) => Err(Refusal::new(Check::Signature, "neither the response nor the assertion is signed")),
    }
}

/// Takes the assertion out of what the signature of the response covers.
fn under_signed_response(
    response: &Verified,
    keys: &TrustedKeys,
    (expected, now): (&Expected<'_>, Timestamp),
    checks: &mut Checks,
) -> Result<Authentic, Refusal> {
    let element = response.element();
    let one = |name| element.only(Namespace::Assertion, name);
    let assertion = match (one("Assertion"), one("EncryptedAssertion")) {
        (Some(assertion), None) => assertion.clone(),
        (None, Some(found)) => {
            let text = opened(found, expected, Covered::Yes, checks)?;
            inner(&text, keys, now, checks)?.element
        }
        _ => return Err(Refusal::new(Check::Structure, "what is signed does not hold one assertion")),
    };
    Ok(Authentic { response: element.clone(), response_signed: true, assertion })
}

fn opened(found: &Element, expected: &Expected<'_>, covered: Covered, checks: &mut Checks) -> Result<String, Refusal> {
    let text = decrypt(found, expected.decryption, covered);
    let text = text.map_err(|error| Refusal::new(Check::Decryption, error.to_string()))?;
    checks.passed(Check::Decryption, "the assertion was encrypted for us");
    Ok(text)
}

/// An assertion that was encrypted.
struct Inner {
    element: Element,
    /// The same, if it has a signature of its own.
    verified: Option<Verified>,
}

/// Reads the text of an encrypted assertion. A fault in it is told like one of decryption, so that nobody learns by
/// asking what a changed ciphertext opens to.
fn inner(text: &str, keys: &TrustedKeys, now: Timestamp, checks: &mut Checks) -> Result<Inner, Refusal> {
    let closed = || Refusal::new(Check::Decryption, crate::encryption::DecryptionError::Closed.to_string());
    let source = Source::read(text).map_err(|_| closed())?;
    let own = signatures(&source.root);
    let odd = !source.root.is(Namespace::Assertion, "Assertion")
        || assertions(&source.root) != 1
        || own > 1
        || source.root.count(Namespace::Signature, "Signature") != own;
    if odd {
        return Err(closed());
    }
    if own == 0 {
        return Ok(Inner { element: source.root, verified: None });
    }
    let verified = verified(&source, &[], keys, now, ("encrypted assertion", checks))?;
    Ok(Inner { element: verified.element().clone(), verified: Some(verified) })
}

fn verified(
    source: &Source<'_>,
    path: &[usize],
    keys: &TrustedKeys,
    now: Timestamp,
    (what, checks): (&str, &mut Checks),
) -> Result<Verified, Refusal> {
    let refusal = |error| Refusal::new(Check::Signature, format!("the signature of the {what} is refused: {error}"));
    let verified = verify(source, path, keys, now).map_err(refusal)?;
    checks.passed(Check::Signature, format!("the {what} is signed with the {}", verified.by));
    Ok(verified)
}
