//! Logging out on both sides (SAML core §3.7).

use jiff::Timestamp;

use crate::request::instant;
use crate::response::{Check, Clock, NameId, Refusal, read_time, status, version};
use crate::signature::{SigningKey, Source, TrustedKeys, sign_enveloped, verify};
use crate::xml::{Element, Namespace, escape, parse};

/// A request to end a session, ours or theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutRequest {
    /// Its id, which the response must name.
    pub id: String,
    /// When it was made.
    pub issue_instant: Timestamp,
    /// Where it is sent.
    pub destination: String,
    /// Who asks.
    pub issuer: String,
    /// Whose sessions are to end.
    pub name_id: NameId,
    /// Which of them; none means all.
    pub session_indexes: Vec<String>,
}

/// The answer to a request to end a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutResponse {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub issue_instant: Timestamp,
    /// Where it is sent.
    pub destination: String,
    /// Who answers.
    pub issuer: String,
    /// The request.
    pub in_response_to: String,
}

/// How a message of the other side is known to be theirs.
#[derive(Debug, Clone, Copy)]
pub enum Signed<'a> {
    /// By a signature within, by one of these keys (HTTP-POST).
    Within(&'a TrustedKeys),
    /// By the query, which [`decode_redirect`](crate::decode_redirect) has verified (HTTP-Redirect).
    ByTheQuery,
}

/// What a message of the other side must fit.
#[derive(Debug, Clone, Copy)]
pub struct LogoutExpected<'a> {
    /// How it is signed.
    pub signed: Signed<'a>,
    /// Where it arrived.
    pub destination: &'a str,
    /// Whose it must be.
    pub issuer: &'a str,
    /// The time.
    pub now: Timestamp,
    /// How far the clocks may be apart.
    pub skew: std::time::Duration,
}

impl LogoutRequest {
    /// The request as XML, signed if there is a key: the HTTP-Redirect binding signs the query instead.
    pub fn to_xml(&self, key: Option<&SigningKey>) -> String {
        let attribute = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!(" {name}=\"{}\"", escape(value))).unwrap_or_default()
        };
        let name_id = &self.name_id;
        let indexes = self.session_indexes.iter();
        let indexes: String =
            indexes.map(|index| format!("<samlp:SessionIndex>{}</samlp:SessionIndex>", escape(index))).collect();
        let tail = format!(
            "<saml:NameID{}{}{}>{}</saml:NameID>{indexes}</samlp:LogoutRequest>",
            attribute("Format", &name_id.format),
            attribute("NameQualifier", &name_id.name_qualifier),
            attribute("SPNameQualifier", &name_id.sp_name_qualifier),
            escape(&name_id.value),
        );
        let head = head("LogoutRequest", (&self.id, self.issue_instant), &self.destination, "", &self.issuer);
        sealed(head, tail, &self.id, key)
    }

    /// Reads a request of the other side.
    ///
    /// # Errors
    ///
    /// [`Refusal`], by the same names as for a login.
    pub fn read(text: &str, expected: &LogoutExpected<'_>) -> Result<Self, Refusal> {
        let root = authentic(text, "LogoutRequest", expected)?;
        let clock = Clock { now: expected.now, skew: expected.skew };
        let until = root.attribute("NotOnOrAfter").map(|text| read_time(text).unwrap_or(Timestamp::MIN));
        if until.is_some_and(|until| clock.is_at_or_after(until)) {
            return Err(Refusal::new(Check::Conditions, "the request is not valid any more"));
        }
        let name = root.only(Namespace::Assertion, "NameID").filter(|name| name.elements().next().is_none());
        let name =
            name.ok_or_else(|| Refusal::new(Check::NameId, "the request does not say who is to be logged out"))?;
        let text = |attribute: &str| name.attribute(attribute).map(str::to_owned);
        Ok(Self {
            id: id(&root)?,
            issue_instant: issued(&root)?,
            destination: expected.destination.to_owned(),
            issuer: expected.issuer.to_owned(),
            name_id: NameId {
                value: name.text(),
                format: text("Format"),
                name_qualifier: text("NameQualifier"),
                sp_name_qualifier: text("SPNameQualifier"),
            },
            session_indexes: root.all(Namespace::Protocol, "SessionIndex").filter_map(Element::word).collect(),
        })
    }
}

impl LogoutResponse {
    /// The answer as XML, always that it succeeded; signed if there is a key.
    pub fn to_xml(&self, key: Option<&SigningKey>) -> String {
        let answers = format!(" InResponseTo=\"{}\"", escape(&self.in_response_to));
        let head = head("LogoutResponse", (&self.id, self.issue_instant), &self.destination, &answers, &self.issuer);
        let tail = "<samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\">\
                    </samlp:StatusCode></samlp:Status></samlp:LogoutResponse>";
        sealed(head, tail.to_owned(), &self.id, key)
    }

    /// Reads an answer of the other side, which must say that it succeeded.
    ///
    /// # Errors
    ///
    /// [`Refusal`], by the same names as for a login.
    pub fn read(text: &str, in_response_to: &str, expected: &LogoutExpected<'_>) -> Result<Self, Refusal> {
        let root = authentic(text, "LogoutResponse", expected)?;
        status(&root)?;
        if root.attribute("InResponseTo") != Some(in_response_to) {
            return Err(Refusal::new(Check::InResponseTo, "the answer is to another request"));
        }
        Ok(Self {
            id: id(&root)?,
            issue_instant: issued(&root)?,
            destination: expected.destination.to_owned(),
            issuer: expected.issuer.to_owned(),
            in_response_to: in_response_to.to_owned(),
        })
    }
}

fn head(name: &str, (id, at): (&str, Timestamp), destination: &str, more: &str, issuer: &str) -> String {
    format!(
        "<samlp:{name} xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
         xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{}\" Version=\"2.0\" IssueInstant=\"{}\" \
         Destination=\"{}\"{more}><saml:Issuer>{}</saml:Issuer>",
        escape(id),
        instant(at),
        escape(destination),
        escape(issuer),
    )
}

fn sealed(head: String, tail: String, id: &str, key: Option<&SigningKey>) -> String {
    match key {
        Some(key) => sign_enveloped((&head, &tail), id, key),
        None => head + &tail,
    }
}

/// The root of a message, as it was signed, and from whom and to whom it must be.
fn authentic(text: &str, name: &str, expected: &LogoutExpected<'_>) -> Result<Element, Refusal> {
    let xml = |error| Refusal::new(Check::Xml, format!("the message is refused as XML: {error}"));
    let root = match expected.signed {
        Signed::Within(keys) => {
            let source = Source::read(text).map_err(xml)?;
            let signed = verify(&source, &[], keys, expected.now);
            signed.map_err(|error| Refusal::new(Check::Signature, error.to_string()))?.element().clone()
        }
        Signed::ByTheQuery => parse(text).map_err(xml)?,
    };
    if !root.is(Namespace::Protocol, name) {
        return Err(Refusal::new(Check::Structure, format!("the message is not a samlp:{name}")));
    }
    version(&root)?;
    let issuer = root.only(Namespace::Assertion, "Issuer").and_then(Element::word);
    if issuer.as_deref() != Some(expected.issuer) {
        return Err(Refusal::new(Check::Issuer, "the message is from somebody else"));
    }
    if root.attribute("Destination").is_some_and(|destination| destination != expected.destination) {
        return Err(Refusal::new(Check::Destination, "the message is for somewhere else"));
    }
    Ok(root)
}

fn id(root: &Element) -> Result<String, Refusal> {
    let id = root.attribute("ID").filter(|id| !id.is_empty()).map(str::to_owned);
    id.ok_or_else(|| Refusal::new(Check::Structure, "the message has no ID"))
}

fn issued(root: &Element) -> Result<Timestamp, Refusal> {
    let at = root.attribute("IssueInstant").and_then(read_time);
    at.ok_or_else(|| Refusal::new(Check::Structure, "the message does not say when it was issued"))
}
