//! What every message about a logout must be before it is looked at.

use std::time::Duration;

use jiff::Timestamp;

use crate::binding::{DecodeError, decode_post, decode_redirect, parameter_of};
use crate::response::{Check, Clock, Refusal, read_time, version};
use crate::signature::{Source, TrustedKeys, signatures, verify};
use crate::xml::{Element, Namespace, parse};

/// How old a message about a logout may be: it is sent on as soon as it is made.
pub const LOGOUT_LIFETIME: Duration = Duration::from_secs(5 * 60);

/// A message about a logout, every byte of which one of the given keys has signed.
#[derive(Debug, Clone)]
pub struct LogoutMessage {
    root: Element,
    relay_state: Option<String>,
}

/// What a message of the other side must fit.
#[derive(Debug, Clone, Copy)]
pub struct LogoutExpected<'a> {
    /// Where it arrived.
    pub destination: &'a str,
    /// Whose it must be.
    pub issuer: &'a str,
    /// The time.
    pub now: Timestamp,
    /// How far the clocks may be apart.
    pub skew: Duration,
}

impl LogoutMessage {
    /// A message in a form field (HTTP-POST), by the signature in it (SAML bindings §3.5.5.2).
    ///
    /// # Errors
    ///
    /// [`Refusal`] if it cannot be read, or unless one of the keys has signed it as a whole.
    pub fn posted(field: &str, keys: &TrustedKeys, now: Timestamp) -> Result<Self, Refusal> {
        let text = decode_post(field).map_err(|error| undecoded(&error))?;
        let source = Source::read(&text).map_err(unread)?;
        if source.root.count(Namespace::Signature, "Signature") != signatures(&source.root) {
            return Err(Refusal::new(Check::Structure, "there is a signature where none belongs"));
        }
        let verified = verify(&source, &[], keys, now);
        let verified = verified.map_err(|error| Refusal::new(Check::Signature, error.to_string()))?;
        Ok(Self { root: verified.element().clone(), relay_state: None })
    }

    /// The message in a parameter, `SAMLRequest` or `SAMLResponse`, of a query (HTTP-Redirect), by the signature over the query
    /// as it came (SAML bindings §3.4.4.1).
    ///
    /// # Errors
    ///
    /// [`Refusal`] if it cannot be read, or unless one of the keys has signed the query.
    pub fn in_query(query: &str, parameter: &'static str, keys: &TrustedKeys, now: Timestamp) -> Result<Self, Refusal> {
        let text = decode_redirect(query, parameter, Some(keys), now).map_err(|error| undecoded(&error))?;
        let root = parse(&text).map_err(unread)?;
        // It was to be taken off, and would be one that nobody verifies.
        if root.count(Namespace::Signature, "Signature") != 0 {
            return Err(Refusal::new(Check::Structure, "a message in a query has no signature within"));
        }
        Ok(Self { root, relay_state: parameter_of(query, "RelayState") })
    }

    /// `RelayState`, if it was signed with the message: a query's is.
    pub fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }

    /// The root, if it is of this name, and for us, from whom it should be, and fresh.
    pub(super) fn root(&self, name: &str, expected: &LogoutExpected<'_>) -> Result<&Element, Refusal> {
        let root = &self.root;
        if !root.is(Namespace::Protocol, name) {
            return Err(Refusal::new(Check::Structure, format!("the message is not a samlp:{name}")));
        }
        version(root)?;
        let issuer = root.only(Namespace::Assertion, "Issuer").and_then(Element::word);
        if issuer.as_deref() != Some(expected.issuer) {
            return Err(Refusal::new(Check::Issuer, "the message is from somebody else"));
        }
        // What is signed must say where it goes (SAML bindings §3.4.5.2 and §3.5.5.2).
        if root.attribute("Destination") != Some(expected.destination) {
            return Err(Refusal::new(Check::Destination, "the message is for somewhere else"));
        }
        let clock = Clock { now: expected.now, skew: expected.skew };
        let issued = issued(root)?;
        let until = issued.saturating_add(LOGOUT_LIFETIME).unwrap_or(Timestamp::MAX);
        if clock.is_before(issued) || clock.is_at_or_after(until) {
            let reason = format!("the message was issued at {issued}, and it is {}", expected.now);
            return Err(Refusal::new(Check::Conditions, reason));
        }
        Ok(root)
    }
}

fn undecoded(error: &DecodeError) -> Refusal {
    let check = if matches!(error, DecodeError::Signature(_)) { Check::Signature } else { Check::Xml };
    Refusal::new(check, format!("decode message: {error}"))
}

fn unread(error: crate::XmlError) -> Refusal {
    Refusal::new(Check::Xml, format!("the message is refused as XML: {error}"))
}

pub(super) fn id(root: &Element) -> Result<String, Refusal> {
    let id = root.attribute("ID").filter(|id| !id.is_empty()).map(str::to_owned);
    id.ok_or_else(|| Refusal::new(Check::Structure, "the message has no ID"))
}

pub(super) fn issued(root: &Element) -> Result<Timestamp, Refusal> {
    let at = root.attribute("IssueInstant").and_then(read_time);
    at.ok_or_else(|| Refusal::new(Check::Structure, "the message does not say when it was issued"))
}
