//! A request to end sessions (SAML core §3.7.1).

use std::time::Duration;

use jiff::Timestamp;

use super::message::{LOGOUT_LIFETIME, LogoutExpected, LogoutMessage, id, issued};
use super::write::{Head, message};
use crate::response::{Check, Clock, NameId, Refusal, read_time};
use crate::signature::SigningKey;
use crate::xml::{Element, Namespace, escape};

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
            "<saml:NameID{}{}{}>{}</saml:NameID>{indexes}",
            attribute("Format", &name_id.format),
            attribute("NameQualifier", &name_id.name_qualifier),
            attribute("SPNameQualifier", &name_id.sp_name_qualifier),
            escape(&name_id.value),
        );
        let head = Head {
            name: "LogoutRequest",
            id: &self.id,
            issue_instant: self.issue_instant,
            destination: &self.destination,
            issuer: &self.issuer,
            in_response_to: None,
        };
        message(&head, &tail, key)
    }

    /// Reads a request of the other side.
    ///
    /// # Errors
    ///
    /// [`Refusal`]; nobody is logged out.
    pub fn read(message: &LogoutMessage, expected: &LogoutExpected<'_>) -> Result<Self, Refusal> {
        let root = message.root("LogoutRequest", expected)?;
        let clock = Clock { now: expected.now, skew: expected.skew };
        let until = root.attribute("NotOnOrAfter").map(|text| read_time(text).unwrap_or(Timestamp::MIN));
        if until.is_some_and(|until| clock.is_at_or_after(until)) {
            return Err(Refusal::new(Check::Conditions, "the request is not valid any more"));
        }
        let name = root.only(Namespace::Assertion, "NameID").filter(|name| name.elements().next().is_none());
        let name = name.filter(|name| !name.text().trim().is_empty());
        let name =
            name.ok_or_else(|| Refusal::new(Check::NameId, "the request does not say who is to be logged out"))?;
        let text = |attribute: &str| name.attribute(attribute).map(str::to_owned);
        Ok(Self {
            id: id(root)?,
            issue_instant: issued(root)?,
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

    /// Until when it would be taken, and so must be remembered.
    pub fn until(&self, skew: Duration) -> Timestamp {
        self.issue_instant.saturating_add(LOGOUT_LIFETIME + skew).unwrap_or(Timestamp::MAX)
    }
}
